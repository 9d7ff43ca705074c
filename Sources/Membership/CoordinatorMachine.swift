/// The coordinator's side of the membership protocol as a value: events in, directives out; no clock, no I/O, no task.
///
///     gathering ── enough ──▶ regrouping ── all level ──▶ linking(view) ── all links up ──▶ running ──▶ ended
///         ▲                    ▲     │                        │                               │
///         └─ no member is left ┴─────┴── a member was lost, a link broke, somebody joins ─────┘
///
/// A batch is also the permission to run its step, so a boundary at which everybody stands still is made by sending
/// no further batch, and a snapshot request that follows a batch on the connection is a snapshot at that boundary.
///
/// Every change of the membership goes the same way. The members are halted and say where they stand. The highest phase that any of
/// them has applied is the truth (with none of them left, the newest checkpoint). A worker that is one phase behind gets that phase's
/// sum; a worker that has nothing gets the state, at a boundary. Then a new view begins there.
public struct CoordinatorMachine: Sendable {
    /// Steps whose images are sent ahead of the slowest member.
    public static let window: UInt64 = 4
    /// Snapshots that may be asked for and not yet stored: past it no batch is sent, so that a run never outruns its disk
    /// and its evaluation, and memory holds a few states at most.
    public static let pendingSnapshots = 2
    /// How long the run waits for its full number of workers before it starts with the least it may.
    public static let patience: Duration = .seconds(10)
    /// How long it waits, when workers come back, for one whose state saves the run from doing phases again.
    public static let regatherPatience: Duration = .seconds(1)
    /// How long it waits for more of them where nothing is to be done again: latecomers join at the next boundary.
    public static let latecomerPatience: Duration = .milliseconds(300)

    package struct Worker: Sendable {
        package enum Standing: Sendable, Equatable {
            /// Builds its replica and probes its products.
            case preparing
            /// Stands still at a known position, in no view.
            case still
            /// Was asked to stand still.
            case halting
            /// Is being sent a sum or a state, or streams its own.
            case levelling
            /// Dials the links of the present view.
            case linking
            /// A member with all its links.
            case linked
        }
        /// Never used again; links and failures are counted by it.
        var number: UInt32
        /// The number used in sentences and file names.
        var label: UInt32
        package var identity: WorkerIdentity
        package var standing = Standing.preparing
        var fingerprint: [UInt8] = []
        package var position: Position
        /// The halt or levelling it has yet to answer, and since when it has been at one.
        var order: UInt64 = 0
        var asked: Duration = .zero
        /// The position to which the state or sum sent to this worker brings it; the chain hash is 0 where that is the checkpoint's.
        var promised: ChainMark?
        var rank: Int?
        /// It has been a member of a view of this coordinator.
        var wasMember = false
        /// It may hold what counts: it came before any view of this coordinator, or its process has been in one.
        var mayHoldTruth = false
        var leaving = false
        /// It has said something that shows that its welcome has come.
        var isWelcomed = false
        /// Said that it cannot go on, and that every member meets the same.
        var resigned: String?
        /// The run did not wait for this newcomer's state: until when it stands by, and how long the next time.
        var aside: (until: Duration, next: Duration)?
        /// Others are asked for states and copies first: those come slowly from it, or one could not be used.
        var isLastChoice = false
        /// The newcomer's process that could not use what this worker handed out. A second such newcomer costs this worker its place.
        var accuser: UInt64?
        /// When its count of bytes moved last changed.
        var moved: Duration = .zero
        /// Steps it has reported.
        var reported: UInt64 = 0
        var beat: Beat
        var came: Duration
        var heard: Duration
        var worked: Duration

        init(
            number: UInt32, label: UInt32, identity: WorkerIdentity, position: Position, mayHoldTruth: Bool, at now: Duration
        ) {
            self.number = number
            self.label = label
            self.identity = identity
            self.position = position
            self.mayHoldTruth = mayHoldTruth
            beat = Beat(work: 0, applied: position.applied, contributed: position.applied)
            (came, heard, worked) = (now, now, now)
        }

        /// Whether it has come back with a state, and is taking up what the welcome says.
        var bringsState: Bool { standing == .preparing && !position.isFresh && mayHoldTruth }
    }

    /// A state on its way to newcomers, for which the run stands still.
    struct Transfer: Sendable {
        var since: Duration
        /// Nil: it comes from the disk.
        var source: ConnectionID?
        var newcomers: [ConnectionID]
        /// What everybody had moved when it began.
        var before: [ConnectionID: UInt64]
        /// Bytes of the state, once its first piece has come by.
        var total: UInt64?
    }

    /// A member was asked to send a sum or a state: what the others cannot use, or do not get, is held against it.
    struct Handout: Sendable {
        var source: ConnectionID
        var isSum: Bool
        var to: [ConnectionID]
        var since: Duration
        /// Its first piece has come.
        var hasBegun = false
    }

    public internal(set) var plan: RunPlan
    public let rules: MembershipRules
    package private(set) var stage = Stage.gathering
    /// The first change of stage that must not happen: a defect, which the simulation reports. A real run goes on.
    package private(set) var wrongTurn: String?
    /// The run has failed, and links are why.
    package private(set) var hasFailedForLinks = false
    package internal(set) var workers: [ConnectionID: Worker] = [:]

    // Parts with rules of their own.
    package internal(set) var steps: StepWindow
    package internal(set) var snapshots: SnapshotSchedule
    package internal(set) var links: LinkHistory
    package internal(set) var servers = ServerRoster()
    package internal(set) var stop = StopRequest()
    var records: StepRecords
    var processes = ProcessHistory()
    var children = ChildRecords()
    var outranking = Outranking()

    // The present view, and the one before it.
    /// The present view; 0 before the first.
    public internal(set) var view: UInt64
    /// Connections in order of rank in the present view.
    var ranks: [ConnectionID] = []
    /// Whether the present view goes round the ring.
    var isRing = true
    /// Members of the last view formed, by rank, and whether one of them was lost since.
    var formed: [ConnectionID] = []
    var hasLostMember = false
    var lastWorld = 0
    /// This coordinator has led a view.
    var hasLed = false
    /// Phases that a member of the present view has finished, when the last one was, and the longest time that one ever took.
    var finished: (applied: UInt64, since: Duration, longest: Duration) = (0, .zero, .zero)
    /// A member of a view of this coordinator has finished a phase in it.
    package internal(set) var hasMoved = false
    /// When a step was last finished or a copy of the state stored.
    var progressed: Duration = .zero
    /// Since when members say that what ends them meets all.
    var resignation: Duration?

    // From one view to the next.
    /// What the regrouping under way is for, and since when.
    var regrouping: (since: Duration, cause: String)?
    /// Newcomers are taken in by the regrouping under way.
    var admitting = true
    /// Numbers halts and levellings.
    var order: UInt64 = 0
    /// The state on its way to newcomers.
    var transfer: Transfer?
    /// Who was last asked to send a sum or a state.
    var handouts: [Handout] = []

    // Who comes.
    var refused: Set<ConnectionID> = []
    var numbered: UInt32 = 0
    /// The highest label any worker has had.
    var labelled: UInt32 = 0
    var began: Duration?
    /// When the first of those who may make up the next view stood ready, while gathering.
    var firstReady: Duration?
    /// When a worker last came, said that it was ready, or ended, before the run began.
    var lastSign: Duration?
    var announcedWait: Duration?
    var lastTick: Duration?

    /// A machine for a run; `view` is the last one an earlier coordinator of the run has used.
    public init(plan: RunPlan, view: UInt64 = 0, rules: MembershipRules = MembershipRules()) {
        self.plan = plan
        self.rules = rules
        self.view = view
        labelled = plan.lastLabel
        steps = StepWindow(first: plan.firstStep, last: plan.lastStep, phases: UInt64(plan.phases))
        records = StepRecords(steps: min(plan.recordedStep, plan.firstStep))
        snapshots = SnapshotSchedule(newest: plan.firstStep)
        links = LinkHistory(rules: rules)
        if plan.firstStep >= plan.lastStep { stage = .ended }
    }

    /// The one way to another stage.
    mutating func enter(_ next: Stage) {
        if !stage.mayBecome(next), wrongTurn == nil { wrongTurn = "from \(stage) to \(next)" }
        stage = next
    }

    /// True once nothing follows but an answer to newcomers.
    public var hasEnded: Bool { stage == .ended }

    /// The present view's links go round a ring; false: to the summation server.
    public var isRound: Bool { isRing }

    /// Live members of the present view.
    public var worldSize: Int { ranks.count }

    /// What the worker is called in the run's log; links are told apart by `Worker.number`.
    public func label(of connection: ConnectionID) -> UInt32? { workers[connection]?.label }

    /// Whether what this worker tells of steps is listened to: one that has come in and was in no view has nothing to tell, unless
    /// it comes back with a state.
    public func isHeard(_ connection: ConnectionID) -> Bool {
        workers[connection].map { $0.wasMember || $0.mayHoldTruth } ?? false
    }

    /// Steps whose batches were sent.
    public var sent: UInt64 { steps.sent }
    /// Steps that every member has applied.
    public var completed: UInt64 { steps.completed }

    /// The run's chain hash after so many steps, where a member has told it of late.
    public func chain(after step: UInt64) -> UInt64? { records.chain(after: step) }

    /// Whether the operating system has said how this child died.
    public func knowsCause(ofPid pid: UInt32) -> Bool { children.end(of: pid) != nil }

    /// What is to be done about an event that happened at `now` (monotonic, any origin).
    public mutating func handle(_ event: CoordinatorEvent, at now: Duration) -> [CoordinatorDirective] {
        if began == nil { began = now }
        if let heard = event.sender {
            workers[heard]?.heard = now
            servers.heard(heard, at: now)
        }
        if hasEnded { return late(event) }
        if let violation = impossible(event, now) { return violation }
        switch event {
        case .hello(let connection, let identity, let held): return greet(connection, identity, held, now)
        case .serverReady(let connection, let identity): return greet(server: connection, identity, now)
        case .ready(let connection, let fingerprint, let position): return ready(connection, fingerprint, position, now)
        case .position(let connection, let order, let position): return stood(connection, order, position, now)
        case .linksUp(let connection, let number): return linksUp(connection, number, now)
        case .linkFailed(let connection, let number, let report): return linkFailed(connection, number, report, now)
        case .stepReport(let connection, let view, let step, let chain): return report(connection, view, step, chain, now)
        case .heartbeat(let connection, let beat): return heartbeat(connection, beat, now)
        case .heard: return []
        case .draining(let connection):
            workers[connection]?.worked = now
            return []
        case .serverLinks(let number, let connection, let links):
            if number == view { servers.tells(connection, links, at: now) }
            return []
        case .noServer(let reason): return noServer(reason, now)
        case .relaying(let order, let source, let total): return relaying(order, source, total)
        case .outranked(let generation, let leader): return outranked(generation, leader, now)
        case .notOutranked(let reason):
            outranking.end(at: now)
            return [.log(.error, "whose the run's folder is cannot be told: \(reason)")]
        case .overthrown(let reason): return overthrown(reason)
        case .farewell(let connection, let reason, _, true): return resign(connection, reason, now)
        case .farewell(let connection, let reason, let leaving, _): return farewell(connection, reason, leaving, now)
        case .closed(let connection, let reason): return closed(connection, reason, now)
        case .childExited(let pid, let end): return childExited(pid, end, now)
        case .childSaid(let pid, let words): return childSaid(pid, words)
        case .noReplacement(let reason):
            children.isNotReplaced(reason)
            return workers.isEmpty || cannotBegin ? fail(reason) : [.log(.warning, reason)]
        case .badPiece(let connection, let reason): return streamsFalsely(connection, reason, now)
        case .snapshotUnusable(let step, let reason): return unusable(step, reason, now)
        case .snapshotArrived(let step): return arrived(step, now)
        case .snapshotStored(let step, let purposes): return stored(step, purposes, now)
        case .snapshotFailed(let step, let reason): return snapshotFailed(step, reason)
        case .checkpointIs(let step):
            snapshots.newestIs(step)
            return askAgain(now) + settle(now)
        case .stopRequested(let reason): return stopRequested(reason, now)
        case .failed(let reason): return fail(reason)
        case .tick: return tick(now)
        }
    }

    /// After the end only newcomers get an answer.
    private mutating func late(_ event: CoordinatorEvent) -> [CoordinatorDirective] {
        switch event {
        case .hello(let connection, _, _), .serverReady(let connection, _):
            return [.stop([connection], reason: "the run is over", failed: false)]
        default: return []
        }
    }

    /// Ends the run with a sentence; every worker is told. `forLinks`: because no arrangement of the workers present has links that hold.
    mutating func fail(_ reason: String, forLinks: Bool = false) -> [CoordinatorDirective] {
        guard stage != .ended else { return [] }
        hasFailedForLinks = forLinks
        enter(.ended)
        return [.stop(everybody, reason: reason, failed: true), .end(.failed(reason: reason))]
    }

    /// "worker 2 (host alpha, pid 4711, rank 1)": how every sentence names a worker.
    func name(_ connection: ConnectionID) -> String {
        guard let worker = workers[connection] else { return "\(connection)" }
        let rank = worker.rank.map { ", rank \($0)" } ?? ""
        return "worker \(worker.label) (host \(worker.identity.host), pid \(worker.identity.pid)\(rank))"
    }

    /// "step 143", or "step 143, phase 2 of 3": where so many applied phases are.
    func place(_ applied: UInt64) -> String {
        let phases = UInt64(plan.phases)
        return applied % phases == 0
            ? "step \(applied / phases)" : "step \(applied / phases), phase \(applied % phases + 1) of \(phases)"
    }

    package static func counted(_ workers: Int) -> String { workers == 1 ? "1 worker" : "\(workers) workers" }
}
