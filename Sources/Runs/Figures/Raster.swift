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

    /// Images from a decoder's output, 0…1: clamped and rounded to bytes; what is not a number becomes black.
    public init(count: Int, height: Int, width: Int, channels: Int, units: [Float]) {
        let pixels = units.map { unit in unit > 0 ? UInt8((min(unit, 1) * 255).rounded()) : 0 }
        self.init(count: count, height: height, width: width, channels: channels, pixels: pixels)
    }

    /// Bytes of one image.
    var imageBytes: Int { height * width * channels }
}
