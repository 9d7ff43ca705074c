import Crypto
import Kernels

/// The images of a flat file (`FlatHeader`), which stay on the disk: only those that are accessed are in memory. The first column
/// is the label, `MappedImages.none` where an image has none.
public struct MappedImages: ImageSource {
    /// The value that stands for "no label".
    public static let none = UInt8.max

    public let name: String
    public let identity: String
    let header: FlatHeader
    private let bytes: FileMapping
    public let hasLabels: Bool

    /// Nil where the file is missing or is no whole flat file of that layout; throws `DataError` where it cannot be mapped.
    init?(_ path: String, _ layout: FlatHeader.Layout, name: String) throws {
        guard let header = Self.header(path), header.layout == layout,
            let bytes = try FileMapping(path, bytes: header.fileBytes)
        else { return nil }
        self.name = name
        self.header = header
        self.bytes = bytes
        hasLabels = header.columns > 0 && !(0..<header.count).contains { bytes[FlatHeader.contentOffset + $0] == Self.none }
        identity = textDigest(
            "\(layout) \(header.count) × \(header.height) × \(header.width) × \(header.channels), \(header.columns) columns, "
                + hexDigits(header.contentDigest))
    }

    /// The header of a flat file; nil where there is none, or it cannot be trusted.
    static func header(_ path: String) -> FlatHeader? {
        guard let file = try? RawFile(path), let bytes = try? file.read(FlatHeader.length) else { return nil }
        return FlatHeader(bytes).flatMap { $0.fileBytes == file.size ? $0 : nil }
    }

    /// Whether the content is what was written, by its SHA-256: about a second for 2 GB. A disk may return other bytes.
    func isWhole() -> Bool {
        var hash = SHA256()
        for start in stride(from: FlatHeader.contentOffset, to: header.fileBytes, by: Self.pieceBytes) {
            bytes.withBytes(start..<min(start + Self.pieceBytes, header.fileBytes)) { hash.update(bufferPointer: $0) }
        }
        return Array(hash.finalize()) == header.contentDigest
    }

    private static let pieceBytes = 1 << 20

    public var count: Int { header.count }
    public var height: Int { header.height }
    public var width: Int { header.width }
    public var channels: Int { header.channels }

    public func copyImage(_ index: Int, into target: inout [UInt8], at offset: Int) {
        precondition(index >= 0 && index < count, "image \(index) of \(count)")
        let start = FlatHeader.contentOffset + header.columns * count + index * pixels
        bytes.copy(start..<start + pixels, into: &target, at: offset)
    }

    public func label(_ index: Int) -> UInt8 { column(0, of: index) }

    /// What a column says of an image.
    func column(_ column: Int, of index: Int) -> UInt8 {
        precondition(column >= 0 && column < header.columns, "column \(column) of \(header.columns)")
        precondition(index >= 0 && index < count, "image \(index) of \(count)")
        return bytes[FlatHeader.contentOffset + column * count + index]
    }
}
