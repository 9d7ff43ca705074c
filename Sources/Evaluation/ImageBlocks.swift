import Kernels

/// Images that are read on demand, by several threads at once.
public struct ImageBlocks: Sendable {
    public let count: Int
    /// The bytes of a range of them, one image after the other.
    public let images: @Sendable (Range<Int>) throws -> [UInt8]
    /// Their classes; nil where they have none.
    public let labels: (@Sendable (Range<Int>) -> [UInt8])?

    public init(
        count: Int, labels: (@Sendable (Range<Int>) -> [UInt8])? = nil,
        images: @escaping @Sendable (Range<Int>) throws -> [UInt8]
    ) {
        precondition(count >= 0, "\(count) images")
        self.count = count
        self.images = images
        self.labels = labels
    }

    /// Only the first `most` of these images.
    public func first(_ most: Int) -> ImageBlocks { ImageBlocks(count: min(count, most), labels: labels, images: images) }

    /// One image a row, values 0 to 1.
    public func matrix(_ range: Range<Int>, pixels: Int) throws -> Matrix {
        let bytes = try images(range)
        let matrix = Matrix(rows: range.count, columns: pixels)
        Elementwise.bytesToUnit(bytes[...], into: matrix.values)
        return matrix
    }
}
