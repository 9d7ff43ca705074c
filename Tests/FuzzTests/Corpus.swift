import Foundation
import FuzzTargets

/// The committed inputs of the parsers, `Tests/Fuzz/Corpus/TARGET/…`.
enum Corpus {
    struct File {
        let name: String
        let bytes: [UInt8]
    }

    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Fuzz/Corpus").path

    /// Sorted by name.
    static func files(of target: FuzzTarget) throws -> [File] {
        let path = "\(folder)/\(target.name)"
        return try FileManager.default.contentsOfDirectory(atPath: path).sorted().map { name in
            File(name: name, bytes: Array(try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)"))))
        }
    }
}

/// Holds the input under test where it can be found after a trap, which no test survives.
final class LastInput {
    private let path: String
    private let descriptor: Int32

    init(of target: FuzzTarget) throws {
        path = NSTemporaryDirectory() + "lockstep-fuzz-\(target.name).input"
        descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    }

    func keep(_ bytes: [UInt8]) {
        _ = pwrite(descriptor, bytes, bytes.count, 0)
        _ = ftruncate(descriptor, off_t(bytes.count))
    }

    deinit {
        close(descriptor)
        unlink(path)
    }
}
