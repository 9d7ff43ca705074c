import Foundation
import Synchronization

/// A file open for writing. Closed with its last reference if nobody did before.
final class WritableFile: Sendable {
    let path: String
    private let descriptor: Mutex<Int32>

    init(path: String, flags: Int32) throws {
        self.path = path
        let opened = open(path, O_WRONLY | O_CLOEXEC | flags, 0o644)
        guard opened >= 0 else { throw DiskError(operation: "open", path: path, code: errno) }
        descriptor = Mutex(opened)
    }

    deinit { closeQuietly() }

    /// Writes all of the bytes, however many calls that takes.
    func write(_ bytes: [UInt8]) throws {
        try descriptor.withLock { descriptor in
            try bytes.withUnsafeBytes { buffer in
                var written = 0
                while written < buffer.count {
                    let rest = UnsafeRawBufferPointer(rebasing: buffer[written...])
                    let count = Foundation.write(descriptor, rest.baseAddress, rest.count)
                    if count < 0 {
                        if errno == EINTR { continue }
                        throw DiskError(operation: "write", path: path, code: errno)
                    }
                    written += count
                }
            }
        }
    }

    func sync() throws {
        try descriptor.withLock { descriptor in
            guard fsync(descriptor) == 0 else { throw DiskError(operation: "sync", path: path, code: errno) }
        }
    }

    /// Cuts the file to a length.
    func truncate(to bytes: Int) throws {
        try descriptor.withLock { descriptor in
            guard ftruncate(descriptor, off_t(bytes)) == 0 else { throw DiskError(operation: "truncate", path: path, code: errno) }
        }
    }

    func close() throws {
        try descriptor.withLock { descriptor in
            guard descriptor >= 0 else { return }
            let result = Foundation.close(descriptor)
            descriptor = -1
            guard result == 0 else { throw DiskError(operation: "close", path: path, code: errno) }
        }
    }

    func closeQuietly() {
        descriptor.withLock { descriptor in
            if descriptor >= 0 { _ = Foundation.close(descriptor) }
            descriptor = -1
        }
    }
}
