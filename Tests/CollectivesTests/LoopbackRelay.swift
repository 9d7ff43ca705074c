import Dispatch
import Glibc

/// A relay of one connection. `pass` gets the bytes of the dialled direction with their position in the stream,
/// and may delay or change them.
final class LoopbackRelay: Sendable {
    let port: Int
    private let listening: RawSocket
    private let target: Int
    private let pass, passBack: @Sendable (inout [UInt8], Int) -> Void

    /// - Parameter passBack: the same for the other direction.
    init(
        to target: Int, passBack: @escaping @Sendable (inout [UInt8], Int) -> Void = { _, _ in },
        pass: @escaping @Sendable (inout [UInt8], Int) -> Void
    ) {
        self.target = target
        self.pass = pass
        self.passBack = passBack
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        listening = RawSocket(owning: descriptor)
        var size: Int32 = 32 << 10
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        var address = RawSocket.loopback(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                precondition(bind(descriptor, $0, length) == 0 && listen(descriptor, 1) == 0)
                getsockname(descriptor, $0, &length)
            }
        }
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    /// A slow link.
    convenience init(to target: Int, bytesPerSecond: Double) {
        self.init(to: target) { bytes, _ in usleep(UInt32(Double(bytes.count) / bytesPerSecond * 1e6)) }
    }

    /// A link that damages one bit, which TCP's checksum has not seen.
    convenience init(to target: Int, flippingBitOf byte: Int) {
        self.init(to: target) { bytes, start in
            if (start..<start + bytes.count).contains(byte) { bytes[byte - start] ^= 0x10 }
        }
    }

    /// Relays one connection until either side closes.
    func run() {
        let inside = RawSocket(owning: accept(listening.descriptor, nil, nil))
        let outside = RawSocket(port: target)
        let back = DispatchGroup()
        DispatchQueue.global().async(group: back) {
            var bytes = [UInt8](repeating: 0, count: 4096)
            var start = 0
            while true {
                let count = recv(outside.descriptor, &bytes, bytes.count, 0)
                guard count > 0 else { return }
                var passed = Array(bytes[..<count])
                self.passBack(&passed, start)
                start += count
                guard inside.send(passed) else { return }
            }
        }
        var bytes = [UInt8](repeating: 0, count: 16 << 10)
        var start = 0
        while true {
            let count = recv(inside.descriptor, &bytes, bytes.count, 0)
            guard count > 0 else { break }
            var passed = Array(bytes[..<count])
            pass(&passed, start)
            start += count
            guard outside.send(passed) else { break }
        }
        shutdown(outside.descriptor, Int32(SHUT_RDWR))
        shutdown(inside.descriptor, Int32(SHUT_RDWR))
        back.wait()
    }
}
