import Files
import Foundation
import Waiting

/// A file that gets its name only when it is whole: it is written beside its place under a temporary name, synced and
/// renamed, then the folder is synced. A file that is not committed is removed.
public final class AtomicFile {
    public let path: String
    private let temporary: String
    private let handle: FileHandle
    /// Whether the file has no name at all until it is whole, so that a killed process leaves nothing behind.
    private let isUnnamed: Bool
    private var isOpen = true

    /// What Linux calls O_TMPFILE, a macro that Swift does not see.
    private static let unnamed = 0o20_000_000 | O_DIRECTORY

    /// Makes the folder where it is missing.
    ///
    /// - Parameter prefersUnnamed: for large files; not every file system supports it.
    public init(_ path: String, prefersUnnamed: Bool = false) throws {
        self.path = path
        if let kind = Self.obstacle(at: path) {
            throw DataError.system(doing: "replace", file: path, reason: "it is \(kind), a file was expected")
        }
        temporary = "\(path).\(ProcessInfo.processInfo.processIdentifier).part"
        do {
            try Self.makeFolder(FilePath.folder(of: path))
            if prefersUnnamed {
                let descriptor = open(FilePath.folder(of: path), Self.unnamed | O_WRONLY | O_CLOEXEC, 0o666)
                if descriptor >= 0 {
                    handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
                    isUnnamed = true
                    return
                }
            }
            isUnnamed = false
            guard FileManager.default.createFile(atPath: temporary, contents: nil) else {
                throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
            }
            handle = try FileHandle(forWritingTo: URL(fileURLWithPath: temporary))
        } catch {
            throw DataError.system(doing: "create", file: path, reason: Self.reason(error, at: path))
        }
    }

    deinit { discard() }

    public func write(_ bytes: some DataProtocol) throws {
        precondition(isOpen, "\(path) is written before it is committed")
        do { try handle.write(contentsOf: bytes) } catch {
            throw DataError.system(doing: "write", file: path, reason: Self.reason(error, at: path))
        }
    }

    /// Overwrites the file's first bytes, for a header that is known only at the end.
    public func writeStart(_ bytes: some DataProtocol) throws {
        do { try handle.seek(toOffset: 0) } catch {
            throw DataError.system(doing: "write", file: path, reason: Self.reason(error, at: path))
        }
        try write(bytes)
    }

    /// Gives the file its name; an older one of that name is replaced.
    public func commit() throws {
        precondition(isOpen, "\(path) is committed once")
        do {
            try Self.sync(handle.fileDescriptor)
            if isUnnamed {
                unlink(temporary)
                let own = "/proc/self/fd/\(handle.fileDescriptor)"
                guard linkat(AT_FDCWD, own, AT_FDCWD, temporary, AT_SYMLINK_FOLLOW) == 0 else {
                    throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
                }
            }
            try handle.close()
            isOpen = false
            guard rename(temporary, path) == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
            try Self.syncFolder(of: path)
        } catch {
            try? FileManager.default.removeItem(atPath: temporary)
            throw DataError.system(doing: "write", file: path, reason: Self.reason(error, at: path))
        }
    }

    /// Leaves nothing behind; a committed file stays.
    public func discard() {
        guard isOpen else { return }
        isOpen = false
        try? handle.close()
        if !isUnnamed { try? FileManager.default.removeItem(atPath: temporary) }
    }

    /// Makes a folder and those above it, where they are missing.
    private static func makeFolder(_ path: String) throws {
        func make(_ path: String) throws(POSIXError) {
            guard let code = Folder.make(path, mode: 0o777) else { return }
            throw POSIXError(POSIXErrorCode(rawValue: code == EEXIST ? ENOTDIR : code) ?? .EIO)
        }
        try Folder.makeWithParents(path, isMissing: { $0.code == .ENOENT }, make: make)
    }

    /// What stands at the path if it is not a file: a rename would replace a device by a file.
    private static func obstacle(at path: String) -> String? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return nil
        case S_IFDIR: return "a folder"
        default: return "a device or a pipe"
        }
    }

    private static func reason(_ error: any Error, at path: String) -> String {
        let text = reasonText(error)
        guard text == String(cString: strerror(ENOSPC)), let free = FreeSpace(at: path) else { return text }
        return "\(text) (\(free))"
    }

    private static func syncFolder(of path: String) throws {
        let descriptor = open(FilePath.folder(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        defer { close(descriptor) }
        try sync(descriptor)
    }

    private static func sync(_ descriptor: Int32) throws {
        guard Descriptor.sync(descriptor) else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    }
}
