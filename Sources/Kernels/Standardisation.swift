import CKernels

/// Mean and standard deviation of each value of an image over the training images, to standardise images and to undo that in decoded ones.
///
/// Shapes of this file: B images of P values.
public struct Standardisation: Sendable, Hashable {
    /// (P), of values 0 to 1.
    public let mean: [Float]
    /// (P); 1 where all training images have the same value.
    public let std: [Float]
    /// (P): 1 / std.
    private let scale: [Float]

    /// Nil where the two differ in length, or hold what no images can have: a mean outside 0 to 1, a deviation that is not above 0 and at most 1.
    public init?(mean: [Float], std: [Float]) {
        guard mean.count == std.count, mean.allSatisfy({ (0...1).contains($0) }),
            std.allSatisfy({ $0 >= .leastNormalMagnitude && $0 <= 1 })
        else { return nil }
        self.mean = mean
        self.std = std
        scale = std.map { 1 / $0 }
    }

    /// From `count` images of as many bytes as `sums` has entries: Σ byte and Σ byte², which are whole numbers, so that nothing is rounded before the
    /// last step.
    public init(count: Int, sums: [UInt64], squares: [UInt64]) {
        precondition(count > 0 && sums.count == squares.count, "sums of no images")
        let images = Double(count)
        mean = sums.map { Float(Double($0) / images / 255) }
        std = zip(sums, squares).map { sum, square in
            // The variance times the square of the count.
            let spread = UInt128(count) * UInt128(square) - UInt128(sum) * UInt128(sum)
            return spread == 0 ? 1 : Float(Double(spread).squareRoot() / images / 255)
        }
        scale = std.map { 1 / $0 }
    }

    /// Values of one image.
    public var pixels: Int { mean.count }

    /// (value - mean) / std of images of values 0 to 1, in place; `images` (B, P) one after the other.
    public func apply(to images: Slice<Float>) {
        eachImage(images) { image in
            mean.withUnsafeBufferPointer { mean in
                scale.withUnsafeBufferPointer { ck_standardise(image.base, mean.baseAddress!, $0.baseAddress!, pixels) }
            }
        }
    }

    /// mean + std · value, in place: the inverse.
    public func undo(in images: Slice<Float>) {
        eachImage(images) { image in
            mean.withUnsafeBufferPointer { mean in
                std.withUnsafeBufferPointer { ck_unstandardise(image.base, mean.baseAddress!, $0.baseAddress!, pixels) }
            }
        }
    }

    private func eachImage(_ images: Slice<Float>, _ body: (Slice<Float>) -> Void) {
        precondition(pixels > 0 && images.count % pixels == 0, "\(images.count) values are not whole images of \(pixels)")
        for start in stride(from: 0, to: images.count, by: pixels) { body(images[start..<start + pixels]) }
    }
}
