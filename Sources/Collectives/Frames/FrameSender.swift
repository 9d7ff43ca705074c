import Glibc
import Kernels
import Wire

/// Writes gradient frames to one link and measures what a byte costs there; one thread.
final class FrameSender {
    let link: GradientLink
    private(set) var rate = LinkRate()
    private let head = ByteStore()
    private var parts: [iovec] = []

    init(_ link: GradientLink) {
        self.link = link
    }

    /// Writes header and payload in as few calls as the kernel allows; bytes written. The payload's checksum is added where the link wants one.
    func send(_ header: GradientFrameHeader, payload: [UnsafeRawBufferPointer]) throws(LinkFailure) -> Int {
        var header = header
        header.payloadBytes = payload.reduce(0) { $0 + $1.count }
        header.payloadChecksum =
            link.checksums ? payload.reduce(UInt32(0)) { CRC32C.checksum($1, continuing: $0) } : nil
        let headBytes = header.byteCount
        head.reserve(headBytes)
        let first = head.bytes(headBytes)
        header.write(to: first)
        parts.removeAll(keepingCapacity: true)
        parts.append(iovec(iov_base: first.baseAddress, iov_len: headBytes))
        for part in payload where !part.isEmpty {
            parts.append(iovec(iov_base: UnsafeMutableRawPointer(mutating: part.baseAddress), iov_len: part.count))
        }
        let bytes = headBytes + header.payloadBytes
        rate.willWrite(queued: link.socket.queuedBytes, at: Clock.seconds(Clock.now()))
        do throws(SocketError) {
            try link.socket.write(&parts)
        } catch {
            throw link.failure(error, writing: true)
        }
        rate.didWrite(bytes, queued: link.socket.queuedBytes, at: Clock.seconds(Clock.now()))
        return bytes
    }
}
