import CPNG
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
        // Deflate at its worst stores the rows as they are, and each 8 KB of them becomes a chunk.
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

    /// Writes `raster` to `path`: under a temporary name beside it, then renamed, so that a reader never sees half a picture.
    ///
    /// Throws `PNGError`; nothing is left behind, and a picture that stood there before still does.
    public static func write(_ raster: Raster, to path: String) throws {
        let bytes = try encode(raster)
        let temporary = "\(path).\(getpid()).tmp"
        guard let file = fopen(temporary, "wbe") else {
            throw PNGError.file(path: path, doing: "created", reason: lastReason())
        }
        let written = fwrite(bytes, 1, bytes.count, file)
        let writeReason = lastReason()
        let closed = fclose(file) == 0
        guard written == bytes.count, closed else {
            let reason = written == bytes.count ? lastReason() : writeReason
            unlink(temporary)
            throw PNGError.file(path: path, doing: "written", reason: reason)
        }
        guard rename(temporary, path) == 0 else {
            let reason = lastReason()
            unlink(temporary)
            throw PNGError.file(path: path, doing: "put in place", reason: reason)
        }
    }

    private static func lastReason() -> String { String(cString: strerror(errno)) }
}

/// Why a picture was not written.
public enum PNGError: Error, CustomStringConvertible, Sendable, Equatable {
    case encoding(width: Int, height: Int, reason: String)
    case file(path: String, doing: String, reason: String)

    public var description: String {
        switch self {
        case .encoding(let width, let height, let reason):
            "libpng could not pack a picture of \(width) x \(height) pixels: \(reason); ask for fewer or smaller images."
        case .file(let path, let doing, let reason):
            "The picture \(path) could not be \(doing): \(reason); check that its folder exists, is writable and has room."
        }
    }
}
