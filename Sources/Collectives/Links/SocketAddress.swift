import Glibc
import Wire

/// A resolved IPv4 or IPv6 address with its port.
struct SocketAddress: Sendable, CustomStringConvertible {
    private var storage: sockaddr_storage
    private let length: socklen_t

    var family: Int32 { Int32(storage.ss_family) }

    /// The addresses of a host, at most `limit`; throws the resolver's reason. Waits as long as the resolver does, unless
    /// `numericOnly`: `NameLookup` has a deadline.
    static func resolve(
        _ address: HostPort, passive: Bool, limit: Int, numericOnly: Bool = false
    ) throws(ResolutionError) -> [SocketAddress] {
        guard (0...65535).contains(address.port) else { throw ResolutionError(reason: "no port \(address.port)") }
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICSERV | (passive ? AI_PASSIVE : 0) | (numericOnly ? AI_NUMERICHOST : 0)
        var list: UnsafeMutablePointer<addrinfo>?
        let result = getaddrinfo(address.host.isEmpty ? nil : address.host, String(address.port), &hints, &list)
        guard result == 0 else { throw ResolutionError(reason: String(cString: gai_strerror(result))) }
        defer { freeaddrinfo(list) }
        var found: [SocketAddress] = []
        var next = list
        while let info = next?.pointee, found.count < limit {
            if info.ai_family == AF_INET || info.ai_family == AF_INET6, let address = info.ai_addr {
                found.append(SocketAddress(address, length: info.ai_addrlen))
            }
            next = info.ai_next
        }
        guard !found.isEmpty else { throw ResolutionError(reason: "it has no IPv4 or IPv6 address") }
        return found
    }

    struct ResolutionError: Error { let reason: String }

    init(_ address: UnsafePointer<sockaddr>, length: socklen_t) {
        var storage = sockaddr_storage()
        withUnsafeMutableBytes(of: &storage) {
            $0.copyMemory(from: UnsafeRawBufferPointer(start: address, count: min(Int(length), $0.count)))
        }
        self.storage = storage
        self.length = length
    }

    private init?(of descriptor: Int32, _ call: (Int32, UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32) {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { call(descriptor, $0, &length) }
        }
        guard result == 0 else { return nil }
        self.storage = storage
        self.length = length
    }

    static func local(of socket: Socket) -> SocketAddress? { SocketAddress(of: socket.descriptor) { getsockname($0, $1, $2) } }
    static func remote(of socket: Socket) -> SocketAddress? { SocketAddress(of: socket.descriptor) { getpeername($0, $1, $2) } }

    func withSocketAddress<R>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
        withUnsafePointer(to: storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }

    private var parts: (host: String, port: String) {
        var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        var port = [CChar](repeating: 0, count: 16)
        let result = withSocketAddress {
            getnameinfo(
                $0, $1, &host, socklen_t(host.count), &port, socklen_t(port.count), NI_NUMERICHOST | NI_NUMERICSERV)
        }
        guard result == 0 else { return ("?", "?") }
        func text(_ characters: [CChar]) -> String {
            String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        return (text(host), text(port))
    }

    var host: String { parts.host }
    var port: Int { Int(parts.port) ?? 0 }

    var description: String { HostPort(host: host, port: port).description }
}
