import Glibc

/// A file that is only in memory but has a path, for parsers that take a path.
final class MemoryFile {
    private let descriptor: Int32

    var path: String { "/proc/self/fd/\(descriptor)" }

    init(_ bytes: [UInt8]) throws {
        // It loses its name at once: nothing to clean up, whatever happens to the process.
        var name = Array("/dev/shm/lockstep-fuzz-XXXXXX".utf8CString)
        descriptor = mkstemp(&name)
        guard descriptor >= 0 else { throw Violation("no file in /dev/shm: \(String(cString: strerror(errno)))") }
        unlink(name)
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress! + written, bytes.count - written) }
            guard count > 0 else { throw Violation("/dev/shm takes no bytes: \(String(cString: strerror(errno)))") }
            written += count
        }
    }

    deinit { close(descriptor) }
}
