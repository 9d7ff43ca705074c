import Glibc
import NIOCore

/// Hosts in digits, as they are dialled: an address of IPv6 that means something on one link only has its zone.
enum NumericHost {
    /// Nil for what is no address of IP.
    static func text(_ address: UnsafePointer<sockaddr>) -> String? {
        let size: Int
        switch Int32(address.pointee.sa_family) {
        case AF_INET: size = MemoryLayout<sockaddr_in>.size
        case AF_INET6: size = MemoryLayout<sockaddr_in6>.size
        default: return nil
        }
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        guard getnameinfo(address, socklen_t(size), &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0 else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension NIOCore.SocketAddress {
    /// The host in digits.
    package var numericHost: String? { withSockAddr { address, _ in NumericHost.text(address) } }
}
