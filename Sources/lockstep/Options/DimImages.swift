import Datasets

/// Images without any bright value are nearly always bytes that were made on another scale. They would silently train as black images.
struct DimImages {
    /// How many images are read; the first are like the rest.
    private static let looked = 1_000
    /// A quarter of a byte's range.
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
