import Crypto
import Kernels

/// What `verify` found of one file.
public struct FileReport: Sendable, Hashable {
    public enum State: Sendable, Hashable {
        case right
        /// Another content: its SHA-256 is `sha256`, `expected` was published.
        case wrong(sha256: String, expected: String)
        case missing
        /// The file is there, but no SHA-256 was published to compare this one with.
        case unpublished(sha256: String)
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
        case .unpublished(let found): "unknown  \(path): SHA-256 is \(found), and no hash of it was published to compare with"
        }
    }
}

extension KnownSet {
    /// Checks every file of the set against its published SHA-256. For `glyphs` it draws all images and checks their SHA-256, for `glyphs-colour`
    /// the first ones.
    public func verify(in directory: DataDirectory) throws -> [FileReport] {
        if self == .glyphs { return [verifyDrawn([Glyphs()], digest: Glyphs.digest)] }
        if self == .glyphsColour {
            let count = ColourGlyphs.verified
            return [verifyDrawn([ColourGlyphs.training(count), ColourGlyphs.test(count)], digest: ColourGlyphs.digest)]
        }
        if let handed { return [try verifyHanded(handed, in: directory)] }
        return try files.map { try verify($0, in: directory) }
    }

    private func verifyHanded(_ file: String, in directory: DataDirectory) throws -> FileReport {
        guard let path = directory.find(file, of: name) else {
            return FileReport(name: file, path: "\(directory.folders(of: name)[0])/\(file)", state: .missing)
        }
        return FileReport(name: file, path: path, state: .unpublished(sha256: try Self.digest(ofFile: path)))
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

    private static func digest(ofFile path: String) throws -> String { hexDigits(try FileStamp.digest(ofFile: path)) }

    private func verifyDrawn(_ sources: [any ImageSource], digest: String) -> FileReport {
        var hash = SHA256()
        for source in sources {
            var image = [UInt8](repeating: 0, count: source.pixels)
            for index in 0..<source.count {
                source.copyImage(index, into: &image, at: 0)
                hash.update(data: image)
            }
        }
        let found = hexDigits(hash.finalize())
        return FileReport(
            name: name, path: "\(name) (drawn on demand)",
            state: found == digest ? .right : .wrong(sha256: found, expected: digest))
    }
}
