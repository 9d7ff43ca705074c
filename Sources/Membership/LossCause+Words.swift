/// What a person reads of a loss.
extension LossCause {
    /// With the operating system's word on the process, where it has one.
    public func words(_ end: ChildEnd?) -> String { words + (end.map { ", \($0.words)" } ?? "") }

    public var words: String {
        switch self {
        case .closed(let reason): reason
        case .closedUnwelcomed(let reason, let seconds):
            "\(reason), and had said nothing for \(seconds) s on its welcome, the first message of more than one packet: does the way to it lose large packets?"
        case .dialledAnew: "it dialled anew"
        case .silent(let seconds): "it has been silent for \(seconds) s (stopped, swapped out or cut off)"
        case .stuck(let due, let seconds): due.words(seconds)
        case .linksDown: "its gradient links did not come up within \(CoordinatorMachine.linkPatience)"
        case .linksFail:
            "gradient links to it fail while it answers this coordinator: look at the network between it and the workers"
        case .gaveUp(let reason): "it cannot go on: \(reason)"
        case .brokeProtocol(let what): "it broke the protocol: \(what)"
        case .notLevel(let place): "it was sent the state at \(place) and does not stand there"
        case .unusable(let whom): "what it handed to \(whom) could not be used"
        case .late: "the run stops, and it has not said that it is ready"
        }
    }
}

extension LossCause.Due {
    fileprivate func words(_ seconds: Int64) -> String {
        switch self {
        case .takeUp: "it says that it brings a state, and has not taken the run up for \(seconds) s"
        case .preparation(let advice):
            "it has prepared for \(seconds) s and shows no work: its host is short of memory, or overloaded\(advice)"
        case .contribution: "it answers but has computed nothing for \(seconds) s"
        case .standstill: "it was asked to stand still and has not said where for \(seconds) s"
        case .position: "it answers, and has not said where it stands for \(seconds) s"
        case .level: "it is being brought level and has moved nothing for \(seconds) s"
        case .state: "it was asked for the state and has sent none of it for \(seconds) s"
        case .progress: "it says that it works, and nothing has come of it for \(seconds) s"
        }
    }
}
