/// HOST:PORT as a person types it; IPv6 in brackets.
public struct HostPort: Sendable, Hashable, CustomStringConvertible {
    public var host: String
    public var port: Int

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Reads "host:port", "[::1]:7000", ":7000" (every address) or, where `defaultPort` is given, "host".
    ///
    /// - Throws: `WrongHostPort` that shows the right form.
    public init(parsing text: String, defaultPort: Int? = nil) throws {
        let wrong = WrongHostPort("\"\(text)\" is no HOST:PORT; write for example 192.168.1.10:7700 or [fd00::10]:7700")
        var host = text[...]
        var port: Substring?
        if text.hasPrefix("[") {
            guard let close = text.firstIndex(of: "]") else { throw wrong }
            host = text[text.index(after: text.startIndex)..<close]
            let rest = text[text.index(after: close)...]
            if !rest.isEmpty {
                guard rest.first == ":" else { throw wrong }
                port = rest.dropFirst()
            }
        } else if let colon = text.lastIndex(of: ":") {
            guard text.firstIndex(of: ":") == colon else { throw wrong }
            host = text[..<colon]
            port = text[text.index(after: colon)...]
        }
        if let port, !port.isEmpty, port.utf8.allSatisfy({ (0x30...0x39).contains($0) }), Int(port).map({ $0 > 65535 }) ?? true {
            throw WrongHostPort("\"\(text)\" has \(port) for its port; ports are 0 to 65535")
        }
        guard let number = port.map({ Int($0) }) ?? defaultPort, (0...65535).contains(number) else { throw wrong }
        guard !host.isEmpty || port != nil, host.utf8.allSatisfy(Self.isPartOfHost) else { throw wrong }
        self.init(host: host.isEmpty ? "0.0.0.0" : String(host), port: number)
    }

    /// What names and numeric addresses are made of: visible ASCII without brackets (`fe80::1%eth0` has the rest).
    private static func isPartOfHost(_ byte: UInt8) -> Bool {
        (0x21...0x7E).contains(byte) && byte != UInt8(ascii: "[") && byte != UInt8(ascii: "]")
    }

    public var description: String {
        // An IPv4 peer of a listener for both families is known by its IPv4 address.
        let end = host.dropFirst("::ffff:".count)
        if host.hasPrefix("::ffff:"), end.contains("."), !end.contains(":") { return "\(end):\(port)" }
        return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    /// The part that can be listened on but not dialled; nil where the whole can be dialled.
    public var undialable: String? {
        if port == 0 { return "port 0" }
        return host == "0.0.0.0" || host == "::" || host == "0" ? "every address for its host" : nil
    }

    /// True for addresses that never leave this machine.
    public var isLoopback: Bool { Self.isLoopback(host) }

    /// True for "localhost", 127.0.0.0/8 and ::1; another name may stand for anything, also one that begins with 127.
    public static func isLoopback(_ host: String) -> Bool {
        if host == "localhost" || host == "::1" { return true }
        let digits = host.hasPrefix("::ffff:") ? host.dropFirst("::ffff:".count) : host[...]
        return digits.hasPrefix("127.") && digits.utf8.allSatisfy { $0 == UInt8(ascii: ".") || (0x30...0x39).contains($0) }
    }
}

/// A text that is no HOST:PORT, with the right form.
public struct WrongHostPort: Error, CustomStringConvertible, Sendable {
    public let description: String

    init(_ description: String) { self.description = description }
}
