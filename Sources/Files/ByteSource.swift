import Foundation
import Waiting

/// Bytes at given positions of an open file or of memory. Reading has no cursor, so threads may share a source.
package struct ByteSource: Sendable {
    private enum Kind: Sendable {
        case memory([UInt8])
        case file(OpenFile)
    }

    private let kind: Kind
    package let count: Int

    package init(bytes: [UInt8]) {
        kind = .memory(bytes)
        count = bytes.count
    }

    package init(path: String) throws {
        let file = try OpenFile(path: path)
        kind = .file(file)
        count = try file.size()
    }

    /// The bytes of a range within `count`. A file that has become shorter is an error.
    package func read(_ range: Range<Int>) throws -> [UInt8] {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "bytes \(range) of \(count)")
        switch kind {
        case .memory(let bytes): return Array(bytes[range])
        case .file(let file): return try file.read(range)
        }
    }
}

/// A file open for reading; closed with its last reference.
final class OpenFile: Sendable {
    private let descriptor: Int32
    private let path: String

    init(path: String) throws {
        descriptor = Descriptor.openFile(path, O_RDONLY)
        self.path = path
        guard descriptor >= 0 else { throw DiskError(operation: "open", path: path, code: errno) }
    }

    deinit { close(descriptor) }

    func size() throws -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw DiskError(operation: "look at", path: path, code: errno) }
        return Int(status.st_size)
    }

    func read(_ range: Range<Int>) throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: range.count) { buffer, filled in
            while filled < range.count {
                let rest = UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: buffer[filled..<range.count]))
                let got = pread(descriptor, rest.baseAddress, rest.count, off_t(range.lowerBound + filled))
                if got < 0 {
                    if errno == EINTR { continue }
                    throw DiskError(operation: "read", path: path, code: errno)
                }
                guard got > 0 else {
                    throw FileEndsEarly(path: path, offset: range.lowerBound + filled, missing: range.count - filled)
                }
                filled += got
            }
        }
    }
}

/// A file has become shorter while it was read, or is shorter than its own header says.
public struct FileEndsEarly: Error, Equatable, CustomStringConvertible, Sendable {
    public let path: String
    /// Where it ends, and the number of bytes that should follow.
    public let offset: Int
    public let missing: Int

    public var description: String { "\(path), byte \(offset): the file ends here; expected \(missing) more bytes." }
}
