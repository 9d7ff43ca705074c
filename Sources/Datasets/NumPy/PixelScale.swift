import Kernels

/// What the floats of an array of images mean: 0 is paper, the top of the scale is ink.
enum PixelScale: Equatable {
    /// 0 to 1.
    case units
    /// 0 to 255.
    case bytes

    private var greatest: Float { self == .units ? 1 : 255 }

    /// Values whose maximum lies between 1 and this belong to neither scale: as bytes they would be a few levels, nearly black.
    private static let leastOfBytes: Float = 32

    /// The scale of floats, by their maximum.
    ///
    /// - Parameter file: names the array. Throws `DataError` where the values are of neither scale.
    init(of values: Slice<Float>, file: String) throws {
        var (greatest, areWhole, areNegative): (Float, Bool, Bool) = (0, true, false)
        for index in values.indices {
            let value = values[index]
            greatest = max(greatest, value)
            areNegative = areNegative || value < 0
            areWhole = areWhole && value == value.rounded()
        }
        // Negative values and non-numbers are refused as such, whatever the scale.
        let areNumbers = values.indices.allSatisfy { values[$0].isFinite }
        if greatest > 1, greatest < Self.leastOfBytes, !areWhole, !areNegative, areNumbers {
            throw DataError.unfit(
                file: file, found: "values from 0 up to \(greatest) that are not whole numbers",
                expected:
                    "floats of 0 to 1, or of 0 to 255: divide all arrays by their largest value (here \(greatest)), or multiply them to reach 255"
            )
        }
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
