/// What the floats of an array of images mean: 0 is paper, the greatest is ink.
enum PixelScale: Equatable {
    /// 0 to 1.
    case units
    /// 0 to 255.
    case bytes

    private var greatest: Float { self == .units ? 1 : 255 }

    /// The scale of floats, by their greatest.
    init(of values: [Float]) { self = (values.max() ?? 0) <= 1 ? .units : .bytes }

    /// Each value rounded to a byte; nil where one lies outside the scale or is no number.
    func bytes(_ values: [Float]) -> [UInt8]? {
        let factor = 255 / greatest
        var bytes = [UInt8](repeating: 0, count: values.count)
        for (index, value) in values.enumerated() {
            guard value >= 0, value <= greatest else { return nil }
            bytes[index] = UInt8((value * factor).rounded())
        }
        return bytes
    }
}
