import Glibc

/// A descriptor that `poll` can wait on, and that any thread can make readable.
final class WakePipe: Sendable {
    /// The reading end.
    let descriptor: Int32
    private let writing: Int32

    init() {
        var ends: [Int32] = [-1, -1]
        precondition(pipe(&ends) == 0, "no descriptor can be opened: \(String(cString: strerror(errno)))")
        (descriptor, writing) = (ends[0], ends[1])
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
    }

    deinit {
        close(descriptor)
        close(writing)
    }

    func wake() {
        var byte: UInt8 = 1
        _ = write(writing, &byte, 1)
    }

    /// Makes it unreadable again.
    func drain() {
        var bytes = [UInt8](repeating: 0, count: 64)
        while read(descriptor, &bytes, bytes.count) > 0 {}
    }
}

/// `poll` over descriptors; a negative timeout waits for ever.
enum Poll {
    static let readable = Int16(POLLIN)
    static let writable = Int16(POLLOUT)
    static let failed = Int16(POLLERR) | Int16(POLLHUP) | Int16(POLLNVAL)

    static func wait(_ entries: inout [pollfd], milliseconds: Int32) {
        for index in entries.indices { entries[index].revents = 0 }
        let result = poll(&entries, nfds_t(entries.count), milliseconds)
        if result < 0 { for index in entries.indices { entries[index].revents = 0 } }
    }
}
