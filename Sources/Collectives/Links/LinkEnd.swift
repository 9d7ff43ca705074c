/// Who is at an end of a gradient link.
public enum LinkEnd: Sendable, Hashable, CustomStringConvertible {
    /// The member of this rank.
    case worker(Int)
    /// The summation server.
    case server

    public var rank: Int? {
        switch self {
        case .worker(let rank): rank
        case .server: nil
        }
    }

    public var description: String {
        switch self {
        case .worker(let rank): "rank \(rank)"
        case .server: "the summation server"
        }
    }

    var number: UInt32 {
        switch self {
        case .worker(let rank): UInt32(rank)
        case .server: .max
        }
    }

    init(number: UInt32) {
        self = number == .max ? .server : .worker(Int(number))
    }
}

/// Where a peer may be dialled: a numeric address or a name.
public struct LinkAddress: Sendable, Hashable, CustomStringConvertible {
    public var host: String
    public var port: Int

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
