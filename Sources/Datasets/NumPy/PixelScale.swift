import Kernels

/// What the floats of an array of images mean: 0 is paper, the greatest is ink.
enum PixelScale: Equatable {
    /// 0 to 1.
    case units
    /// 0 to 255.
    case bytes

    private var greatest: Float { self == .units ? 1 : 255 }

    /// The scale of floats, by their greatest.
    init(of values: Slice<Float>) {
        let greatest = values.indices.lazy.map { values[$0] }.max() ?? 0
        self = greatest <= 1 ? .units : .bytes
    }

    /// Each value rounded to a byte; nil where one lies outside the scale or is no number.
    func bytes(_ values: Slice<Float>) -> [UInt8]? {
        let factor = 255 / greatest
        var bytes = [UInt8](repeating: 0, count: values.count)
        for index in values.indices {
            let value = values[index]
            guard value >= 0, value <= greatest else { return nil }
            bytes[index] = UInt8((value * factor).rounded())
        }
        return bytes
    }
}
