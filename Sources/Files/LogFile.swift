import Glibc
import Waiting

/// A file that takes a child's output, appended to: its owner's alone, and never what a link leads to
/// that somebody put in its place, nor a pipe.
package struct LogFile {
    package let descriptor: Int32

    package init(path: String) throws {
        descriptor = Descriptor.openFile(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, mode: Disk.fileMode)
        guard descriptor >= 0 else { throw DiskError(operation: "open", path: path, code: errno) }
    }

    package func close() { Glibc.close(descriptor) }
}
