/// Why a worker, or a summation server, was lost: what was found, with its numbers. `LossCause+Words.swift` says it.
public enum LossCause: Sendable, Equatable {
    /// Its connection ended; what the network says of that.
    case closed(String)
    /// The same, before it had answered its welcome for so many seconds.
    case closedUnwelcomed(String, seconds: Int64)
    /// The same process, or place, has dialled anew.
    case dialledAnew
    /// Nothing was heard of it for so long.
    case silent(seconds: Int64)
    /// It answers, and what is due has not come for so long.
    case stuck(Due, seconds: Int64)
    /// Its gradient links did not come up in time.
    case linksDown
    /// Gradient links to a summation server fail while it answers.
    case linksFail
    /// It said itself that it cannot go on.
    case gaveUp(String)
    /// It said or sent what cannot be.
    case brokeProtocol(String)
    /// It was sent a state, and does not stand there; the place in words.
    case notLevel(String)
    /// What it handed to another could not be used; the other's name in words.
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

    /// The cause's name in `metrics.jsonl`, beside the sentence: never changed.
    ///
    /// - Parameter end: what the operating system says of the process; it goes before what was found without it.
    public func name(_ end: ChildEnd?) -> String {
        switch end?.kind {
        case .killed: return "killed"
        case .exited: return "exited"
        case nil: break
        }
        switch self {
        case .closed, .closedUnwelcomed, .dialledAnew, .linksDown, .linksFail: return "cut-off"
        case .silent: return "silent"
        case .stuck, .late: return "stuck"
        case .gaveUp: return "exited"
        case .brokeProtocol, .notLevel, .unusable: return "refused"
        }
    }
}
