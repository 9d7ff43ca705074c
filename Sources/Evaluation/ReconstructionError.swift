import Kernels

/// The error of reconstructions against their originals, gathered block by block.
public struct ReconstructionError: Sendable, Equatable {
    public private(set) var images = 0
    private var pixels = 0
    private var squares = 0.0

    public init() {}

    /// Adds one block: `originals` as bytes, which stand for 0…1, and `reconstructions` with one image a row.
    public mutating func add(originals: [UInt8], reconstructions: Matrix) {
        precondition(
            originals.count == reconstructions.rows * reconstructions.columns,
            "\(originals.count) bytes for \(reconstructions.rows) images of \(reconstructions.columns) pixels")
        let values = reconstructions.values
        for row in 0..<reconstructions.rows {
            var sum = 0.0
            for at in row * reconstructions.columns..<(row + 1) * reconstructions.columns {
                let difference = Double(values[at]) - Double(originals[at]) / 255
                sum += difference * difference
            }
            squares += sum
        }
        images += reconstructions.rows
        pixels += originals.count
    }

    /// Half the squared error summed over the pixels, mean over the images: the paper's cost. Not a number without images.
    public var halfSquared: Double { squares / 2 / Double(images) }
    /// The squared error summed over the pixels, mean over the images: the `pixel_error` of a step.
    public var squared: Double { squares / Double(images) }
    /// The squared error of a pixel, mean over pixels and images.
    public var squaredPerPixel: Double { squares / Double(pixels) }
}
