/// The worker's side of the membership protocol as a value: events in, directives out; no clock, no I/O, no task.
///
///     dialling ─▶ greeted ─ welcome ─▶ preparing ─▶ standing ─ view ─▶ linking ─▶ running ─ stop ─▶ ended
///        ▲                                             ▲                  │          │
///        │                                             └── halt, a broken link ──────┤
///        └───────────────── the connection ended: the state is kept ─────────────────┘
///
/// It only checks the order of things and decides who must do what; the engine does the arithmetic.
public struct WorkerMachine: Sendable {
    package enum Stage: Sendable, Equatable { case dialling, greeted, preparing, standing, linking, running, ended }

    /// How long it dials, keeps an orphan's state, and waits for an answer.
    public struct Patience: Sendable, Equatable {
        /// Until the first coordinator is found.
        public var connect: Duration
        /// How long an orphan waits, as the coordinator says; this until it has.
        public var orphan: Duration

        public init(connect: Duration = .seconds(600), orphan: Duration = .seconds(600)) {
            self.connect = connect
            self.orphan = orphan
        }
    }

    /// The coordinator sends a heartbeat a second; a worker that hears nothing for so long gives the connection up.
    public static let silence: Duration = .seconds(8)
    /// A monitor that itself comes so late restarts its clock instead of judging.
    public static let lateTick: Duration = .seconds(2)
    /// The time between two lines about a coordinator that does not answer.
    static let remindEvery: Duration = .seconds(10)

    package var stage = Stage.dialling
    /// The view this worker belongs to, of the present generation; 0 before its first.
    public private(set) var view: UInt64 = 0
    /// The highest generation of a coordinator it has obeyed; a lower one is an old coordinator that came back.
    public private(set) var generation: UInt64 = 0
    /// That coordinator's random name: a copied run folder has coordinators of equal generations.
    private var leader: UInt64 = 0
    /// The chain hashes of the steps this replica has gone through, by phases applied: what a coordinator's records are compared with.
    private var way = Way()
    private var run: String?
    private var patience: Patience
    private var phases: UInt64 = 1
    /// Where the engine stands, as far as it has said; nil before there is a replica, or while it works.
    private var position: Position?
    private var hasReplica = false
    private var expectedStep: UInt64 = 0
    /// The highest order of this coordinator's connection: what belongs to a lower one was given up.
    private var order: UInt64 = 0
    /// The transfer under way.
    private var receiving: (order: UInt64, received: UInt64)?
    /// This worker has halted itself, since it lost the coordinator.
    private var isFindingPosition = false
    private var isConnected = false
    private var isLeaving = false
    private var heard: Duration?
    private var lastTick: Duration?
    private var alone: (since: Duration, reason: String)?
    private var reminded: Duration?

    public init(patience: Patience = Patience()) { self.patience = patience }

    public var hasEnded: Bool { stage == .ended }

    /// The first thing to do.
    public mutating func begin(at now: Duration) -> [WorkerDirective] {
        alone = (now, "no answer")
        return [.dial]
    }

    /// What is to be done about an event that happened at `now` (monotonic, any origin).
    public mutating func handle(_ event: WorkerEvent, at now: Duration) -> [WorkerDirective] {
        guard stage != .ended else { return [] }
        switch event {
        case .connected: return connected(now)
        case .dialFailed(let reason):
            alone?.reason = reason
            return []
        case .welcome(let run, let generation, let leader, let mark, let orphan):
            return welcome(run, generation, leader, mark, orphan, now)
        case .stepped(let mark):
            way.put(mark)
            return []
        case .refused(let reason): return end(.refused(reason))
        case .unfit(let reason): return end(.unfit(reason))
        case .prepared(let position, let phases):
            guard stage == .preparing else { return [] }  // of a connection that is gone
            self.phases = phases
            self.position = position
            hasReplica = true
            stage = .standing
            return [.sayReady(position)]
        case .halt(let order): return halt(order)
        case .stood(let order, let position): return stood(order, position, now)
        case .sumRequest(let order, let applied):
            guard stage == .standing else { return confused("a request for a sum while \(stage)") }
            return [.sendSum(order: order, applied: applied)]
        case .sumPiece(let order, let applied, let offset, let count, let total):
            return piece(order, offset, count, total, then: .applySum(order: order, applied: applied))
        case .statePiece(let order, let offset, let count, let total):
            return piece(order, offset, count, total, then: .restore(order: order))
        case .view(let number, let applied): return join(number, applied)
        case .linksUp(let number):
            guard stage == .linking, number == view else { return [] }  // of a view that is over
            stage = .running
            return [.sayLinksUp(view: view)]
        case .linkFailed(let number, let report):
            guard number == view, stage == .linking || stage == .running, isConnected else { return [] }
            // The coordinator gives the verdict; until then this worker stands still with what it has applied.
            stage = .standing
            return [.abandonLinks, .sayLinkFailed(view: view, report)]
        case .batch(let step, let number): return batch(step, number)
        case .snapshotRequest(let step, let order, let number): return snapshot(step, order, number)
        case .stop(let reason, let failed): return end(failed ? .runFailed(reason) : .done)
        case .leaveRequested(let reason):
            isLeaving = true
            return isConnected && hasReplica ? [.sayFarewell(reason: reason, leaving: true)] : end(.done)
        case .failed(let reason, let common):
            return [.abandonLinks, .sayFarewell(reason: reason, leaving: false, common: common)] + end(.failed(reason))
        case .disconnected(let reason): return disconnected(reason, now)
        case .heard:
            heard = now
            return []
        case .tick: return tick(now)
        }
    }

    // MARK: The coordinator comes and goes

    private mutating func connected(_ now: Duration) -> [WorkerDirective] {
        guard !isConnected else { return [] }
        isConnected = true
        order = 0
        heard = now
        stage = .greeted
        guard hasReplica, let run, let position else { return [.sayHello(held: nil)] }
        return [.sayHello(held: HeldState(run: run, generation: generation, leader: leader, position: position))]
    }

    /// The state is kept where it stands; whoever listens at the coordinator's address is dialled again.
    private mutating func disconnected(_ reason: String, _ now: Duration) -> [WorkerDirective] {
        guard isConnected else { return [] }
        let wasWaiting = alone != nil
        isConnected = false
        receiving = nil
        if alone == nil { alone = (now, reason) }
        if isLeaving { return end(.done) }
        let kept =
            hasReplica ? "the state is kept and it is dialled again for \(WorkerEnding.text(patience.orphan))" : "dialling it again"
        let note: [WorkerDirective] = wasWaiting ? [] : [.log(.warning, "lost the coordinator: \(reason); \(kept)")]
        stage = .dialling
        guard hasReplica, position == nil else { return note + [.abandonLinks, .dial] }
        // It dials as soon as it is known where this worker stands.
        isFindingPosition = true
        return note + [.abandonLinks, .stand(order: 0)]
    }

    private mutating func welcome(
        _ run: String, _ generation: UInt64, _ leader: UInt64, _ mark: ChainMark?, _ orphan: Duration, _ now: Duration
    ) -> [WorkerDirective] {
        guard stage == .greeted else { return confused("a welcome while \(stage)") }
        let isSameRun = run == self.run
        let isSameLeader = generation == self.generation && leader == self.leader
        if isSameRun, !isSameLeader, generation <= self.generation {
            // The old coordinator may still end by itself when it sees that its time is over; the newer one will listen there again.
            return turnAway(
                "the coordinator is an old one (generation \(generation), this worker has obeyed \(self.generation)): end that process",
                "an old one listens at its address", now)
        }
        if isSameRun, hasReplica, let mark, let chain = way.chain(after: mark.applied), chain != mark.chain {
            return turnAway(
                "the coordinator's run folder tells another story than this worker's state: their sums differ at phase \(mark.applied), so the folder was changed, or one of the two has computed wrongly; the state is kept and not handed to it. Put the run's own folder back, or end this worker to give its state up",
                "its records do not go with the state this worker holds", now)
        }
        // A new coordinator counts on from the last view in the records, which a view without a finished step never reached.
        if !isSameRun || !isSameLeader { view = 0 }
        (self.generation, self.leader) = (generation, leader)
        patience.orphan = orphan
        alone = nil
        reminded = nil
        guard hasReplica, run == self.run else {
            self.run = run
            way = Way()
            stage = .preparing
            return [.prepare]
        }
        stage = .preparing
        return [.takeUp]
    }

    /// Leaves the coordinator that has answered, and keeps the state for another.
    private mutating func turnAway(_ line: String, _ reason: String, _ now: Duration) -> [WorkerDirective] {
        [.log(.error, line), .hangUp] + disconnected(reason, now)
    }

    /// Late by itself (this process was stopped), a worker restarts its clock instead of judging.
    private mutating func tick(_ now: Duration) -> [WorkerDirective] {
        defer { lastTick = now }
        if let lastTick, now - lastTick > Self.lateTick {
            heard = now
            return []
        }
        if let alone {
            let limit = run == nil ? patience.connect : patience.orphan
            if now - alone.since > limit { return end(gaveUp(alone.reason, limit)) }
            if run != nil, now - (reminded ?? alone.since) >= Self.remindEvery {
                reminded = now
                return [
                    .log(
                        .info,
                        "still no coordinator after \(WorkerEnding.text(now - alone.since)) (\(alone.reason)); the state is kept until \(WorkerEnding.text(patience.orphan)) have passed"
                    )
                ] + silent(now)
            }
        }
        return silent(now)
    }

    private mutating func silent(_ now: Duration) -> [WorkerDirective] {
        guard isConnected, let heard, now - heard > Self.silence else { return [] }
        let seconds = (now - heard).components.seconds
        let reason =
            stage == .greeted
            ? "it has not answered this worker's hello for \(seconds) s: stopped, or the way between the two loses large packets"
            : "it has been silent for \(seconds) s: stopped, swapped out or cut off"
        return [.hangUp] + disconnected(reason, now)
    }

    private func gaveUp(_ reason: String, _ limit: Duration) -> WorkerEnding {
        run == nil ? .neverFound(reason, within: limit) : .neverBack(reason, within: limit)
    }

    // MARK: Standing still

    private mutating func halt(_ order: UInt64) -> [WorkerDirective] {
        guard stage == .standing || stage == .linking || stage == .running else { return confused("a halt while \(stage)") }
        stage = .standing
        self.order = max(self.order, order)
        receiving = nil
        return [.abandonLinks, .stand(order: order)]
    }

    private mutating func stood(_ order: UInt64, _ position: Position, _ now: Duration) -> [WorkerDirective] {
        self.position = position
        way.put(ChainMark(applied: position.applied, chain: position.chain))
        guard isConnected else {
            guard isFindingPosition else { return [] }
            isFindingPosition = false
            return [.dial]
        }
        return [.sayPosition(order: order, position)]
    }

    private mutating func piece(
        _ order: UInt64, _ offset: UInt64, _ count: UInt64, _ total: UInt64, then directive: WorkerDirective
    ) -> [WorkerDirective] {
        if order < self.order { return [] }  // of a transfer given up
        guard stage == .standing else { return confused("a piece of a transfer while \(stage)") }
        self.order = order
        if offset == 0 { receiving = (order, 0) }
        guard let transfer = receiving, transfer.order == order else { return [] }
        guard offset == transfer.received, count > 0, offset < total, count <= total - offset else {
            return confused("a piece at \(offset) of \(total) bytes where \(transfer.received) was due")
        }
        receiving?.received += count
        guard transfer.received + count == total else { return [] }
        receiving = nil
        position = nil
        return [directive]
    }

    // MARK: In a view

    private mutating func join(_ number: UInt64, _ applied: UInt64) -> [WorkerDirective] {
        guard stage == .standing else { return confused("a view while \(stage)") }
        guard number > view else { return confused("view \(number) after view \(view)") }
        guard let position, applied == position.applied else {
            return confused("a view that begins at phase \(applied) for a replica at phase \(position?.applied ?? 0)")
        }
        view = number
        stage = .linking
        expectedStep = applied / phases
        self.position = nil
        return [.abandonLinks, .join(view: number)]
    }

    private mutating func batch(_ step: UInt64, _ number: UInt64) -> [WorkerDirective] {
        // The batches still on their way belong to a view that will not go on.
        if number != view || stage == .standing { return [] }
        guard stage == .running || stage == .linking, step == expectedStep else {
            return confused("the images of step \(step) where step \(expectedStep) was due")
        }
        expectedStep = step + 1
        return [.run(step: step)]
    }

    private mutating func snapshot(_ step: UInt64, _ order: UInt64, _ number: UInt64) -> [WorkerDirective] {
        if order != 0 {
            guard stage == .standing, let position, position.applied.isMultiple(of: phases), position.applied / phases == step
            else {
                return confused("a request for the state after \(step) steps while \(stage)")
            }
            self.order = max(self.order, order)
            return [.copyState(step: step, order: order)]
        }
        if number != view || stage == .standing { return [] }
        guard stage == .running || stage == .linking, step == expectedStep else {
            return confused("a request for the state after \(step) steps where \(expectedStep) are due")
        }
        return [.copyState(step: step, order: 0)]
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

/// The chain hashes of the newest steps that a replica has gone through.
private struct Way {
    /// Days of a fast run; a mebibyte.
    private static let capacity = 1 << 16
    private var chains: [UInt64: UInt64] = [:]
    private var order: [UInt64] = []
    private var oldest = 0

    func chain(after applied: UInt64) -> UInt64? { chains[applied] }

    mutating func put(_ mark: ChainMark) {
        guard chains.updateValue(mark.chain, forKey: mark.applied) == nil else { return }
        if order.count < Self.capacity { return order.append(mark.applied) }
        chains[order[oldest]] = nil
        order[oldest] = mark.applied
        oldest = (oldest + 1) % Self.capacity
    }
}
