import Collectives
import Membership
import SwiftProtobuf
import Wire

/// Drives an engine's core as `EngineThread` does, with a simulated replica and links: a mailbox worked off in order on a thread of its own, which
/// takes its time and blocks where the real one does.
final class SimulatedEngine {
    unowned let worker: SimulatedWorker
    unowned let world: World
    var core = EngineCore()
    var replica: SimulatedReplica?
    var shards: Range<Int> = 0..<0
    var links = ViewLinks<GradientSeat, GradientSeat>()
    /// The step and the shards whose first phase this process has run; for `DroppedInvariant.coldPhases`.
    var warm: (step: UInt64, shards: Range<Int>)?
    /// Without `phaseAfterPhase`: the part made early.
    var tooEarly: (tag: ExchangeTag, part: [UInt64])?

    /// Each work, how often links had been given up when it came, and which coordinator sent it.
    typealias Item = (work: EngineWork, abandoned: Int, by: SimulatedCoordinator?)
    private var mailbox: [Item] = []
    private var isBusy = false
    private var isClosed = false
    /// Stuck (a host that swaps, a thread that does not get on) until then.
    var stuckUntil: Int64 = 0
    private var lastNews: Int64 = 0

    // For the heartbeat, beside what the core counts.
    var moved: UInt64 = 0
    var work: UInt64 = 0
    var computingSince: Int64?
    /// Its part of an exchange is made, and it waits for the others' since then.
    var waitingSince: Int64?
    /// Streams for the levellings before this one were given up.
    var oldest: UInt64 = 0
    private var isStreaming = false
    private var waitsForStream: (() -> Void)?

    init(_ worker: SimulatedWorker) {
        self.worker = worker
        world = worker.world
    }

    var account: String {
        guard let replica else { return "no replica" }
        return
            "\(replica.applied) phases applied, \(core.counts.contributed) contributed, \(isBusy ? "busy" : "idle"), \(mailbox.count) waiting"
    }

    var beat: Beat {
        let computing = computingSince.map { UInt64(min(world.now, max(stuckUntil == 0 ? world.now : 0, $0)) - $0) } ?? 0
        return Beat(
            work: work + (stuckUntil > world.now ? 0 : computing), applied: core.counts.applied,
            contributed: core.counts.contributed,
            moved: moved, view: core.counts.view, links: links.made.map { [$0.group.progress($0.rank)] } ?? [])
    }

    func giveUp(before order: UInt64) { oldest = order }

    /// Breaks every gradient link.
    func abandonLinks() {
        let seats = links.abandon()
        seats.making?.shutDown()
        seats.made?.shutDown()
    }

    // MARK: Work

    func put(_ work: EngineWork) {
        guard !isClosed else { return }
        mailbox.append((work, links.abandoned, worker.connection?.coordinator))
        if !isBusy { next() }
    }

    /// Takes the next work up in its own time.
    private func next() {
        guard !isClosed, !mailbox.isEmpty else {
            isBusy = false
            return
        }
        isBusy = true
        later(world.delay(30)) {
            let item = self.mailbox.removeFirst()
            self.carryOut(self.core.begin(item.work, linksStand: self.links.made != nil), item)
        }
    }

    /// On the engine's thread, after so long.
    func later(_ delay: Int64, _ body: @escaping () -> Void) {
        world.after(delay, in: worker) {
            guard !self.isClosed else { return }
            guard self.stuckUntil <= self.world.now else { return self.later(self.stuckUntil - self.world.now, body) }
            body()
        }
    }

    func tell(_ news: EngineNews) {
        lastNews = max(lastNews + 1, world.now + world.delay(30))
        world.after(lastNews - world.now, in: worker) { self.worker.put(.engine(news)) }
    }

    /// What the engine's threads send leaves by the event loop, behind the news before it.
    func send(_ message: ControlMessage, over connection: SimulatedConnection) {
        let view = core.view
        lastNews = max(lastNews + 1, world.now)
        world.after(lastNews - world.now, in: worker) { connection.sendToCoordinator(message, view: view) }
    }

    private func carryOut(_ acts: [EngineCore.Act], _ item: Item) {
        guard let act = acts.first else { return next() }
        carryOut(act, item) { self.carryOut($0 + acts.dropFirst(), item) }
    }

    /// `done` is given what follows from the act's result.
    private func carryOut(_ act: EngineCore.Act, _ item: Item, _ done: @escaping ([EngineCore.Act]) -> Void) {
        switch act {
        case .prepare(_, let anew): later(world.delay(anew ? 50_000 : 100)) { done(self.prepare(anew)) }
        case .sayPrepared(let digest):
            tell(.prepared(position(digest), phases: UInt64(world.scenario.arithmetic.phases), fingerprint: [1], port: 1))
            done([])
        case .sayStood(let order, let digest):
            tell(.stood(order: order, position(digest)))
            done([])
        case .tell(let news):
            tell(news)
            done([])
        case .sendSum(let order, let applied): sendSum(order, applied) { done([]) }
        case .applySum(let order, let sum):
            later(world.delay(500)) {
                let unusable = self.apply(sum) ? nil : self.core.misplaced(sum)
                done(self.core.brought(order, self.place, digest: false, unusable: unusable))
            }
        case .restore(let order, let bytes):
            later(world.delay(1_000)) {
                let unusable = self.restore(bytes) ? nil : "it is not whole"
                done(self.core.brought(order, self.place, digest: true, unusable: unusable))
            }
        case .connect(let view, _, _): connect(view, item, done)
        case .load: done([])
        case .runPhase: runPhase(done)
        case .sayStep:
            let (step, chain, view) = (core.step - 1, replica!.chain, core.view)
            tell(
                .report(
                    .with {
                        $0.step = step
                        $0.view = view
                        $0.chain = chain
                    }, view: view))
            done([])
        case .closeLinks:
            links.made?.shutDown()
            done([])
        case .streamCopy(let step):
            let state = replica!.state
            inTurn {
                self.stream(state, step, 0, self.worker.connection) { _ in self.streamIsFree() }
                done([])
            }
        case .streamState(let step, let order):
            stream(replica!.state, step, order, worker.connection) { done($0 ? self.core.streamed(order) : []) }
        }
    }

    private var place: EngineCore.Place {
        EngineCore.Place(applied: replica!.applied, chain: replica!.chain, holdsSum: replica!.holdsLastSum)
    }

    private func position(_ digest: Bool) -> Position { core.position(digest: digest ? replica!.digest : []) }

    private func prepare(_ anew: Bool) -> [EngineCore.Act] {
        if anew { replica = SimulatedReplica(world.scenario.arithmetic) }
        return core.prepared(place, phases: UInt64(world.scenario.arithmetic.phases), anew: anew)
    }

    private func connect(_ view: ControlView, _ item: Item, _ done: @escaping ([EngineCore.Act]) -> Void) {
        guard let group = world.groups.last(where: { $0.plan.number == view.view && $0.coordinator === item.by }) else {
            return done([])
        }
        let seat = GradientSeat(group: group, rank: Int(view.rank), engine: self)
        guard links.begin(seat, item.abandoned) else { return done([]) }
        group.join(seat) { failure in
            self.later(self.world.delay(30)) {
                if let failure { return done(self.core.cannotJoin(view.view, LinkReport(failure, neverUp: true))) }
                guard self.links.stand(seat, by: seat) else {
                    seat.shutDown()
                    return done([])
                }
                self.shards = group.plan.members[seat.rank].shards
                done(self.core.joined(view.view))
            }
        }
    }

    private func runPhase(_ done: @escaping ([EngineCore.Act]) -> Void) {
        guard let seat = links.made else { return done(core.broke(nil)) }
        let exponent = replica!.state.exponents[replica!.phase]
        runPhase(seat) { failure in
            guard let failure else { return done(self.core.applied(self.place)) }
            if self.world.dropped != .exponentsRestored { self.replica!.retry(exponent: exponent) }
            done(self.core.broke(LinkReport(failure)))
        }
    }

    // MARK: One copy leaves at a time

    /// Runs `begin` when the copy before has left.
    private func inTurn(_ begin: @escaping () -> Void) {
        let begin = {
            self.isStreaming = true
            begin()
        }
        if isStreaming { waitsForStream = begin } else { begin() }
    }

    private func streamIsFree() {
        isStreaming = false
        let waiting = waitsForStream
        waitsForStream = nil
        waiting?()
    }

    // MARK: The end

    func close() {
        isClosed = true
        mailbox = []
        abandonLinks()
    }

    func vanish(silently: Bool) {
        isClosed = true
        mailbox = []
        let seats = links.abandon()
        for seat in [seats.made, seats.making].compactMap(\.self) { seat.vanish(silently: silently) }
    }

    func dismantle() {
        isClosed = true
        mailbox = []
        waitsForStream = nil
        _ = links.abandon()
        replica = nil
    }
}

extension LinkReport {
    /// As the engine's thread reports it; nil where this side ended the links itself.
    fileprivate init?(_ failure: LinkFailure, neverUp: Bool = false) {
        guard failure.isSuspicion else { return nil }
        self.init(
            suspect: failure.rank, server: failure.peer?.server ?? 0,
            kind: neverUp ? .neverUp : failure.isObserved ? .observed : .closed, incoming: failure.incoming,
            reason: "\(failure)")
    }
}
