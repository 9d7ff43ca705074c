/// The coordinator's side of the membership protocol as a value: events in, directives out; no clock, no I/O, no task.
///
///     gathering ── enough workers ready ──▶ linking(view) ── all links up ──▶ running ── stop ──▶ draining
///         ▲                                      │                              │                   │
///         └────────── a member was lost ─────────┘                              └── last step ──▶ closing ──▶ ended
///
/// A batch is also the permission to run its step, so a boundary at which everybody stands still is made by sending
/// no further batch, and a snapshot request that follows a batch on the connection is a snapshot at that boundary.
public struct CoordinatorMachine: Sendable {
    /// Steps whose images are sent ahead of the slowest member.
    public static let window: UInt64 = 4
    /// Snapshots that may be asked for and not yet stored: past it no batch is sent, so that a run never outruns its disk
    /// and its evaluation, and memory holds a few states at most.
    public static let pendingSnapshots = 2
    /// How long the run waits for its full number of workers before it starts with the least it may.
    public static let patience: Duration = .seconds(10)

    enum Stage: Sendable, Equatable {
        case gathering
        case linking(since: Duration)
        case running
        /// No further batch is sent; the run ends when all that were sent are done.
        case draining(reason: String)
        /// Every step is done; the last snapshot is awaited.
        case closing(reason: String?)
        case ended
    }

    struct Worker: Sendable, Equatable {
        enum Standing: Sendable, Equatable { case preparing, ready, linked }
        var number: UInt32
        var identity: WorkerIdentity
        var standing = Standing.preparing
        var fingerprint: [UInt8] = []
        var stateDigest: [UInt8] = []
        /// Steps it has reported.
        var reported: UInt64
        var applied: UInt64
        var contributed: UInt64
        var work: UInt64 = 0
        var heard: Duration
        var worked: Duration
    }

    public let plan: RunPlan
    var stage = Stage.gathering
    var workers: [ConnectionID: Worker] = [:]
    var refused: Set<ConnectionID> = []
    /// Connections in order of rank in the present view.
    var ranks: [ConnectionID] = []
    var numbered: UInt32 = 0
    var began: Duration?
    var lastTick: Duration?
    var announcedWait: Duration?
    /// The present view; 0 before the first.
    public internal(set) var view: UInt64
    /// Steps whose batches were sent.
    public internal(set) var sent: UInt64
    /// Steps that every member has applied.
    public internal(set) var completed: UInt64
    /// The first chain hash reported for each step that is not complete.
    var chains: [UInt64: (chain: UInt64, from: ConnectionID)] = [:]
    /// Snapshots asked for and not yet stored.
    var pending: [UInt64: SnapshotPurposes] = [:]
    var snapshotSource: ConnectionID?
    /// Steps whose snapshot is where it was wanted.
    var storedSteps: Set<UInt64> = []
    var lastCheckpoint: Duration = .zero
    var suspicions: [Suspicion] = []
    /// Causes of death of child processes, by pid.
    var causes: [UInt32: String] = [:]

    /// A machine for a run; `view` is the last one an earlier coordinator of the run has used.
    public init(plan: RunPlan, view: UInt64 = 0) {
        self.plan = plan
        self.view = view
        sent = plan.firstStep
        completed = plan.firstStep
    }

    /// True once no directive will follow but for refusals.
    public var hasEnded: Bool { stage == .ended }

    /// Live members of the present view.
    public var worldSize: Int { ranks.count }

    /// What is to be done about an event that happened at `now` (monotonic, any origin).
    public mutating func handle(_ event: CoordinatorEvent, at now: Duration) -> [CoordinatorDirective] {
        if began == nil { began = now }
        if let heard = event.sender { workers[heard]?.heard = now }
        switch event {
        case .hello(let connection, let identity): return greet(connection, identity, now)
        case .ready(let connection, let fingerprint, let digest): return ready(connection, fingerprint, digest, now)
        case .linksUp(let connection, let number): return linksUp(connection, number, now)
        case .linkFailed(let connection, let number, let suspect, let reason, let dialling):
            return linkFailed(connection, number, suspect, reason, dialling)
        case .stepReport(let connection, let step, let chain): return report(connection, step, chain, now)
        case .heartbeat(let connection, let work, let applied, let contributed):
            heartbeat(connection, work, applied, contributed, now)
            return []
        case .farewell(_, let reason, _, true): return fail(reason)
        case .farewell(let connection, let reason, let leaving, _): return farewell(connection, reason, leaving, now)
        case .closed(let connection, let reason): return closed(connection, reason, now)
        case .childExited(let pid, let cause): return childExited(pid, cause, now)
        case .snapshotStored(let step): return stored(step, now)
        case .snapshotFailed(let step, let reason): return snapshotFailed(step, reason)
        case .stopRequested(let reason): return stopRequested(reason, now)
        case .failed(let reason): return fail(reason)
        case .tick: return tick(now)
        }
    }

    /// Ends the run with a sentence; every worker is told.
    mutating func fail(_ reason: String) -> [CoordinatorDirective] {
        guard stage != .ended else { return [] }
        stage = .ended
        return [.stop(workers.keys.sorted(), reason: reason, failed: true), .end(.failed(reason: reason))]
    }

    /// "worker 2 (host alpha, pid 4711, rank 1)": how every sentence names a worker.
    func name(_ connection: ConnectionID) -> String {
        guard let worker = workers[connection] else { return "\(connection)" }
        let rank = ranks.firstIndex(of: connection).map { ", rank \($0)" } ?? ""
        return "worker \(worker.number) (host \(worker.identity.host), pid \(worker.identity.pid)\(rank))"
    }
}

extension CoordinatorEvent {
    /// The connection whose frame this is: a sign of life.
    var sender: ConnectionID? {
        switch self {
        case .hello(let id, _), .ready(let id, _, _), .linksUp(let id, _), .linkFailed(let id, _, _, _, _),
            .stepReport(let id, _, _), .heartbeat(let id, _, _, _), .farewell(let id, _, _, _):
            return id
        case .closed, .childExited, .snapshotStored, .snapshotFailed, .stopRequested, .failed, .tick: return nil
        }
    }
}
