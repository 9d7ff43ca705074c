/// The worker's side of the membership protocol as a value: events in, directives out; no clock, no I/O, no task.
///
///     dialling ─▶ greeted ─ welcome ─▶ preparing ─▶ ready ─ view ─▶ linking ─▶ running ─ stop ─▶ ended
///                                                     ▲                │          │
///                                                     └──── newer view ┴──────────┘
///
/// It only checks the order of things and decides who must do what; the engine does the arithmetic.
public struct WorkerMachine: Sendable {
    enum Stage: Sendable, Equatable { case dialling, greeted, receivingState, preparing, ready, linking, running, ended }

    var stage = Stage.dialling
    /// The view this worker belongs to; 0 before the first.
    public private(set) var view: UInt64 = 0
    /// The highest generation of a coordinator it has obeyed; a lower one is an old coordinator that came back.
    public private(set) var generation: UInt64 = 0
    private var expectedStep: UInt64?
    private var stateBytes: UInt64 = 0
    private var receivedBytes: UInt64 = 0
    private var phases: UInt64 = 1
    private var heard: Duration?
    private var lastTick: Duration?

    /// The coordinator sends a heartbeat a second; a worker that hears nothing for so long gives it up.
    public static let silence: Duration = .seconds(8)

    public init() {}

    public var hasEnded: Bool { stage == .ended }

    /// What is to be done about an event.
    public mutating func handle(_ event: WorkerEvent) -> [WorkerDirective] {
        guard stage != .ended else { return [] }
        switch event {
        case .connected:
            stage = .greeted
            return [.sayHello]
        case .welcome(let generation, let stateBytes): return welcome(generation, stateBytes)
        case .refused(let reason): return end(.refused(reason))
        case .state(let offset, let count): return state(offset, count)
        case .prepared(let applied, let phases):
            guard stage == .preparing else { return confused("a prepared replica while \(stage)") }
            self.phases = phases
            expectedStep = applied / phases
            stage = .ready
            return [.sayReady]
        case .view(let number, let applied): return join(number, applied)
        case .linksUp(let number):
            guard stage == .linking, number == view else { return [] }  // of a view that is over
            stage = .running
            return [.sayLinksUp(view: view)]
        case .linkFailed(let number, let suspect, let reason, let dialling):
            guard number == view else { return [] }
            // The coordinator gives the verdict; until then this worker stands still with what it has applied.
            stage = .ready
            return [.abandonLinks, .sayLinkFailed(view: view, suspect: suspect, reason: reason, dialling: dialling)]
        case .batch(let step): return batch(step)
        case .snapshotRequest(let step): return snapshot(step)
        case .stop(let reason, let failed): return end(failed ? .runFailed(reason) : .done)
        case .leaveRequested(let reason): return [.sayFarewell(reason: reason, leaving: true)]
        case .failed(let reason, let common):
            return [.abandonLinks, .sayFarewell(reason: reason, leaving: false, common: common)] + end(.failed(reason))
        case .disconnected(let reason):
            return end(stage == .greeted || stage == .dialling ? .noCoordinator(reason) : .lostCoordinator(reason))
        case .heard(let now):
            heard = now
            return []
        case .tick(let now): return tick(now)
        }
    }

    /// Late by itself (this process was stopped), a worker restarts its clock instead of judging.
    private mutating func tick(_ now: Duration) -> [WorkerDirective] {
        defer { lastTick = now }
        if heard == nil { heard = now }
        if let lastTick, now - lastTick > CoordinatorMachine.lateTick { heard = now }
        guard let heard, now - heard > Self.silence else { return [] }
        return end(
            .lostCoordinator("it has been silent for \((now - heard).components.seconds) s: stopped, swapped out or cut off"))
    }

    private mutating func welcome(_ generation: UInt64, _ stateBytes: UInt64) -> [WorkerDirective] {
        guard stage == .greeted else { return confused("a welcome while \(stage)") }
        guard generation >= self.generation else {
            return end(
                .failed(
                    "the coordinator is an old one (generation \(generation), this worker has obeyed \(self.generation)); end that process"
                ))
        }
        self.generation = generation
        self.stateBytes = stateBytes
        receivedBytes = 0
        stage = stateBytes > 0 ? .receivingState : .preparing
        return stateBytes > 0 ? [] : [.prepare]
    }

    private mutating func state(_ offset: UInt64, _ count: UInt64) -> [WorkerDirective] {
        guard stage == .receivingState, offset == receivedBytes, count > 0, offset + count <= stateBytes else {
            return confused("a piece of state at \(offset) where \(receivedBytes) of \(stateBytes) was due")
        }
        receivedBytes += count
        guard receivedBytes == stateBytes else { return [] }
        stage = .preparing
        return [.prepare]
    }

    private mutating func join(_ number: UInt64, _ applied: UInt64) -> [WorkerDirective] {
        guard stage == .ready || stage == .linking || stage == .running else { return confused("a view while \(stage)") }
        guard number > view else { return confused("view \(number) after view \(view)") }
        guard let expectedStep, applied == expectedStep * phases else {
            return confused("a view that begins at phase \(applied) for a replica at step \(expectedStep ?? 0)")
        }
        view = number
        stage = .linking
        return [.abandonLinks, .dial(view: number)]
    }

    private mutating func batch(_ step: UInt64) -> [WorkerDirective] {
        // A link of this view broke: the batches still on their way belong to a view that will not go on.
        if stage == .ready { return [] }
        guard stage == .running || stage == .linking, step == expectedStep else {
            return confused("the images of step \(step) where step \(expectedStep ?? 0) was due")
        }
        expectedStep = step + 1
        return [.run(step: step)]
    }

    private mutating func snapshot(_ step: UInt64) -> [WorkerDirective] {
        if stage == .ready { return [] }
        guard stage == .running || stage == .linking, step == expectedStep else {
            return confused("a request for the state after \(step) steps where \(expectedStep ?? 0) are due")
        }
        return [.copyState(step: step)]
    }

    private mutating func end(_ ending: WorkerEnding) -> [WorkerDirective] {
        stage = .ended
        return [.abandonLinks, .exit(ending)]
    }

    private mutating func confused(_ what: String) -> [WorkerDirective] {
        let reason = "the coordinator broke the protocol: it sent \(what); are both of the same build?"
        return [.abandonLinks, .sayFarewell(reason: reason, leaving: false)] + end(.failed(reason))
    }
}

/// What happens to a worker.
public enum WorkerEvent: Sendable, Equatable {
    case connected
    case welcome(generation: UInt64, stateBytes: UInt64)
    case refused(String)
    /// A piece of the state stream arrived.
    case state(offset: UInt64, count: UInt64)
    /// The replica is built and probed, `applied` phases old.
    case prepared(applied: UInt64, phases: UInt64)
    case view(number: UInt64, applied: UInt64)
    case linksUp(view: UInt64)
    /// `suspect` is a rank, -1 the summation server.
    case linkFailed(view: UInt64, suspect: Int32, reason: String, dialling: Bool)
    case batch(step: UInt64)
    case snapshotRequest(step: UInt64)
    case stop(reason: String, failed: Bool)
    /// A signal asks this worker to leave.
    case leaveRequested(reason: String)
    /// The engine cannot go on.
    case failed(reason: String, common: Bool = false)
    case disconnected(reason: String)
    /// A frame of the coordinator arrived.
    case heard(at: Duration)
    /// Time passes; once a second.
    case tick(at: Duration)
}

/// What the worker's shell must do, in the order given.
public enum WorkerDirective: Sendable, Equatable {
    case sayHello
    /// Build the replica from the configuration (and the received state) and probe the products.
    case prepare
    case sayReady
    /// Wake and end everything that hangs on the gradient links of the old view.
    case abandonLinks
    case dial(view: UInt64)
    case sayLinksUp(view: UInt64)
    case sayLinkFailed(view: UInt64, suspect: Int32, reason: String, dialling: Bool)
    case run(step: UInt64)
    case copyState(step: UInt64)
    case sayFarewell(reason: String, leaving: Bool, common: Bool = false)
    case exit(WorkerEnding)
}

/// How a worker's part ended, and with which exit status.
public enum WorkerEnding: Sendable, Equatable {
    /// The run is done, or was stopped at a boundary.
    case done
    /// The coordinator does not take it.
    case refused(String)
    /// The run failed elsewhere.
    case runFailed(String)
    case lostCoordinator(String)
    /// Whoever listens there does not speak as a coordinator.
    case noCoordinator(String)
    /// This worker failed.
    case failed(String)

    /// By the contract: 0 done, 78 refused, 1 otherwise.
    public var exitStatus: Int32 {
        switch self {
        case .done: 0
        case .refused: 78
        case .runFailed, .lostCoordinator, .noCoordinator, .failed: 1
        }
    }

    /// One sentence for standard error; nil where nothing went wrong.
    public var sentence: String? {
        switch self {
        case .done: nil
        case .refused(let reason): "the coordinator refused this worker: \(reason)"
        case .runFailed(let reason): "the run ended: \(reason)"
        case .lostCoordinator(let reason):
            "the coordinator is gone: \(reason); its run goes on from the newest checkpoint with `lockstep resume`"
        case .noCoordinator(let reason):
            "no answer to the hello: \(reason); is it a Lockstep coordinator of this build that listens there?"
        case .failed(let reason): reason
        }
    }
}
