import Datasets
import Figures

/// How the images of a data set are drawn: as they are, or folded into a block where each is one line of pixels (a row of an array that has no
/// height, a single row or column) and would be drawn as a long line.
///
/// The block is as square as the line's length allows, and is read row by row from the top left; the rest of its last row is blank.
public struct PictureShape: Sendable, Equatable {
    public let height: Int
    public let width: Int
    public let channels: Int
    /// Of one image as the data set has it.
    private let values: Int

    /// Most pixels of one picture's images.
    private static let budget = 1 << 26

    public init(height: Int, width: Int, channels: Int) {
        precondition(height > 0 && width > 0 && (channels == 1 || channels == 3), "images of \(height) x \(width) x \(channels)")
        values = height * width * channels
        self.channels = channels
        guard height == 1 || width == 1 else {
            (self.height, self.width) = (height, width)
            return
        }
        let pixels = height * width
        let side = Int(Double(pixels).squareRoot().rounded(.up))
        (self.height, self.width) = ((pixels + side - 1) / side, side)
    }

    public init(of images: ImageSubset) {
        self.init(height: images.height, width: images.width, channels: images.channels)
    }

    /// As many images as a picture has room for, at least one and at most `count`.
    public func most(_ count: Int) -> Int { max(1, min(count, Self.budget / (height * width))) }

    /// Bytes of a data set as images to draw.
    public func batch(count: Int, pixels: [UInt8]) -> ImageBatch {
        ImageBatch(count: count, height: height, width: width, channels: channels, pixels: folded(pixels, count))
    }

    /// A decoder's output as images to draw.
    public func batch(count: Int, units: [Float]) throws -> ImageBatch {
        try ImageBatch(count: count, height: height, width: width, channels: channels, units: folded(units, count))
    }

    private func folded<Value: ExpressibleByIntegerLiteral>(_ images: [Value], _ count: Int) -> [Value] {
        precondition(images.count == count * values, "\(images.count) values for \(count) images of \(values)")
        let rest = [Value](repeating: 0, count: height * width * channels - values)
        guard !rest.isEmpty else { return images }
        return (0..<count).flatMap { images[$0 * values..<($0 + 1) * values] + rest }
    }
}
