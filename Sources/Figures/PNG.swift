import CPNG
import Files
import Glibc

/// Pictures as PNG files, through libpng's simplified interface.
public enum PNG {
    /// The bytes of a PNG file that holds `raster`.
    ///
    /// Throws `PNGError.encoding` where libpng refuses.
    public static func encode(_ raster: Raster) throws -> [UInt8] {
        var image = png_image()
        image.version = png_uint_32(PNG_IMAGE_VERSION)
        image.width = png_uint_32(raster.width)
        image.height = png_uint_32(raster.height)
        image.format = raster.channels == 3 ? png_uint_32(PNG_FORMAT_FLAG_COLOR) : 0
        // In the worst case deflate stores the rows unpacked, and each 8 KB of them becomes a chunk.
        let raw = (raster.width * raster.channels + 1) * raster.height
        var bytes = [UInt8](repeating: 0, count: raw + raw / 256 + 4096)
        var count = png_alloc_size_t(bytes.count)
        let stride = png_int_32(raster.width * raster.channels)
        let written = png_image_write_to_memory(&image, &bytes, &count, 0, raster.pixels, stride, nil)
        guard written != 0 else {
            let message = Mirror(reflecting: image.message).children.compactMap { $0.value as? CChar }.prefix { $0 != 0 }
            let reason = String(decoding: message.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            throw PNGError.encoding(width: raster.width, height: raster.height, reason: reason)
        }
        bytes.removeLast(bytes.count - Int(count))
        return bytes
    }

    /// Writes `raster` to `path`: under a temporary name beside it, synced, then renamed, so that a reader never sees half a picture.
    ///
    /// Throws `PNGError` or `DiskError`; then no temporary file is left, and an earlier picture is unchanged.
    public static func write(_ raster: Raster, to path: String, disk: Disk = .results) throws {
        try disk.replace(path, with: encode(raster))
    }
}

/// Why there is no picture.
public enum PNGError: Error, CustomStringConvertible, Sendable, Equatable {
    case encoding(width: Int, height: Int, reason: String)

    public var description: String {
        switch self {
        case .encoding(let width, let height, let reason):
            "libpng could not pack a picture of \(width) x \(height) pixels: \(reason); ask for fewer or smaller images."
        }
    }
}
