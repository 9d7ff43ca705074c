import Datasets

/// Images without any bright value are nearly always bytes that were made of another scale, and train as black ones without a word.
struct DimImages {
    /// Looked at; the first ones are like the others.
    private static let looked = 1_000
    /// A quarter of what a byte can be.
    private static let bright: UInt8 = 64

    let data: DataSet

    /// One line; nil where a value is bright, or none is more than 0.
    var sentence: String? {
        let brightest = data.train.images(0..<min(Self.looked, data.train.count)).max() ?? 0
        guard brightest > 0, brightest < Self.bright else { return nil }
        return
            "the brightest value of the training images is \(brightest) of 255, nearly black: if that was not meant, scale the arrays to 0 to 1 as floats, or to 0 to 255"
    }
}
