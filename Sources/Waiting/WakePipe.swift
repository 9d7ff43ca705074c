import Glibc

/// A descriptor that `Poll` can wait on, and that any thread can make readable.
public final class WakePipe: Sendable {
    /// The reading end.
    public let descriptor: Int32
    private let writing: Int32

    /// - Throws: where this process has no descriptors left.
    public init() throws(DescriptorLimit.Reached) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw DescriptorLimit.Reached(code: errno) }
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

    public func wake() {
        var byte: UInt8 = 1
        _ = write(writing, &byte, 1)
    }

    /// Makes the descriptor unreadable again.
    public func drain() {
        var bytes = [UInt8](repeating: 0, count: 64)
        while read(descriptor, &bytes, bytes.count) > 0 {}
    }
}
