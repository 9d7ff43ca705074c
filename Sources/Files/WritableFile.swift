import Foundation
import Synchronization
import Waiting

/// A file open for writing. It is closed with its last reference, if not before.
package final class WritableFile: Sendable {
    /// The name that it has, or is to have, for errors and faults too.
    package let path: String
    private let descriptor: Mutex<Int32>

    /// What Linux calls O_TMPFILE, a macro that Swift does not see.
    private static let unnamed = 0o20_000_000 | O_DIRECTORY

    /// Opens the file itself: links are not followed, since the target may be another's, and anything but a regular file is refused.
    init(path: String, flags: Int32, mode: mode_t, verb: String) throws(DiskError) {
        self.path = path
        let opened = Descriptor.openFile(path, O_WRONLY | O_NOFOLLOW | flags, mode: mode)
        guard opened >= 0 else { throw DiskError(operation: verb, path: path, code: errno) }
        descriptor = Mutex(opened)
    }

    /// Creates a file without a name on the file system where `path` is to be; `nil` where it has no such files.
    init?(unnamed path: String, mode: mode_t) {
        let opened = Descriptor.openFile(FilePath.folder(of: path), O_WRONLY | Self.unnamed, mode: mode)
        guard opened >= 0 else { return nil }
        self.path = path
        descriptor = Mutex(opened)
    }

    deinit { closeQuietly() }

    /// Writes the bytes from `written` on, in as many calls as needed, and counts in `written` how many are written.
    ///
    /// - Parameter atStart: over the first bytes of the file, not at its end.
    func write(_ bytes: [UInt8], written: inout Int, atStart: Bool = false) throws(DiskError) {
        var done = written
        defer { written = done }
        try descriptor.withLock { descriptor throws(DiskError) in
            try bytes.withUnsafeBufferPointer { buffer throws(DiskError) in
                while done < buffer.count {
                    let rest = UnsafeBufferPointer(rebasing: buffer[done...])
                    let count =
                        atStart
                        ? pwrite(descriptor, rest.baseAddress, rest.count, off_t(done))
                        : Foundation.write(descriptor, rest.baseAddress, rest.count)
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

    /// Gives a file that was created without a name its path, in place of what stands there: a link is replaced, not followed.
    func link() throws(DiskError) {
        try descriptor.withLock { descriptor throws(DiskError) in
            unlink(path)
            guard linkat(AT_FDCWD, "/proc/self/fd/\(descriptor)", AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0 else {
                throw DiskError(operation: "name", path: path, code: errno)
            }
        }
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
