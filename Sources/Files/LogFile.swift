import Glibc
import Waiting

/// A file to which a child's output is appended. Only its owner may read it. A link or a pipe that somebody
/// put in its place is refused.
package struct LogFile {
    package let descriptor: Int32

    package init(path: String) throws {
        descriptor = Descriptor.openFile(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, mode: Disk.fileMode)
        guard descriptor >= 0 else { throw DiskError(operation: "open", path: path, code: errno) }
    }

    package func close() { Glibc.close(descriptor) }
}
