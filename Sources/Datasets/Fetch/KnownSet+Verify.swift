import Crypto
import Kernels

/// What `verify` found of one file.
public struct FileReport: Sendable, Hashable {
    public enum State: Sendable, Hashable {
        case right
        /// Another content: its SHA-256 is `sha256`, `expected` was published.
        case wrong(sha256: String, expected: String)
        case missing
    }

    /// The published name.
    public let name: String
    /// Where it lies, or where it was looked for.
    public let path: String
    public let state: State
}

extension FileReport: CustomStringConvertible {
    public var description: String {
        switch state {
        case .right: "right    \(path)"
        case .wrong(let found, let expected): "wrong    \(path): SHA-256 is \(found), expected \(expected)"
        case .missing: "missing  \(path)"
        }
    }
}

extension KnownSet {
    private static let pieceBytes = 1 << 20

    /// Checks every file of the set against its published SHA-256; for `glyphs` draws all images and checks theirs.
    public func verify(in directory: DataDirectory) throws -> [FileReport] {
        if self == .glyphs { return [Self.verifyGlyphs()] }
        return try files.map { try verify($0, in: directory) }
    }

    func verify(_ file: PublishedFile, in directory: DataDirectory) throws -> FileReport {
        guard let path = directory.find(file.name, of: name) else {
            return FileReport(name: file.name, path: place(of: file, in: directory), state: .missing)
        }
        let found = try Self.digest(ofFile: path)
        let isUnpacked = !path.hasSuffix(".gz")
        let isRight = found == file.sha256 || (isUnpacked && found == file.unpackedSHA256)
        let expected = isUnpacked ? file.unpackedSHA256 : file.sha256
        return FileReport(name: file.name, path: path, state: isRight ? .right : .wrong(sha256: found, expected: expected))
    }

    /// Where `fetch` puts a file: the place that is looked at first.
    func place(of file: PublishedFile, in directory: DataDirectory) -> String {
        "\(directory.folders(of: name)[0])/\(file.name)"
    }

    private static func digest(ofFile path: String) throws -> String {
        let file = try RawFile(path)
        var hash = SHA256()
        while true {
            let piece = try file.read(pieceBytes)
            if piece.isEmpty { return hexDigits(hash.finalize()) }
            hash.update(data: piece)
        }
    }

    private static func verifyGlyphs() -> FileReport {
        let source = Glyphs()
        var image = [UInt8](repeating: 0, count: source.pixels)
        var hash = SHA256()
        for index in 0..<source.count {
            source.copyImage(index, into: &image, at: 0)
            hash.update(data: image)
        }
        let found = hexDigits(hash.finalize())
        return FileReport(
            name: "glyphs", path: "glyphs (drawn on demand)",
            state: found == Glyphs.digest ? .right : .wrong(sha256: found, expected: Glyphs.digest))
    }
}
