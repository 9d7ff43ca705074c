import Foundation
import Synchronization
import Waiting

/// A file open for writing. It is closed with its last reference, if not before.
package final class WritableFile: Sendable {
    package let path: String
    private let descriptor: Mutex<Int32>

    /// Opens the file itself: links are not followed, since the target may be another's, and anything but a regular file is refused.
    init(path: String, flags: Int32, mode: mode_t, verb: String) throws(DiskError) {
        self.path = path
        let opened = Descriptor.openFile(path, O_WRONLY | O_NOFOLLOW | flags, mode: mode)
        guard opened >= 0 else { throw DiskError(operation: verb, path: path, code: errno) }
        descriptor = Mutex(opened)
    }

    deinit { closeQuietly() }

    /// Writes the bytes from `written` on, in as many calls as needed, and counts in `written` how many are written.
    func write(_ bytes: [UInt8], written: inout Int) throws(DiskError) {
        var done = written
        defer { written = done }
        try descriptor.withLock { descriptor throws(DiskError) in
            try bytes.withUnsafeBufferPointer { buffer throws(DiskError) in
                while done < buffer.count {
                    let rest = UnsafeBufferPointer(rebasing: buffer[done...])
                    let count = Foundation.write(descriptor, rest.baseAddress, rest.count)
                    if count < 0, errno == EINTR { continue }
                    // Nothing written without an error should not happen for files; taken as success it would be an endless loop.
                    guard count > 0 else { throw DiskError(operation: "write", path: path, code: count < 0 ? errno : EIO) }
                    done += count
                }
            }
        }
    }

    /// Gives the file the permissions of an earlier file; where that is not possible, fewer users may read it.
    func permit(mode: mode_t) {
        descriptor.withLock { _ = fchmod($0, mode) }
    }

    func sync() throws(DiskError) {
        try descriptor.withLock { descriptor throws(DiskError) in
            guard Descriptor.sync(descriptor) else { throw DiskError(operation: "sync", path: path, code: errno) }
        }
    }

    /// Cuts the file to a length.
    func truncate(to bytes: Int) throws(DiskError) {
        try descriptor.withLock { descriptor throws(DiskError) in
            guard ftruncate(descriptor, off_t(bytes)) == 0 else { throw DiskError(operation: "cut", path: path, code: errno) }
        }
    }

    func close() throws(DiskError) {
        try descriptor.withLock { descriptor throws(DiskError) in
            guard descriptor >= 0 else { return }
            let result = Foundation.close(descriptor)
            descriptor = -1
            guard result == 0 else { throw DiskError(operation: "close", path: path, code: errno) }
        }
    }

    package func closeQuietly() {
        descriptor.withLock { descriptor in
            if descriptor >= 0 { _ = Foundation.close(descriptor) }
            descriptor = -1
        }
    }
}
