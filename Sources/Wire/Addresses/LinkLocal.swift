/// Addresses of IPv6 that mean something on one link only (fe80::/10). They need a zone, the name of the interface to that link:
/// `fe80::1%eth0`. That name is this host's own, so such an address is sent to other hosts without it, and a dialler adds its own zone.
package enum LinkLocal {
    package static func isOne(_ host: String) -> Bool {
        let first = host.prefix { $0 != ":" }
        return host.contains(":") && first.count == 4 && UInt16(first, radix: 16).map { $0 & 0xFFC0 == 0xFE80 } == true
    }

    package static func zone(of host: String) -> String? {
        host.firstIndex(of: "%").map { String(host[host.index(after: $0)...]) }
    }

    /// A link-local address that a person typed without its zone leads nowhere.
    package static func lacksZone(_ host: String) -> Bool { isOne(host) && zone(of: host) ?? "" == "" }

    /// The address with a zone, as an example of how it is typed.
    package static func example(_ host: String) -> String { "\(withoutZone(host))%eth0" }

    package static func withoutZone(_ host: String) -> String { String(host.prefix { $0 != "%" }) }

    /// The address as another host must write it, given how that host writes an address on the same link.
    package static func retold(_ host: String, to other: String?) -> String {
        guard isOne(host), let other, isOne(other), let zone = zone(of: other) else { return host }
        return withoutZone(host) + "%" + zone
    }
}
