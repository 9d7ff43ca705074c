import Crypto
import Files

/// Writes a flat file: columns first, then the images in their order. It has its name when it is whole.
final class FlatWriter {
    private let file: DataFile
    private var header: FlatHeader
    private var hash = SHA256()
    private var written = FlatHeader.contentOffset

    init(_ path: String, _ header: FlatHeader) throws {
        self.header = header
        file = try DataFile(path, under: .unnamed)
        try file.write([UInt8](repeating: 0, count: FlatHeader.contentOffset))
    }

    /// The next bytes of the content.
    func write(_ bytes: [UInt8]) throws {
        hash.update(data: bytes)
        try file.write(bytes)
        written += bytes.count
    }

    /// - Parameters:
    ///   - source: what the content was made from, as it was before it was read.
    ///   - digest: its SHA-256.
    func commit(source: FileStamp, digest: [UInt8]) throws {
        precondition(written == header.fileBytes, "\(written) bytes of \(header.fileBytes)")
        header.source = source
        header.sourceDigest = digest
        header.contentDigest = Array(hash.finalize())
        try file.writeStart(header.encode())
        try file.commit()
    }
}
