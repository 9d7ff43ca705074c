import Wire

/// Who is at an end of a gradient link.
public enum LinkEnd: Sendable, Hashable, CustomStringConvertible {
    /// The member of this rank.
    case worker(Int)
    /// The summation server of this number among those of its view.
    case server(Int)

    public var rank: Int? {
        switch self {
        case .worker(let rank): rank
        case .server: nil
        }
    }

    /// The number of a summation server.
    public var server: Int? {
        switch self {
        case .worker: nil
        case .server(let number): number
        }
    }

    public var description: String {
        switch self {
        case .worker(let rank): "rank \(rank)"
        case .server(0): "the summation server"
        case .server(let number): "summation server \(number + 1)"
        }
    }

    var number: UInt32 {
        switch self {
        case .worker(let rank): UInt32(rank)
        case .server(let number): .max - UInt32(number)
        }
    }

    init(number: UInt32) {
        let servers = UInt32.max - UInt32(Limits.servers)
        self = number > servers ? .server(Int(.max - number)) : .worker(Int(number))
    }
}
