/// Why a worker, or a summation server, was lost: what was found, with its numbers. `LossCause+Words.swift` says it.
public enum LossCause: Sendable, Equatable {
    /// Its connection ended; what the network says of that.
    case closed(String)
    /// The same before it had said anything on its welcome, for so many seconds.
    case closedUnwelcomed(String, seconds: Int64)
    /// The same process, or place, has dialled anew.
    case dialledAnew
    /// Nothing was heard of it for so long.
    case silent(seconds: Int64)
    /// It answers, and what is due has not come for so long.
    case stuck(Due, seconds: Int64)
    /// Its gradient links did not come up in time.
    case linksDown
    /// Gradient links to it fail while it answers; of a summation server.
    case linksFail
    /// Its own word.
    case gaveUp(String)
    /// It said or sent what cannot be.
    case brokeProtocol(String)
    /// It was sent a state, and does not stand there; the place in words.
    case notLevel(String)
    /// What it handed to another could not be used; that one in words.
    case unusable(String)
    /// The run stops, and it has not said that it is ready.
    case late

    /// What a worker owes.
    public enum Due: Sendable, Equatable {
        /// To take the run up with the state that it says it brings.
        case takeUp
        /// To prepare; what may be in its way, in words.
        case preparation(advice: String)
        case contribution
        /// To stand still, and say where.
        case standstill
        /// To say where it stands, although it works.
        case position
        /// To take in what it is sent.
        case level
        /// To send the state.
        case state
        /// To come to an end with what it works on.
        case progress
    }

    /// How it stands in `metrics.jsonl`, beside the sentence: never changed.
    ///
    /// - Parameter end: the operating system's word on the process.
    public func name(_ end: ChildEnd?) -> String {
        switch self {
        case .closed, .closedUnwelcomed, .dialledAnew:
            switch end?.kind {
            case .killed: "killed"
            case .exited: "exited"
            case nil: "cut-off"
            }
        case .silent: "silent"
        case .stuck, .late: "stuck"
        case .linksDown, .linksFail: "cut-off"
        case .gaveUp: "exited"
        case .brokeProtocol, .notLevel, .unusable: "refused"
        }
    }
}

/// How a process ended, by the operating system's word.
public struct ChildEnd: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        case exited(Int32)
        case killed(signal: Int32)
    }

    public var kind: Kind
    /// For a person.
    public var words: String

    public init(_ kind: Kind, words: String) {
        self.kind = kind
        self.words = words
    }

    /// It did what it was there for.
    public var isClean: Bool { kind == .exited(0) }

    /// From a line that another process has written.
    public init?(line: some StringProtocol) {
        let parts = line.split(separator: " ", maxSplits: 2)
        guard parts.count == 3, let number = Int32(parts[1]) else { return nil }
        switch parts[0] {
        case "exited": kind = .exited(number)
        case "killed": kind = .killed(signal: number)
        default: return nil
        }
        words = String(parts[2])
    }

    /// For another process.
    public var line: String {
        switch kind {
        case .exited(let status): "exited \(status) \(words)"
        case .killed(let signal): "killed \(signal) \(words)"
        }
    }
}
