import Kernels

/// The error of reconstructions against their originals, gathered block by block.
public struct ReconstructionError: Sendable, Equatable {
    public private(set) var images = 0
    private var squares = 0.0
    /// Sum of each pixel over the images, from which the mean image follows.
    private var sums: [Double] = []
    private var energy = 0.0

    public init() {}

    /// Adds one block: `originals` as bytes, which stand for 0…1, and `reconstructions` with one image a row.
    public mutating func add(originals: [UInt8], reconstructions: Matrix) {
        precondition(
            originals.count == reconstructions.rows * reconstructions.columns,
            "\(originals.count) bytes for \(reconstructions.rows) images of \(reconstructions.columns) pixels")
        let values = reconstructions.values
        if sums.isEmpty { sums = [Double](repeating: 0, count: reconstructions.columns) }
        for row in 0..<reconstructions.rows {
            var sum = 0.0
            let start = row * reconstructions.columns
            for column in 0..<reconstructions.columns {
                let original = Double(originals[start + column]) / 255
                let difference = Double(values[start + column]) - original
                sum += difference * difference
                sums[column] += original
                energy += original * original
            }
            squares += sum
        }
        images += reconstructions.rows
    }

    /// Half the squared error summed over the pixels, mean over the images: the paper's cost. NaN without images.
    public var halfSquared: Double { squares / 2 / Double(images) }
    /// The same error where the mean image stands for all: what a decoder without any information reaches. NaN without images.
    public var halfSquaredOfMean: Double {
        let count = Double(images)
        return (energy - sums.reduce(0) { $0 + $1 * $1 } / count) / 2 / count
    }
    /// The squared error summed over the pixels, mean over the images: the `pixel_error` of a step.
    public var squared: Double { squares / Double(images) }
}
