import Glibc
import Wire

/// Writes gradient frames to one link and measures what a byte costs there; one thread.
final class FrameSender {
    let link: GradientLink
    /// With so many bytes under way, the link is what they wait for.
    private static let congested = 128 << 10
    /// What a byte costs on the link; nothing before the first acknowledgements.
    private(set) var secondsPerByte: Double?
    private let head = ByteStore()
    private var parts: [iovec] = []

    init(_ link: GradientLink) {
        self.link = link
    }

    /// Writes header and payload in as few calls as the kernel allows; bytes written. Precondition: the header is sealed
    /// with the payload, here or by the peer from whom both came.
    func send(
        _ header: GradientFrameHeader, payload: some Collection<UnsafeRawBufferPointer>
    ) throws(LinkFailure) -> Int {
        precondition(header.payloadBytes == payload.reduce(0) { $0 + $1.count }, "the header has another payload")
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
        measure()
        do throws(SocketError) {
            try link.socket.write(&parts)
        } catch {
            throw link.failure(error, writing: true)
        }
        return bytes
    }

    /// Asks the kernel at what rate the frames before this one were delivered. How long a write blocks tells nothing: a
    /// send queue of megabytes swallows a bucket at memory speed on the slowest link, and a busy machine blocks on a fast
    /// one. But a rate is the link's own only while bytes queue up: a shaper lets short frames pass at the speed of the wire until its credit
    /// is used up, and a sender that believed that rate would fill the link with long ones. So a rate from an empty queue counts for little.
    private func measure() {
        let rate = link.socket.deliveredBytesPerSecond
        guard rate > 0 else { return }
        let sample = 1 / Double(rate)
        let weight = link.socket.unacknowledgedBytes >= Self.congested ? 0.25 : 0.004
        secondsPerByte = secondsPerByte.map { $0 + (sample - $0) * weight } ?? sample
    }
}
