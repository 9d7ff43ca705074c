import Collectives
import Glibc
import Kernels
import Wire

func pthreadYield() { usleep(200) }

/// A plain socket of a test: a stranger, or a member that misbehaves.
final class RawSocket: Sendable {
    let descriptor: Int32

    init(owning descriptor: Int32) { self.descriptor = descriptor }

    /// Connects to a port of 127.0.0.1.
    init(port: Int) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = RawSocket.loopback(port: port)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        precondition(result == 0, "connect: \(errno)")
    }

    deinit { close(descriptor) }

    static func loopback(port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) } == bytes.count
    }

    /// Up to `count` bytes; fewer at the end of the connection.
    func receive(_ count: Int) -> [UInt8] {
        var result: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: count)
        while result.count < count {
            let got = recv(descriptor, &chunk, count - result.count, 0)
            if got <= 0 { break }
            result += chunk[..<got]
        }
        return result
    }

    /// The code of a hello's answer, 0 for a welcome; nil when the other side just closed.
    func answer() -> UInt16? {
        let bytes = receive(8)
        return bytes.count == 8 ? UInt16(bytes[6]) | UInt16(bytes[7]) << 8 : nil
    }

    /// The bytes of a hello, by the layout in `LinkHello`.
    static func hello(_ hello: LinkHello, version: UInt16 = ProtocolVersion.current) -> [UInt8] {
        func number(_ end: LinkEnd) -> UInt32 {
            if case .worker(let rank) = end { UInt32(rank) } else { .max }
        }
        func little<T: FixedWidthInteger>(_ value: T) -> [UInt8] { withUnsafeBytes(of: value.littleEndian, Array.init) }
        var bytes = Array("LKHL".utf8) + little(version) + little(UInt16(0)) + hello.run
        bytes += little(hello.generation) + little(hello.view) + little(number(hello.from)) + little(number(hello.to))
        bytes += hello.secret
        return bytes + little(CRC32C.checksum(bytes))
    }
}
