/// The coordinator's side of the membership protocol as a value: events in, directives out; no clock, no I/O, no task.
///
///     gathering ── enough ──▶ regrouping ── all level ──▶ linking(view) ── all links up ──▶ running ──▶ ended
///         ▲                    ▲     │                        │                               │
///         └─ no member is left ┴─────┴── a member was lost, a link broke, somebody joins ─────┘
///
/// A batch is also the permission to run its step, so a boundary at which everybody stands still is made by sending
/// no further batch, and a snapshot request that follows a batch on the connection is a snapshot at that boundary.
///
/// Every change of the membership goes the same way: the members are halted and say where they stand; the highest phase
/// any of them has applied is the truth (with none of them left, the newest checkpoint); who is one phase behind gets that
/// phase's sum, who has nothing gets the state, at a boundary; then a new view begins there.
public struct CoordinatorMachine: Sendable {
    /// Steps whose images are sent ahead of the slowest member.
    public static let window: UInt64 = 4
    /// Snapshots that may be asked for and not yet stored: past it no batch is sent, so that a run never outruns its disk
    /// and its evaluation, and memory holds a few states at most.
    public static let pendingSnapshots = 2
    /// How long the run waits for its full number of workers before it starts with the least it may.
    public static let patience: Duration = .seconds(10)
    /// How long it waits, when workers come back, for one that has what the run would otherwise do again.
    public static let regatherPatience: Duration = .seconds(1)
    /// How long it waits for more of them where nothing is to be done again: who comes later joins at the next boundary.
    public static let latecomerPatience: Duration = .milliseconds(300)

    enum Stage: Sendable, Equatable {
        /// There is no view, and nobody who was in the last one.
        case gathering
        /// A view is over, or none has begun: positions are asked for, sums and states on their way.
        case regrouping
        case linking(since: Duration)
        case running
        case ended
    }

    struct Worker: Sendable {
        enum Standing: Sendable, Equatable {
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
        /// Never used again: by it links and failures are counted.
        var number: UInt32
        /// What words and file names call it.
        var label: UInt32
        var identity: WorkerIdentity
        var standing = Standing.preparing
        var fingerprint: [UInt8] = []
        var position: Position
        /// The halt or levelling it has yet to answer, and since when it has been at one.
        var order: UInt64 = 0
        var asked: Duration = .zero
        /// Where the state or the sum that it is or was being sent brings it; the chain hash 0 where it is the checkpoint's.
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
        /// The run did not wait for its state: not before this moment again, and after how long then.
        var aside: (until: Duration, next: Duration)?
        /// Others are asked for states and copies first: those come slowly from it, or one could not be used.
        var isLastChoice = false
        /// The newcomer's process that says it could make nothing of what this one handed out: a second one costs this one its place.
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

        /// It has come back with a state, and takes up what the welcome says.
        var bringsState: Bool { standing == .preparing && !position.isFresh && mayHoldTruth }
    }

    /// A state asked for and not yet stored.
    struct Pending: Sendable, Equatable {
        var purposes: SnapshotPurposes
        var source: ConnectionID
        var since: Duration
        /// What its source had moved of states when it was asked.
        var before: UInt64 = 0
        /// It is here, and waits for the disk or for an evaluation: its source has no more to do with it.
        var hasArrived = false
        /// It has been said that the run's end waits for it.
        var isSaid = false
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
    public var rules: MembershipRules
    var stage = Stage.gathering
    var workers: [ConnectionID: Worker] = [:]
    var refused: Set<ConnectionID> = []
    /// Connections in order of rank in the present view.
    var ranks: [ConnectionID] = []
    var numbered: UInt32 = 0
    /// The highest label any worker has had.
    var labelled: UInt32 = 0
    var began: Duration?
    /// When the first of those who may make up the next view stood ready, while gathering.
    var firstReady: Duration?
    var lastTick: Duration?
    var announcedWait: Duration?
    /// The present view; 0 before the first.
    public internal(set) var view: UInt64
    /// This coordinator has led a view.
    var hasLed = false
    var lastWorld = 0
    /// Numbers halts and levellings.
    var order: UInt64 = 0
    /// Newcomers are taken in by the regrouping under way.
    var admitting = true
    /// What the regrouping under way is for, and since when.
    var regrouping: (since: Duration, cause: String)?
    /// Phases applied where the present view begins.
    var base: UInt64
    /// Steps whose batches were sent.
    public internal(set) var sent: UInt64
    /// Steps that every member has applied.
    public internal(set) var completed: UInt64
    /// The step at which the run ends: the plan's last, or a boundary after a stop was asked for.
    var goal: UInt64
    var stopReason: String?
    var stopAsked: Duration = .zero
    /// Asked to stop while nothing moved: one worker finishes the step by itself.
    var finishesAlone = false
    var alone: Duration = .zero
    /// When a step was last finished or a copy of the state stored.
    var progressed: Duration = .zero
    /// A member of a view of this coordinator has finished a phase in it.
    var hasMoved = false
    /// Phases that a member of the present view has finished, since when no further one was, and the longest that one ever took.
    var finished: (applied: UInt64, since: Duration, longest: Duration) = (0, .zero, .zero)
    /// Steps that are in the books, or that nobody can tell the chain hash of any more; and one behind the last that was entered.
    var recorded: UInt64
    var entered: UInt64
    /// The first chain hash that a member reported for each step of late.
    var chains: [UInt64: (chain: UInt64, from: String)] = [:]
    /// What those said of it who were no members then: it is good for the books when they have become some.
    var told: [(step: UInt64, chain: UInt64, by: ConnectionID)] = []
    /// Snapshots asked for and not yet stored, by step.
    var pending: [UInt64: Pending] = [:]
    /// What a snapshot that was lost with its source was for: the next boundary's serves it.
    var carried: SnapshotPurposes = []
    /// What the snapshots of late have served, by step.
    var served: [UInt64: SnapshotPurposes] = [:]
    /// Step of the newest checkpoint.
    var newestCheckpoint: UInt64
    var lastCheckpoint: Duration = .zero
    /// How often a pair of workers (by number; 0 is the summation server) has failed each other while both lived.
    var failures: [RingOrder.Pair: Int] = [:]
    /// Where all failures were forgotten, as they left nobody.
    var forgiven: UInt64?
    var suspicions: [Suspicion] = []
    /// Pairs that a failure of the present view was counted for: once, however many say it.
    var blamed: Set<RingOrder.Pair> = []
    /// Summation servers in processes of their own that are connected; those of the present view, by their parts; those that a failure of
    /// the present view was counted for; and how many the last view had.
    var servers: [ConnectionID: Server] = [:]
    var serving: [ConnectionID] = []
    var blamedServers: Set<Int> = []
    var servedBy: Int?
    /// The summation servers' ends of the present view's links, by part and rank, and when one of them last moved.
    var server: (links: [Int: [Int: LinkProgress]], moved: Duration) = ([:], .zero)
    /// Views in a row that ended without a finished phase though nobody was lost.
    var barren = 0
    /// When the last view began that followed on one with a finished phase.
    var barrenSince: Duration = .zero
    /// The view that is over broke; false: it was ended to let somebody in or out.
    var hasBroken = false
    /// The present view follows on one that broke while all its members lived.
    var isAfterBreak = false
    /// Whether the present view goes round the ring.
    var isRing = true
    /// The summation server stands in for the ring: until when, and how long the time after.
    var standIn: (until: Duration, next: Duration)?
    /// The summation server's port cannot be opened.
    var cannotServe = false
    /// The state on its way to newcomers.
    var transfer: Transfer?
    /// Who was last asked to send a sum or a state.
    var handouts: [Handout] = []
    /// Members that say that all meet what ends them, since when.
    var resignation: Duration?
    /// Processes that were members, answered, and got nothing done: whose way to this coordinator may carry small messages only. Until when
    /// the others go on without them, and for how long the next time.
    var penances: [UInt64: (until: Duration, next: Duration)] = [:]
    /// How often in a row a process was welcomed, said nothing on it, and ended the connection itself.
    var unwelcomed: [UInt64: Int] = [:]
    /// Processes that were in a view of this coordinator.
    var processes: Set<UInt64> = []
    /// Its generation is being raised above another's; and until when, after the last time, nobody's word leads to that again, nor for
    /// how long the time after.
    var isOutranking = false
    var outranked: (until: Duration, next: Duration) = (.zero, .seconds(5))
    /// Members of the last view formed, by rank, and whether one of them was lost since.
    var formed: [ConnectionID] = []
    var hasLostMember = false
    /// Why no dead worker is replaced any more; nil while they are.
    var noReplacement: String?
    /// How many are not.
    var unreplaced = 0
    /// When a worker last came, said that it was ready, or ended, before the run began.
    var lastSign: Duration?
    /// Children that have said hello.
    var arrivedPids: Set<UInt32> = []
    /// What workers said before the run began of why they cannot go on, by pid.
    var lastWords: [UInt32: String] = [:]
    /// How child processes ended, by pid.
    var ends: [UInt32: ChildEnd] = [:]

    /// A machine for a run; `view` is the last one an earlier coordinator of the run has used.
    public init(plan: RunPlan, view: UInt64 = 0, rules: MembershipRules = MembershipRules()) {
        self.plan = plan
        self.rules = rules
        self.view = view
        labelled = plan.lastLabel
        base = plan.firstStep * UInt64(plan.phases)
        sent = plan.firstStep
        completed = plan.firstStep
        recorded = min(plan.bookedStep, plan.firstStep)
        entered = recorded
        newestCheckpoint = plan.firstStep
        goal = plan.lastStep
        if plan.firstStep >= plan.lastStep { stage = .ended }
    }

    /// True once no directive will follow but for refusals.
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

    /// The run's chain hash after so many steps, where a member has told it of late.
    public func chain(after step: UInt64) -> UInt64? { step == 0 ? nil : chains[step - 1]?.chain }

    /// Whether the operating system has said how this child died.
    public func knowsCause(ofPid pid: UInt32) -> Bool { ends[pid] != nil }

    /// What is to be done about an event that happened at `now` (monotonic, any origin).
    public mutating func handle(_ event: CoordinatorEvent, at now: Duration) -> [CoordinatorDirective] {
        if began == nil { began = now }
        if let heard = event.sender {
            workers[heard]?.heard = now
            servers[heard]?.heard = now
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
            guard number == view, let part = connection.map({ serving.firstIndex(of: $0) }) ?? 0, server.links[part] != links else {
                return []
            }
            server.links[part] = links
            server.moved = now
            return []
        case .noServer(let reason): return noServer(reason, now)
        case .relaying(let order, let source, let total): return relaying(order, source, total)
        case .outranked(let generation, let leader): return outranked(generation, leader, now)
        case .notOutranked(let reason):
            isOutranking = false
            pauseOutranking(now)
            return [.log(.error, "whose the run's folder is cannot be told: \(reason)")]
        case .overthrown(let reason): return overthrown(reason)
        case .farewell(let connection, let reason, _, true): return resign(connection, reason, now)
        case .farewell(let connection, let reason, let leaving, _): return farewell(connection, reason, leaving, now)
        case .closed(let connection, let reason): return closed(connection, reason, now)
        case .childExited(let pid, let end): return childExited(pid, end, now)
        case .childSaid(let pid, let words): return childSaid(pid, words)
        case .noReplacement(let reason):
            noReplacement = reason
            unreplaced += 1
            return workers.isEmpty || cannotBegin ? fail(reason) : [.log(.warning, reason)]
        case .badPiece(let connection, let reason): return streamsFalsely(connection, reason, now)
        case .snapshotUnusable(let step, let reason): return unusable(step, reason, now)
        case .snapshotArrived(let step): return arrived(step, now)
        case .snapshotStored(let step, let purposes): return stored(step, purposes, now)
        case .snapshotFailed(let step, let reason): return snapshotFailed(step, reason)
        case .checkpointIs(let step):
            newestCheckpoint = step
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

    /// Ends the run with a sentence; every worker is told.
    mutating func fail(_ reason: String) -> [CoordinatorDirective] {
        guard stage != .ended else { return [] }
        stage = .ended
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

    static func counted(_ workers: Int) -> String { workers == 1 ? "1 worker" : "\(workers) workers" }
}
