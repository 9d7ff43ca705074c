import Glibc
import Wire

/// The network interfaces of this machine.
package enum Interfaces {
    /// Addresses of interfaces that are up, IPv4 first; loopback and link-local addresses are left out.
    package static func addresses() -> [String] {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return [] }
        defer { freeifaddrs(list) }
        var found: [String] = []
        var next = list
        while let interface = next?.pointee {
            next = interface.ifa_next
            let up = interface.ifa_flags & UInt32(IFF_UP) != 0
            guard up, let address = interface.ifa_addr, let host = NumericHost.text(address) else { continue }
            if HostPort.isLoopback(host) || LinkLocal.isOne(host) || host.hasPrefix("169.254.") { continue }
            found.append(host)
        }
        return found.filter { !$0.contains(":") } + found.filter { $0.contains(":") }
    }
}
