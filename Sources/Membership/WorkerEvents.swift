/// What happens to a worker.
public enum WorkerEvent: Sendable, Equatable {
    /// Connected to the coordinator's address, and each side has shown the other that it belongs to the run.
    case connected
    /// A try to connect failed.
    case dialFailed(reason: String)
    /// `leader` is the coordinator's random name; the mark is a place on the run's way that its records know.
    case welcome(run: String, generation: UInt64, leader: UInt64 = 0, mark: ChainMark? = nil, orphanPatience: Duration)
    case refused(String)
    /// The engine has done a step, after which the chain hash is this.
    case stepped(ChainMark)
    /// It is not this worker's coordinator: another token, another protocol.
    case unfit(String)
    /// The replica is built and probed.
    case prepared(Position, phases: UInt64)
    /// The coordinator ends the view and asks where this worker stands.
    case halt(order: UInt64)
    /// The engine stands still.
    case stood(order: UInt64, Position)
    /// The sum of the phase that makes `applied` is wanted by members one phase behind.
    case sumRequest(order: UInt64, applied: UInt64)
    /// A piece of that sum arrived, or of a state.
    case sumPiece(order: UInt64, applied: UInt64, offset: UInt64, count: UInt64, total: UInt64)
    case statePiece(order: UInt64, offset: UInt64, count: UInt64, total: UInt64)
    case view(number: UInt64, applied: UInt64)
    case linksUp(view: UInt64)
    case linkFailed(view: UInt64, LinkReport)
    case batch(step: UInt64, view: UInt64)
    /// `order` not 0: others wait for this state.
    case snapshotRequest(step: UInt64, order: UInt64, view: UInt64)
    case stop(reason: String, failed: Bool)
    /// A signal asks this worker to leave.
    case leaveRequested(reason: String)
    /// The engine cannot go on.
    case failed(reason: String, common: Bool = false)
    case disconnected(reason: String)
    /// A frame of the coordinator arrived.
    case heard
    /// Time passes; once a second or more often.
    case tick
}

/// What the worker's shell must do, in the order given.
public enum WorkerDirective: Sendable, Equatable {
    /// Dial the coordinator, with growing pauses, until it is reached.
    case dial
    /// Introduce itself, with the state it holds.
    case sayHello(held: HeldState?)
    /// Build the replica from the configuration and probe the products.
    case prepare
    /// Keep the replica; take over what else the welcome says, and say ready.
    case takeUp
    case sayReady(Position)
    /// Wake and end everything that hangs on the gradient links of the old view.
    case abandonLinks
    /// Stand still behind the work at hand, drop the rest, and say where.
    case stand(order: UInt64)
    case sayPosition(order: UInt64, Position)
    case sendSum(order: UInt64, applied: UInt64)
    /// Apply the phase whose sum has arrived.
    case applySum(order: UInt64, applied: UInt64)
    /// Take on the state that has arrived.
    case restore(order: UInt64)
    case join(view: UInt64)
    case sayLinksUp(view: UInt64)
    case sayLinkFailed(view: UInt64, LinkReport)
    case run(step: UInt64)
    case copyState(step: UInt64, order: UInt64)
    case sayFarewell(reason: String, leaving: Bool, common: Bool = false)
    case hangUp
    case exit(WorkerEnding)
    case log(LogLevel, String)
}

/// How a worker's part ended, and with which exit status.
public enum WorkerEnding: Sendable, Equatable {
    /// The run is done, was stopped at a boundary, or the worker left as it was asked to.
    case done
    /// The coordinator does not take it.
    case refused(String)
    /// It does not take the coordinator.
    case unfit(String)
    /// The run failed elsewhere.
    case runFailed(String)
    /// The coordinator is gone and did not come back in time.
    case lostCoordinator(String)
    /// No coordinator was ever found.
    case noCoordinator(String)
    /// This worker failed.
    case failed(String)

    /// The worker dialled in vain for so long, the last time for this reason.
    package static func neverFound(_ reason: String, within limit: Duration) -> WorkerEnding {
        .noCoordinator(
            "no coordinator was found within \(text(limit)) (\(reason)); check the address and port, that the coordinator runs, and firewalls; --connect-timeout sets how long to try"
        )
    }

    /// The worker was in the run, and dialled in vain for so long.
    package static func neverBack(_ reason: String, within limit: Duration) -> WorkerEnding {
        .lostCoordinator("\(reason), and it did not come back within \(text(limit))")
    }

    static func text(_ duration: Duration) -> String {
        let seconds = (duration / .seconds(1)).rounded()
        return seconds >= 120 ? "\(Int(seconds / 60)) min" : "\(Int(seconds)) s"
    }

    /// By the contract: 0 done, 78 refused, 1 otherwise.
    public var exitStatus: Int32 {
        switch self {
        case .done: 0
        case .refused, .unfit: 78
        case .runFailed, .lostCoordinator, .noCoordinator, .failed: 1
        }
    }

    /// One sentence for standard error; nil where nothing went wrong.
    public var sentence: String? { sentence(of: "worker") }

    /// The same sentence for a process with another part in the run.
    public func sentence(of role: String) -> String? {
        switch self {
        case .done: nil
        case .refused(let reason): "the coordinator refused this \(role): \(reason)"
        case .runFailed(let reason): "the run ended: \(reason)"
        case .lostCoordinator(let reason):
            "the coordinator is gone: \(reason); start it again with the same line, and workers with it: the run goes on from its newest checkpoint"
        case .noCoordinator(let reason), .unfit(let reason), .failed(let reason): reason
        }
    }
}
