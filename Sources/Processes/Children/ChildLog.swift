import Glibc
import Waiting
import Wire

/// What a child has written to its log, which may also hold lines of earlier children.
package struct ChildLog: Sendable {
    package let path: String
    /// Where this child's own lines begin.
    private let start: off_t

    /// Bytes that are read at the end: a crash report is long, and the sentence that matters stands at its beginning.
    private static let longestTail: off_t = 64 << 10
    /// Characters that are handed on: a line is written to a pipe at once or not at all.
    private static let longestLine = 1000

    /// The log at `path`, opened for the child, from where it ends now.
    package init(path: String, descriptor: Int32) {
        self.path = path
        start = max(0, lseek(descriptor, 0, SEEK_END))
    }

    /// The last line that says why the child ended; nil where it has written nothing.
    ///
    /// The program's own sentence is preferred to later lines of the system or the runtime.
    package var lastLine: String? {
        let descriptor = Descriptor.openFile(path, O_RDONLY | O_NOFOLLOW)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let from = max(start, lseek(descriptor, 0, SEEK_END) - Self.longestTail)
        var bytes = [UInt8](repeating: 0, count: Int(Self.longestTail))
        let count = pread(descriptor, &bytes, bytes.count, from)
        guard count > 0 else { return nil }
        let lines = String(decoding: bytes[..<count], as: UTF8.self).split(whereSeparator: \.isNewline)
            .filter { !$0.allSatisfy(\.isWhitespace) }
        let telling = lines.last { $0.hasPrefix("lockstep: ") || $0.contains("Fatal error: ") }
        return (telling ?? lines.last).map { String($0).printable(Self.longestLine) }
    }
}
