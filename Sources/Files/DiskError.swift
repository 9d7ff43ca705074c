import Foundation

/// The operating system refused an operation on a file.
public struct DiskError: Error, CustomStringConvertible, Sendable, Equatable {
    /// What was tried, as a verb: "write", "open".
    public let operation: String
    public let path: String
    /// `errno`.
    public let code: Int32
    /// What the file system had left when it refused for want of space.
    public let free: FreeSpace?

    public init(operation: String, path: String, code: Int32) {
        self.operation = operation
        self.path = path
        self.code = code
        free = code == ENOSPC ? FreeSpace(at: path) : nil
    }

    /// The same refusal, but naming the file that the user knows where it names the temporary one.
    func naming(_ path: String, insteadOf temporary: String) -> DiskError {
        DiskError(operation: operation, path: self.path == temporary ? path : self.path, code: code, free: free)
    }

    private init(operation: String, path: String, code: Int32, free: FreeSpace?) {
        self.operation = operation
        self.path = path
        self.code = code
        self.free = free
    }

    public var description: String { "C\(problem.dropFirst())\(wayOn.isEmpty ? "" : "; \(wayOn)")." }

    /// What happened, without the advice, for use inside another sentence.
    public var problem: String { "cannot \(operation) \(path): \(reason)" }

    /// The operating system's reason, with the free space if that was the problem.
    public var reason: String {
        // `Descriptor.openFile` uses this code; the system's own text would not help the reader.
        if code == EOPNOTSUPP { return "it is a device or a pipe, where a file is due" }
        return String(cString: strerror(code)) + (free.map { " (\($0))" } ?? "")
    }

    /// What to do about it; empty where the reason says it all.
    public var wayOn: String {
        switch code {
        case ENOSPC: "make room there, or use a folder on another file system"
        case EDQUOT: "make room within the quota, or use a folder on another file system"
        case EACCES, EPERM: "check who owns it, its mode and those of the folders above"
        case EROFS: "use a folder that can be written (a disk that became read-only by itself had an error, which dmesg tells)"
        case ENOENT, ENOTDIR: "check the path"
        case EISDIR, ENOTEMPTY: "a folder stands there, where a file is due"
        case ELOOP: "a symbolic link stands there, and no file of a run is written through one: remove it"
        case EFBIG: "raise the limit on file sizes (ulimit -f)"
        case EMFILE, ENFILE: "raise the limit on open files (ulimit -n)"
        case EIO: "the device itself reported it: look at dmesg and its health before trusting it again"
        default: ""
        }
    }
}

/// A file that is longer than anything of its kind can be.
public struct FileTooLong: Error, CustomStringConvertible, Sendable, Equatable {
    public let path: String
    public let bytes: Int
    public let limit: Int

    public var description: String {
        "\(path) has \(bytes) bytes, and no such file has more than \(limit); check the path, or put the right file there."
    }
}
