import Kernels

/// A contiguous part of a source, indexed from 0: the training, validation or test images. A value that is cheap to copy.
public struct ImageSubset: Sendable {
    public let source: any ImageSource
    /// Where the subset lies in its source.
    public let range: Range<Int>

    public init(_ source: any ImageSource, _ range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= source.count, "\(range) of \(source.count) images")
        self.source = source
        self.range = range
    }

    public var count: Int { range.count }
    public var height: Int { source.height }
    public var width: Int { source.width }
    public var channels: Int { source.channels }
    /// Bytes of one image.
    public var pixels: Int { source.pixels }

    /// Whether each image has a label; otherwise no label must be asked for.
    public var hasLabels: Bool { source.hasLabels }

    public func label(_ index: Int) -> UInt8 {
        precondition(index >= 0 && index < count, "image \(index) of \(count)")
        return source.label(range.lowerBound + index)
    }

    /// Writes the images one after the other from `offset` on.
    public func copyImages(_ indices: some Sequence<Int>, into bytes: inout [UInt8], at offset: Int = 0) {
        var next = offset
        for index in indices {
            precondition(index >= 0 && index < count, "image \(index) of \(count)")
            source.copyImage(range.lowerBound + index, into: &bytes, at: next)
            next += pixels
        }
    }

    /// The images one after the other, (indices.count, pixels).
    public func images(_ indices: some Collection<Int>) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: indices.count * pixels)
        copyImages(indices, into: &bytes)
        return bytes
    }

    /// Mean and deviation of each value over all images.
    func standardisation() -> Standardisation {
        var (sums, squares) = ([UInt64](repeating: 0, count: pixels), [UInt64](repeating: 0, count: pixels))
        let block = max(1, Self.blockBytes / max(1, pixels))
        for first in stride(from: 0, to: count, by: block) {
            images(first..<min(first + block, count)).withUnsafeBufferPointer { bytes in
                for start in stride(from: 0, to: bytes.count, by: pixels) {
                    for pixel in 0..<pixels {
                        let value = UInt64(bytes[start + pixel])
                        sums[pixel] &+= value
                        squares[pixel] &+= value &* value
                    }
                }
            }
        }
        return Standardisation(count: count, sums: sums, squares: squares)
    }

    /// Bytes of the images that are in memory at once.
    private static let blockBytes = 1 << 20

    public func labels(_ indices: some Sequence<Int>) -> [UInt8] { indices.map(label) }
}
