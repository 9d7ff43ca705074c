import CProcess
import Glibc
import Waiting

/// A pipe to or from a child, for lines. To a child that watches it, its end means that the parent is gone.
package struct LinePipe {
    package let reading: Int32
    package let writing: Int32

    package init() throws {
        var ends: [Int32] = [0, 0]
        // Both ends stay out of children but for the copy `ChildProcess` hands down, whichever thread spawns.
        guard cprocess_pipe(&ends) == 0 else {
            throw LocalError("cannot make a pipe: \(String(cString: strerror(errno)))")
        }
        (reading, writing) = (ends[0], ends[1])
        _ = fcntl(writing, F_SETFL, O_NONBLOCK)
    }

    /// Never waits: where the reader has been stopped for thousands of lines, the line is lost.
    package func write(_ line: String) { _ = line.withCString { Glibc.write(writing, $0, strlen($0)) } }

    /// Closes both ends here.
    func close() {
        Glibc.close(reading)
        Glibc.close(writing)
    }
}
