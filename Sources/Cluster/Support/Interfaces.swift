import Glibc
import Wire

/// The network interfaces of this machine.
enum Interfaces {
    /// Of interfaces that are up, IPv4 first; loopback and addresses that mean something else on every link are left out.
    static func addresses() -> [String] {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return [] }
        defer { freeifaddrs(list) }
        var found: [String] = []
        var next = list
        while let interface = next?.pointee {
            next = interface.ifa_next
            let up = interface.ifa_flags & UInt32(IFF_UP) != 0
            guard up, let address = interface.ifa_addr, [AF_INET, AF_INET6].contains(Int32(address.pointee.sa_family)) else {
                continue
            }
            let size =
                Int32(address.pointee.sa_family) == AF_INET ? MemoryLayout<sockaddr_in>.size : MemoryLayout<sockaddr_in6>.size
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            guard getnameinfo(address, socklen_t(size), &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0 else { continue }
            let host = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if HostPort.isLoopback(host) || LinkLocal.isOne(host) || host.hasPrefix("169.254.") { continue }
            found.append(host)
        }
        return found.filter { !$0.contains(":") } + found.filter { $0.contains(":") }
    }
}
