import CProcess
import Glibc
import Waiting

/// What may happen to a live connection without its owners' doing.
///
/// Linux lends a duplicate of a descriptor to a process that may trace the owner (its ancestor, or root): the connection behind
/// it is the same. The duplicate is never kept: it would hold the connection open after its owner has closed it.
package enum LinkFault: Equatable {
    /// Both directions end.
    case cut
    /// Incoming packets with more bytes than this are lost.
    case loses(longerThan: UInt32)
    /// The socket sends at most this many bytes a second.
    case slow(bytesPerSecond: UInt32)
    /// Whole frames that have arrived and are acknowledged are gone.
    case swallowsFrames
    /// This many bytes are gone, across frames.
    case swallowsBytes(Int)

    package enum Outcome: Equatable {
        case done
        /// The connection ended by itself meanwhile, or nothing is under way that could be swallowed.
        case gone
        /// The kernel does not lend descriptors here.
        case refused(String)
    }

    /// How long data under way may take to arrive while the reader is stopped.
    private static let arrival: Duration = .milliseconds(40)
    /// The most bytes that are read.
    private static let queue = 4 << 20

    package func befall(_ link: LinkTable.Link) -> Outcome {
        switch self {
        case .cut: Self.borrow(link) { shutdown($0, Int32(SHUT_RDWR)) == 0 ? 0 : errno }
        case .loses(let longerThan): Self.borrow(link) { cprocess_lose_incoming($0, longerThan) }
        case .slow(let rate): Self.borrow(link) { cprocess_limit_rate($0, rate) }
        case .swallowsFrames: Self.swallow(link) { FrameBoundary.wholeFrames(in: $0) }
        case .swallowsBytes(let count): Self.swallow(link) { min(count, $0.count) }
        }
    }

    /// Undoes the fault where possible: the connection may be gone.
    package func mend(_ link: LinkTable.Link) {
        switch self {
        case .loses: _ = Self.borrow(link) { cprocess_lose_nothing($0) }
        case .slow: _ = Self.borrow(link) { cprocess_limit_rate($0, .max) }
        case .cut, .swallowsFrames, .swallowsBytes: break
        }
    }

    private static func borrow(_ link: LinkTable.Link, _ body: (Int32) -> Int32) -> Outcome {
        var copy: Int32 = -1
        var code = cprocess_borrow_socket(link.pid, link.descriptor, link.inode, &copy)
        if code == 0 {
            code = body(copy)
            close(copy)
        }
        return switch code {
        case 0: .done
        case EBADF, ESRCH, ESTALE, ENOTCONN, ENOENT, EAGAIN: .gone
        case let code: .refused(String(cString: strerror(code)))
        }
    }

    /// Takes as many of the first arrived bytes as `count` says, while the reader is stopped.
    private static func swallow(_ link: LinkTable.Link, _ count: (UnsafeRawBufferPointer) -> Int) -> Outcome {
        kill(link.pid, SIGSTOP)
        defer { kill(link.pid, SIGCONT) }
        Pause.wait(for: arrival)
        return borrow(link) { socket in
            let room = UnsafeMutableRawBufferPointer.allocate(byteCount: queue, alignment: 16)
            defer { room.deallocate() }
            let waiting = cprocess_peek(socket, room.baseAddress, UInt(room.count))
            guard waiting > 0 else { return EAGAIN }
            var left = count(UnsafeRawBufferPointer(rebasing: room[..<waiting]))
            guard left > 0 else { return EAGAIN }
            while left > 0, let taken = Descriptor.read(socket, into: .init(rebasing: room[..<left]), .atMost(.milliseconds(100))),
                taken > 0
            { left -= taken }
            return 0
        }
    }
}
