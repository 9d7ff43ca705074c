/// Why bytes could not be decompressed.
public enum ZstdError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The frame declares more bytes than the caller allows.
    case tooLong(bytes: UInt64, limit: Int)
    case sizeMissing
    case corrupt(String)

    public var description: String {
        switch self {
        case .tooLong(let bytes, let limit):
            "a zstd frame declares \(bytes) bytes where at most \(limit) are allowed: the data is damaged or from another build"
        case .sizeMissing:
            "a zstd frame does not declare its size: only frames written by lockstep are accepted"
        case .corrupt(let reason):
            "a zstd frame cannot be decompressed (\(reason)): the data is damaged; fetch it again"
        }
    }
}
