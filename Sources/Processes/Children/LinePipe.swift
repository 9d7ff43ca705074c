import CProcess
import Glibc
import Waiting

/// A pipe to or from a child, for lines. A child that watches the pipe takes its end to mean that the parent is gone.
package struct LinePipe {
    package let reading: Int32
    package let writing: Int32

    package init() throws {
        var ends: [Int32] = [0, 0]
        // Children get neither end, whichever thread spawns them, except for the copy that `ChildProcess` hands down.
        guard cprocess_pipe(&ends) == 0 else {
            throw LocalError("cannot make a pipe: \(String(cString: strerror(errno)))")
        }
        (reading, writing) = (ends[0], ends[1])
        _ = fcntl(writing, F_SETFL, O_NONBLOCK)
    }

    /// Never waits: where the reader has been stopped for thousands of lines, this line is lost.
    package func write(_ line: String) { _ = line.withCString { Glibc.write(writing, $0, strlen($0)) } }

    /// Closes both ends here.
    func close() {
        Glibc.close(reading)
        Glibc.close(writing)
    }
}
