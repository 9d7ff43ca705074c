import Foundation

/// The operating system refused an operation on a file.
public struct DiskError: Error, CustomStringConvertible, Sendable, Equatable {
    /// What was tried, as a verb: "write", "open".
    public let operation: String
    public let path: String
    /// `errno`.
    public let code: Int32

    public init(operation: String, path: String, code: Int32) {
        self.operation = operation
        self.path = path
        self.code = code
    }

    public var description: String {
        "Cannot \(operation) \(path): \(String(cString: strerror(code)))\(Self.wayOn(code))."
    }

    private static func wayOn(_ code: Int32) -> String {
        switch code {
        case ENOSPC, EDQUOT: "; make room on that file system, or give --run a folder on another"
        case EACCES, EPERM: "; check who owns the folder and its mode"
        case EROFS: "; give --run a folder that can be written"
        case ENOENT: "; check the path"
        case EFBIG: "; raise the limit on file sizes (ulimit -f)"
        case EMFILE, ENFILE: "; raise the limit on open files (ulimit -n)"
        case EIO: "; the device itself reported it, so look at its health before trusting it again"
        default: ""
        }
    }
}
