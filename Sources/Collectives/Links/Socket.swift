import Glibc
import Synchronization
import Waiting

/// Owner of one socket: closed when the last owner lets go. Any thread may shut it down, which wakes the threads that block in it.
final class Socket: @unchecked Sendable {
    let descriptor: Int32
    /// Bytes of frames that went out and came in, as the kernel took and gave them.
    let written = Atomic<UInt64>(0)
    let arrived = Atomic<UInt64>(0)

    init(owning descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// A TCP socket, non-blocking. Throws errno as `SocketError`.
    convenience init(family: Int32) throws(SocketError) {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(family, type, Int32(IPPROTO_TCP))
        guard descriptor >= 0 else { throw .failed(errno: errno) }
        self.init(owning: descriptor)
    }

    deinit { close(descriptor) }

    /// Ends both directions for both sides.
    func shutDown() { _ = Glibc.shutdown(descriptor, Int32(SHUT_RDWR)) }

    func set(_ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    /// The error of a connect that poll has reported on, 0 for none.
    var pendingError: Int32 {
        var value: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &value, &size)
        return value
    }

    func setBlocking(_ blocking: Bool) {
        let flags = fcntl(descriptor, F_GETFL)
        _ = fcntl(descriptor, F_SETFL, blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK)
    }

    /// The next connection of a listening, non-blocking socket, itself non-blocking.
    func acceptOne() throws(SocketError) -> Socket {
        let accepted = accept(descriptor, nil, nil)
        guard accepted >= 0 else { throw .last }
        let socket = Socket(owning: accepted)
        _ = fcntl(accepted, F_SETFD, FD_CLOEXEC)
        socket.setBlocking(false)
        return socket
    }

    /// The kernel's own measure of the rate at which what was sent has been delivered (`tcpi_delivery_rate` of
    /// `TCP_INFO`, Linux 4.9): it leaves out the times when there was nothing to send. 0 where it is not known.
    var deliveredBytesPerSecond: UInt64 {
        // The offset in linux/tcp.h's struct tcp_info, which only grows at its end; glibc's copy stops before it.
        let offset = 160
        return withUnsafeTemporaryAllocation(byteCount: offset + 8, alignment: 8) { info in
            var size = socklen_t(info.count)
            let result = getsockopt(descriptor, Int32(IPPROTO_TCP), TCP_INFO, info.baseAddress, &size)
            return result == 0 && Int(size) == info.count ? info.load(fromByteOffset: offset, as: UInt64.self) : 0
        }
    }

    /// Bytes that were written and that the other end has not acknowledged (`SIOCOUTQ`).
    var unacknowledgedBytes: Int {
        var bytes: Int32 = 0
        return ioctl(descriptor, UInt(TIOCOUTQ), &bytes) == 0 ? Int(bytes) : 0
    }

    /// Acknowledges what has been read now, instead of up to 40 ms later.
    func acknowledge() { set(Int32(IPPROTO_TCP), TCP_QUICKACK, 1) }

    /// Sets what every link wants. Must come before `connect` or `listen`, because the buffers fix the window scale then.
    func setBuffers(_ settings: LinkSettings) {
        set(SOL_SOCKET, SO_SNDBUF, Int32(clamping: settings.socketBufferBytes))
        set(SOL_SOCKET, SO_RCVBUF, Int32(clamping: settings.socketBufferBytes))
    }

    /// Blocking, with the deadlines of a link that is up.
    func setLinkOptions(_ settings: LinkSettings) {
        setBlocking(true)
        let tcp = Int32(IPPROTO_TCP)
        set(tcp, TCP_NODELAY, 1)
        set(SOL_SOCKET, SO_KEEPALIVE, 1)
        set(tcp, TCP_KEEPIDLE, 2)
        set(tcp, TCP_KEEPINTVL, 2)
        set(tcp, TCP_KEEPCNT, 4)
        // This timeout also cuts live peers behind a closed window, so it must not be shorter than the progress deadline.
        let milliseconds = settings.progressDeadline.wholeNanoseconds / 1_000_000
        set(tcp, TCP_USER_TIMEOUT, Int32(clamping: milliseconds + 1000))
        var time = timeval(tv_sec: Int(milliseconds / 1000), tv_usec: Int(milliseconds % 1000) * 1000)
        if milliseconds == 0 { time.tv_usec = 1000 }
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    }
}

/// What a call on a socket came to when it did not do what was asked.
enum SocketError: Error, Equatable {
    case closed
    /// The deadline of the call passed without a byte, or a non-blocking call would have waited.
    case noProgress
    case failed(errno: Int32)

    static var last: SocketError {
        let code = errno
        return code == EAGAIN || code == EWOULDBLOCK ? .noProgress : .failed(errno: code)
    }
}

extension Socket {
    /// Reads exactly `buffer.count` bytes, each part of it within the progress deadline.
    func read(_ buffer: UnsafeMutableRawBufferPointer) throws(SocketError) {
        var done = 0
        while done < buffer.count {
            let count = recv(descriptor, buffer.baseAddress! + done, buffer.count - done, 0)
            if count > 0 {
                done += count
                arrived.add(UInt64(count), ordering: .relaxed)
            } else if count == 0 {
                throw .closed
            } else if errno != EINTR {
                throw .last
            }
        }
    }

    /// Reads what is there, up to the buffer; 0 when nothing is.
    func readAvailable(_ buffer: UnsafeMutableRawBufferPointer, peek: Bool = false) throws(SocketError) -> Int {
        while true {
            let flags = Int32(MSG_DONTWAIT) | (peek ? Int32(MSG_PEEK) : 0)
            let count = recv(descriptor, buffer.baseAddress, buffer.count, flags)
            if count > 0 { return count }
            if count == 0 { throw .closed }
            if errno == EINTR { continue }
            if errno == EAGAIN || errno == EWOULDBLOCK { return 0 }
            throw .last
        }
    }

    /// Writes all parts, in one call where the kernel takes them; `parts` is used up.
    func write(_ parts: inout [iovec]) throws(SocketError) {
        var first = 0
        while first < parts.count {
            if parts[first].iov_len == 0 {
                first += 1
                continue
            }
            var count = parts.withUnsafeMutableBufferPointer { parts in
                var message = msghdr()
                message.msg_iov = parts.baseAddress! + first
                message.msg_iovlen = min(parts.count - first, 256)
                return sendmsg(descriptor, &message, Int32(MSG_NOSIGNAL))
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw .last
            }
            written.add(UInt64(count), ordering: .relaxed)
            while first < parts.count, count >= parts[first].iov_len {
                count -= parts[first].iov_len
                first += 1
            }
            if count > 0 {
                parts[first].iov_base += count
                parts[first].iov_len -= count
            }
        }
    }

    /// Writes a few bytes of a handshake without waiting: a fresh socket has room for them.
    func writeNow(_ bytes: [UInt8]) throws(SocketError) {
        let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
        let count = bytes.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, flags) }
        guard count == bytes.count else { throw count < 0 ? .last : .noProgress }
    }
}
