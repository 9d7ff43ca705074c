import Glibc
import NIOCore
import Wire

extension NIOCore.SocketAddress {
    /// The host in digits, a link-local address with its zone.
    var numericHost: String? {
        guard let digits = ipAddress else { return nil }
        guard case .v6(let address) = self, address.address.sin6_scope_id != 0, LinkLocal.isOne(digits) else { return digits }
        var name = [CChar](repeating: 0, count: Int(IF_NAMESIZE))
        guard if_indextoname(address.address.sin6_scope_id, &name) != nil else { return digits }
        return digits + "%" + String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
