import Membership
import Wire

/// A worker's engine: a mailbox worked off in order on a thread of its own, which takes its time and blocks where the real one does.
final class SimulatedEngine {
    /// As `TrainingSession`.
    struct Session {
        var replica: SimulatedReplica
        var view: UInt64 = 0
        var shards: Range<Int> = 0..<0
        var isFresh = true
        var copied: UInt64 = 0
        var links: GradientSeat?
        /// The step and the shards whose first phase this process has run; for `DroppedInvariant.coldPhases`.
        var warm: (step: UInt64, shards: Range<Int>)?

        func position(digest: Bool) -> Position {
            Position(
                applied: replica.applied, chain: replica.chain, isFresh: isFresh && replica.applied == 0,
                holdsSum: replica.holdsLastSum, copied: copied, digest: digest ? replica.digest : [])
        }
    }

    unowned let worker: SimulatedWorker
    unowned let world: World
    var session: Session?
    /// What `WorkerEngine.Links` holds.
    var reducer: GradientSeat?
    var dialler: GradientSeat?
    var abandoned = 0
    /// Each work, how often links had been given up when it came, and which coordinator sent it.
    private var mailbox: [(work: EngineWork, abandoned: Int, by: SimulatedCoordinator?)] = []
    private var isBusy = false
    private var isClosed = false
    /// Stuck (a host that swaps, a thread that does not get on) until then.
    var stuckUntil: Int64 = 0
    private var lastNews: Int64 = 0

    // For the heartbeat.
    var appliedPhases: UInt64 = 0
    var contributedPhases: UInt64 = 0
    var liveView: UInt64 = 0
    var moved: UInt64 = 0
    var work: UInt64 = 0
    var computingSince: Int64?
    /// Its part of an exchange is made, and it waits for the others' since then.
    var waitingSince: Int64?
    var isStreaming = false
    /// Streams for the levellings before this one were given up.
    var oldest: UInt64 = 0
    var waitsForStream: (() -> Void)?
    /// Without `phaseAfterPhase`: the part made early.
    var tooEarly: (tag: ExchangeTag, part: [UInt64])?

    init(_ worker: SimulatedWorker) {
        self.worker = worker
        world = worker.world
    }

    var account: String {
        guard let session else { return "no replica" }
        return
            "\(session.replica.applied) phases applied, \(contributedPhases) contributed, \(isBusy ? "busy" : "idle"), \(mailbox.count) waiting"
    }

    var beat: Beat {
        let computing = computingSince.map { UInt64(min(world.now, max(stuckUntil == 0 ? world.now : 0, $0)) - $0) } ?? 0
        return Beat(
            work: work + (stuckUntil > world.now ? 0 : computing), applied: appliedPhases, contributed: contributedPhases,
            moved: moved, view: liveView, links: reducer.map { [$0.group.progress($0.rank)] } ?? [])
    }

    func giveUp(before order: UInt64) { oldest = order }

    func put(_ work: EngineWork) {
        guard !isClosed else { return }
        mailbox.append((work, abandoned, worker.connection?.coordinator))
        if !isBusy { next() }
    }

    /// Takes the next work up in its own time.
    func next() {
        guard !isClosed, !mailbox.isEmpty else {
            isBusy = false
            return
        }
        isBusy = true
        later(world.delay(30)) { self.carryOut(self.mailbox.removeFirst()) }
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
        let view = session!.view
        lastNews = max(lastNews + 1, world.now)
        world.after(lastNews - world.now, in: worker) { connection.sendToCoordinator(message, view: view) }
    }

    private func carryOut(_ item: (work: EngineWork, abandoned: Int, by: SimulatedCoordinator?)) {
        if case .prepare(_, let anew) = item.work { return prepare(anew: anew) }
        guard session != nil else { return fail("the coordinator gave work before the run was prepared") }
        switch item.work {
        case .prepare: break
        case .stand(let order): stood(order, digest: false)
        case .sendSum(let order, let applied): sendSum(order, applied)
        case .applySum(let order, let sum): later(world.delay(500)) { self.applySum(order, sum) }
        case .restore(let order, let bytes): later(world.delay(1_000)) { self.restore(order, bytes) }
        case .join(let view, _, _): join(view, by: item.by, item.abandoned)
        case .run(let batch): run(batch.step)
        case .copyState(let request): copyState(request.step, request.order)
        }
    }

    func fail(_ reason: String) {
        tell(.failed(reason: reason, common: false))
        next()
    }

    private func prepare(anew: Bool) {
        later(world.delay(anew ? 50_000 : 100)) {
            if anew || self.session == nil { self.session = Session(replica: SimulatedReplica(self.world.scenario.arithmetic)) }
            self.session!.copied = 0
            self.count()
            let phases = UInt64(self.world.scenario.arithmetic.phases)
            self.tell(.prepared(self.session!.position(digest: anew), phases: phases, fingerprint: [1], port: 1))
            self.next()
        }
    }

    func count() {
        appliedPhases = session!.replica.applied
        contributedPhases = appliedPhases
    }

    func stood(_ order: UInt64, digest: Bool) {
        count()
        tell(.stood(order: order, session!.position(digest: digest)))
        next()
    }

    func close() {
        isClosed = true
        mailbox = []
        abandonLinks()
    }

    func vanish(silently: Bool) {
        isClosed = true
        mailbox = []
        for seat in [reducer, dialler].compactMap(\.self) { seat.vanish(silently: silently) }
        reducer = nil
        dialler = nil
    }

    func dismantle() {
        isClosed = true
        mailbox = []
        waitsForStream = nil
        reducer = nil
        dialler = nil
        session = nil
    }
}
