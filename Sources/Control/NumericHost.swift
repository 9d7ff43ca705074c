import Glibc
import NIOCore

/// Hosts as numeric addresses, as they are dialled: a link-local address of IPv6 has its zone.
enum NumericHost {
    /// Nil for an address that is not of IP.
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
    /// The host as a numeric address.
    package var numericHost: String? { withSockAddr { address, _ in NumericHost.text(address) } }
}
