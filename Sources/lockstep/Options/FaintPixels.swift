import Datasets
import Kernels

/// Pixels that hardly ever change do no harm as they are. Standardised, a stray bright one becomes a number that training does not survive.
struct FaintPixels {
    let data: DataSet

    /// One line; nil where nothing is standardised, or every value changes as others do.
    var sentence: String? {
        guard let standardisation = data.standardisation, let faint = standardisation.faint else { return nil }
        let part = Int(Standardisation.faintPart)
        return
            "\(faint.count) of the \(standardisation.pixels) values of an image hardly change over the training images: their deviations begin at \(faint.least), the usual one is \(faint.usual), and what lies below its \(part)th part makes numbers of up to \(Int(1 / faint.least)) by data.standardise, of which training may diverge; leave data.standardise=false for such images, or crop them"
    }
}
