import Foundation

/// A file that has its name only when it is whole: written beside it under a temporary name, synced, renamed, and the
/// folder synced. What is not committed is removed.
public final class AtomicFile {
    public let path: String
    private let temporary: String
    private let handle: FileHandle
    private var isOpen = true

    /// Makes the folder where it is missing.
    public init(_ path: String) throws {
        self.path = path
        let folder = (path as NSString).deletingLastPathComponent
        temporary = "\(path).\(ProcessInfo.processInfo.processIdentifier).part"
        do {
            if !folder.isEmpty {
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            }
            guard FileManager.default.createFile(atPath: temporary, contents: nil) else {
                throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
            }
            handle = try FileHandle(forWritingTo: URL(fileURLWithPath: temporary))
        } catch {
            throw DataError.system(doing: "create", file: path, reason: reasonText(error))
        }
    }

    deinit { discard() }

    public func write(_ bytes: some DataProtocol) throws {
        precondition(isOpen, "\(path) is written before it is committed")
        do { try handle.write(contentsOf: bytes) } catch {
            throw DataError.system(doing: "write", file: path, reason: reasonText(error))
        }
    }

    /// Gives the file its name; an older one of that name is replaced.
    public func commit() throws {
        precondition(isOpen, "\(path) is committed once")
        do {
            try handle.synchronize()
            try handle.close()
            isOpen = false
            guard rename(temporary, path) == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
            try Self.syncFolder(of: path)
        } catch {
            try? FileManager.default.removeItem(atPath: temporary)
            throw DataError.system(doing: "write", file: path, reason: reasonText(error))
        }
    }

    /// Leaves nothing behind; a committed file stays.
    public func discard() {
        guard isOpen else { return }
        isOpen = false
        try? handle.close()
        try? FileManager.default.removeItem(atPath: temporary)
    }

    private static func syncFolder(of path: String) throws {
        let folder = (path as NSString).deletingLastPathComponent
        let descriptor = open(folder.isEmpty ? "." : folder, O_RDONLY | O_DIRECTORY)
        guard descriptor >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    }
}
