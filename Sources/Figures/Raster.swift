/// A picture as plain bytes: 8 bits a channel, rows from top to bottom, channels interleaved.
public struct Raster: Sendable, Equatable {
    public let width: Int
    public let height: Int
    /// 1 (grey) or 3 (red, green, blue).
    public let channels: Int
    /// `height` × `width` × `channels` bytes.
    public let pixels: [UInt8]

    public init(width: Int, height: Int, channels: Int, pixels: [UInt8]) {
        precondition(width > 0 && height > 0, "a picture of \(width) x \(height) pixels")
        precondition(channels == 1 || channels == 3, "a picture of \(channels) channels")
        precondition(pixels.count == width * height * channels, "\(pixels.count) bytes for \(width) x \(height) x \(channels)")
        self.width = width
        self.height = height
        self.channels = channels
        self.pixels = pixels
    }
}

/// Images of one size, one after the other, each in (row, column, channel) order.
public struct ImageBatch: Sendable {
    public let count: Int
    public let height: Int
    public let width: Int
    /// 1 (grey) or 3 (red, green, blue).
    public let channels: Int
    /// `count` × `height` × `width` × `channels` bytes.
    public let pixels: [UInt8]

    public init(count: Int, height: Int, width: Int, channels: Int, pixels: [UInt8]) {
        precondition(count >= 0 && height > 0 && width > 0, "\(count) images of \(height) x \(width)")
        precondition(channels == 1 || channels == 3, "images of \(channels) channels")
        precondition(
            pixels.count == count * height * width * channels,
            "\(pixels.count) bytes for \(count) images of \(height) x \(width) x \(channels)")
        self.count = count
        self.height = height
        self.width = width
        self.channels = channels
        self.pixels = pixels
    }

    /// Images from a decoder's output, 0…1: clamped and rounded to bytes.
    ///
    /// Throws `ImagesNotFinite`: NaN has no brightness, and black would pass for a picture.
    public init(count: Int, height: Int, width: Int, channels: Int, units: [Float]) throws {
        if let error = ImagesNotFinite(units, imageSize: height * width * channels) { throw error }
        let pixels = units.map { unit in UInt8((min(max(unit, 0), 1) * 255).rounded()) }
        self.init(count: count, height: height, width: width, channels: channels, pixels: pixels)
    }

    /// These images, followed by others of the same size.
    package func joined(with others: ImageBatch) -> ImageBatch {
        precondition(
            others.height == height && others.width == width && others.channels == channels,
            "images of \(height) x \(width) x \(channels) and of \(others.height) x \(others.width) x \(others.channels)")
        return ImageBatch(
            count: count + others.count, height: height, width: width, channels: channels, pixels: pixels + others.pixels)
    }

    /// Rows of `columns` images, alternately from these images and from `others`, which are equally many.
    package func interleaved(with others: ImageBatch, rowsOf columns: Int) -> ImageBatch {
        precondition(
            columns > 0 && count == others.count && count % columns == 0 && imageBytes == others.imageBytes,
            "\(count) and \(others.count) in rows of \(columns)")
        let row = columns * imageBytes
        var both: [UInt8] = []
        both.reserveCapacity(2 * pixels.count)
        for start in stride(from: 0, to: pixels.count, by: row) {
            both += pixels[start..<start + row]
            both += others.pixels[start..<start + row]
        }
        return ImageBatch(count: 2 * count, height: height, width: width, channels: channels, pixels: both)
    }

    /// Bytes of one image.
    var imageBytes: Int { height * width * channels }
}

/// Decoded images contain values that are NaN or infinite.
public struct ImagesNotFinite: Error, CustomStringConvertible, Sendable, Equatable {
    /// The number of images with such a value, and of all images.
    public let images: Int
    public let count: Int
    /// The index of the first of them, from 0.
    public let first: Int

    /// `nil` where every value is finite.
    public init?(_ units: [Float], imageSize: Int) {
        var finite = FiniteCount(width: imageSize)
        finite.add(units)
        guard let first = finite.first else { return nil }
        self.init(images: finite.rows, count: finite.seen, first: first)
    }

    public init(images: Int, count: Int, first: Int) {
        self.images = images
        self.count = count
        self.first = first
    }

    public var description: String {
        "\(images) of \(count) decoded images have values that are not finite, first image \(first) (from 0); "
            + "the codes are too large for these weights, or the weights are damaged: `lockstep evaluate` tells more."
    }
}
