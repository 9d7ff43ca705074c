/// A worker's engine: a mailbox worked off in order on a thread of its own, which takes its time and blocks where the real one does.
final class SimulatedEngine {
    enum Work {
        case prepare(anew: Bool)
        case stand(order: UInt64)
        case sendSum(order: UInt64, applied: UInt64)
        case applySum(order: UInt64, [SumPiece])
        case restore(order: UInt64, [StatePiece])
        case join(ViewPlan, rank: Int, by: SimulatedCoordinator, abandoned: Int)
        case run(step: UInt64)
        case copyState(step: UInt64, order: UInt64)
    }

    enum News {
        case prepared(Position)
        case stood(order: UInt64, Position)
        case linksUp(view: UInt64)
        case linkFailed(view: UInt64, LinkReport)
        case goesOn
        case report(step: UInt64, chain: UInt64, view: UInt64)
        case failed(String)
    }

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
    private var mailbox: [Work] = []
    private var isBusy = false
    private var isClosed = false
    /// Stuck (a host that swaps, a thread that does not get on) until then.
    var stuckUntil: Int64 = 0
    private var lastNews: Int64 = 0

    // For the heartbeat.
    var appliedPhases: UInt64 = 0
    var contributedPhases: UInt64 = 0
    var liveView: UInt64 = 0
    private var moved: UInt64 = 0
    private var work: UInt64 = 0
    private var computingSince: Int64?
    /// Its part of an exchange is made, and it waits for the others' since then.
    private(set) var waitingSince: Int64?
    private var isStreaming = false
    /// Streams for the levellings before this one were given up.
    private var oldest: UInt64 = 0
    private var waitsForStream: (() -> Void)?

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
            moved: moved, view: liveView, links: reducer.map { $0.group.progress($0.rank) } ?? LinkProgress())
    }

    func giveUp(before order: UInt64) { oldest = order }

    func put(_ work: Work) {
        guard !isClosed else { return }
        mailbox.append(work)
        if !isBusy { next() }
    }

    /// Takes the next work up in its own time.
    private func next() {
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

    private func tell(_ news: News) {
        lastNews = max(lastNews + 1, world.now + world.delay(30))
        world.after(lastNews - world.now, in: worker) { self.worker.take(news) }
    }

    /// What the engine's threads send leaves by the event loop, behind the news before it.
    private func send(_ message: ToCoordinator, over connection: SimulatedConnection) {
        let view = session!.view
        lastNews = max(lastNews + 1, world.now)
        world.after(lastNews - world.now, in: worker) { connection.send(message, view: view) }
    }

    private func carryOut(_ work: Work) {
        guard session != nil || work.isPreparation else { return fail("the coordinator gave work before the run was prepared") }
        switch work {
        case .prepare(let anew): prepare(anew: anew)
        case .stand(let order): stood(order, digest: false)
        case .sendSum(let order, let applied): sendSum(order, applied)
        case .applySum(let order, let pieces): later(world.delay(500)) { self.applySum(order, pieces) }
        case .restore(let order, let pieces): later(world.delay(1_000)) { self.restore(order, pieces) }
        case .join(let plan, let rank, let coordinator, let abandoned): join(plan, rank, coordinator, abandoned)
        case .run(let step): run(step)
        case .copyState(let step, let order): copyState(step, order)
        }
    }

    private func fail(_ reason: String) {
        tell(.failed(reason))
        next()
    }

    private func prepare(anew: Bool) {
        later(world.delay(anew ? 50_000 : 100)) {
            if anew || self.session == nil { self.session = Session(replica: SimulatedReplica(self.world.scenario.arithmetic)) }
            self.session!.copied = 0
            self.count()
            self.tell(.prepared(self.session!.position(digest: anew)))
            self.next()
        }
    }

    private func count() {
        appliedPhases = session!.replica.applied
        contributedPhases = appliedPhases
    }

    private func stood(_ order: UInt64, digest: Bool) {
        count()
        tell(.stood(order: order, session!.position(digest: digest)))
        next()
    }

    // MARK: Sums and states

    private func sendSum(_ order: UInt64, _ applied: UInt64) {
        let replica = session!.replica
        guard applied == replica.applied, replica.holdsLastSum, let change = replica.changes[replica.lastPhase] else {
            return fail("the sum of phase \(applied) was asked for, and this worker stands at \(replica.applied)")
        }
        let sums = replica.sums[buffer(applied - 1)]
        let connection = worker.connection
        func send(_ offset: Int) {
            guard offset < sums.count, let connection, connection.isOpenForWorker else { return next() }
            let piece = SumPiece(
                order: order, applied: applied, offset: UInt64(offset), total: UInt64(sums.count), sums: [sums[offset]],
                change: change)
            self.send(.sumPiece(piece), over: connection)
            later(world.delay(world.scenario.pieceTime)) {
                self.moved += 1
                send(offset + 1)
            }
        }
        send(0)
    }

    private func applySum(_ order: UInt64, _ pieces: [SumPiece]) {
        let replica = session!.replica
        guard let first = pieces.first else { return next() }
        if first.applied != replica.applied {
            guard first.applied == replica.applied + 1, pieces.map(\.offset) == (0..<first.total).map({ $0 }),
                pieces.allSatisfy({ $0.order == first.order && $0.applied == first.applied })
            else { return fail("a sum for phase \(first.applied) came to a worker that stands at \(replica.applied)") }
            let sums = pieces.flatMap(\.sums)
            session!.replica.sums[buffer(replica.applied)] = sums
            apply(sums, first.change)
        }
        stood(order, digest: false)
    }

    private func restore(_ order: UInt64, _ pieces: [StatePiece]) {
        guard let first = pieces.first, pieces.map(\.offset) == (0..<first.total / StatePiece.size).map({ $0 * StatePiece.size }),
            pieces.allSatisfy({ $0.state == first.state })
        else { return fail("the state that was sent to this worker is not whole") }
        session!.replica.restore(first.state)
        session!.isFresh = false
        world.referee.applied(session!.replica, worker, seat: nil)
        stood(order, digest: true)
    }

    private func copyState(_ step: UInt64, _ order: UInt64) {
        guard session!.replica.step == step, session!.replica.phase == 0 else { return next() }
        guard order != 0 else {
            let begin = {
                self.isStreaming = true
                self.session!.copied = step
                self.stream(self.session!.replica.state, step, order, offset: 0, self.worker.connection) { _ in
                    self.isStreaming = false
                    let waiting = self.waitsForStream
                    self.waitsForStream = nil
                    waiting?()
                }
                self.next()
            }
            if isStreaming { waitsForStream = begin } else { begin() }
            return
        }
        stream(session!.replica.state, step, order, offset: 0, worker.connection) { sent in
            if sent { self.stood(order, digest: true) } else { self.next() }
        }
    }

    /// Piece by piece, over the connection there was when it began.
    private func stream(
        _ state: SimulatedReplica.State, _ step: UInt64, _ order: UInt64, offset: UInt64, _ connection: SimulatedConnection?,
        _ done: @escaping (Bool) -> Void
    ) {
        let pieces = world.scenario.pieces
        guard offset < pieces else { return done(true) }
        guard let connection, connection.isOpenForWorker, order == 0 || order >= oldest else { return done(false) }
        let size = StatePiece.size
        let piece = StatePiece(order: order, step: step, offset: offset * size, count: size, total: pieces * size, state: state)
        self.send(.statePiece(piece), over: connection)
        // A real piece is small: something moves every few seconds over the slowest line that is of any use.
        later(max(min(world.delay(world.scenario.pieceTime), Trouble.slowest), worker.uplink)) {
            self.moved += size
            self.stream(state, step, order, offset: offset + 1, connection, done)
        }
    }

    // MARK: Links

    /// Any thread: breaks every gradient link.
    func abandonLinks() {
        abandoned += 1
        let (seat, dials) = (reducer, dialler)
        reducer = nil
        dialler = nil
        dials?.shutDown()
        seat?.shutDown()
    }

    private func join(_ plan: ViewPlan, _ rank: Int, _ coordinator: SimulatedCoordinator, _ epoch: Int) {
        guard abandoned == epoch,
            let group = world.groups.last(where: { $0.plan.number == plan.number && $0.coordinator === coordinator })
        else { return next() }
        let seat = GradientSeat(group: group, rank: rank, engine: self)
        dialler = seat
        group.join(seat) { failure in
            self.later(self.world.delay(30)) {
                if let failure {
                    if let suspect = failure.suspect {
                        self.tell(
                            .linkFailed(
                                view: plan.number,
                                LinkReport(
                                    suspect: suspect < 0 ? nil : suspect, kind: .neverUp, incoming: failure.incoming,
                                    reason: "cannot be dialled")))
                    }
                    return self.next()
                }
                guard self.dialler === seat, self.abandoned == epoch else {
                    seat.shutDown()
                    return self.next()
                }
                self.reducer = seat
                self.dialler = nil
                self.session!.view = plan.number
                self.session!.links = seat
                self.session!.shards = plan.members[rank].shards
                self.tell(.linksUp(view: plan.number))
                self.next()
            }
        }
    }

    // MARK: A step

    private func run(_ step: UInt64) {
        guard session!.replica.step == step, let seat = reducer, session!.links === seat else { return next() }
        phase(of: step, seat, isFirst: liveView != session!.view)
    }

    /// One phase, then the rest of the step.
    private func phase(of step: UInt64, _ seat: GradientSeat, isFirst: Bool) {
        let exponents = session!.replica.state.exponents
        attempt(0, seat) { failure in
            if let failure {
                if self.world.dropped != .exponentsRestored {
                    self.session!.replica.retry(exponent: exponents[self.session!.replica.phase])
                }
                seat.shutDown()
                self.session!.links = nil
                if let suspect = failure.suspect {
                    self.tell(
                        .linkFailed(
                            view: self.session!.view,
                            LinkReport(
                                suspect: suspect < 0 ? nil : suspect, kind: failure.isObserved ? .observed : .closed,
                                incoming: failure.incoming, reason: failure.isObserved ? "moved no byte" : "closed")))
                }
                return self.next()
            }
            self.appliedPhases = self.session!.replica.applied
            if isFirst {
                self.liveView = self.session!.view
                self.tell(.goesOn)
            }
            if self.session!.replica.phase == 0 {
                self.tell(.report(step: step, chain: self.session!.replica.chain, view: self.session!.view))
                return self.next()
            }
            self.phase(of: step, seat, isFirst: false)
        }
    }

    /// The exchanges of moments one after the other, then the gradient's.
    private func attempt(_ number: UInt32, _ seat: GradientSeat, _ done: @escaping (GradientFailure?) -> Void) {
        let replica = session!.replica
        let exchanges = world.scenario.arithmetic.momentExchanges(ofPhase: replica.phase)
        func segment(_ index: Int, _ moments: UInt64) {
            let place = UInt32(exchanges + 1) * number + UInt32(index)
            guard index < exchanges else { return exchangeGradient(number, place, moments, seat, done) }
            exchangeMoments(index, place, moments, seat) { failure, moments in
                if let failure { return done(failure) }
                segment(index + 1, moments)
            }
        }
        segment(0, 0)
    }

    /// Everybody's moments are needed before anybody goes on. `before` is what the exchanges before this one have come to.
    private func exchangeMoments(
        _ segment: Int, _ place: UInt32, _ before: UInt64, _ seat: GradientSeat,
        _ done: @escaping (GradientFailure?, UInt64) -> Void
    ) {
        let replica = session!.replica
        let exchange = seat.begin(phase: replica.applied, number: place, isOfMoments: true)
        let pace = paceOfSegment(replica.phase)
        computingSince = world.now
        later(world.delay(pace)) {
            self.hasComputed(for: pace)
            self.waits(true, replica)
            let part = self.moments(replica.state, segment, before)
            seat.ready(exchange, bucket: 0, part: part, isSpare: self.session!.shards.isEmpty)
            seat.finish(exchange) { failure in
                self.later(self.world.delay(20)) {
                    self.waitingSince = nil
                    if let failure { return done(failure, before) }
                    self.waits(false, replica)
                    self.world.counts.moments += 1
                    done(nil, SplitMix.mixed(before, exchange.sums[0]))
                }
            }
        }
    }

    /// Contributes bucket by bucket, waits for the sums, decides, applies; or again with other exponents.
    private func exchangeGradient(
        _ number: UInt32, _ place: UInt32, _ moments: UInt64, _ seat: GradientSeat, _ done: @escaping (GradientFailure?) -> Void
    ) {
        let arithmetic = world.scenario.arithmetic
        let replica = session!.replica
        let phase = replica.phase
        let exponent = replica.state.exponents[phase]
        session!.replica.sums[buffer(replica.applied)] = parts(replica.state, phase, exponent, moments)
        let exchange = seat.begin(phase: replica.applied, number: place, isOfMoments: false)
        let pace = session!.shards.isEmpty ? 20 : paceOfSegment(phase) / Int64(arithmetic.buckets)
        computingSince = world.now
        func contribute(_ bucket: Int) {
            later(world.delay(pace)) {
                let part = self.parts(replica.state, phase, exponent, moments)[bucket]
                seat.ready(exchange, bucket: bucket, part: part, isSpare: self.session!.shards.isEmpty)
                if bucket + 1 < arithmetic.buckets { return contribute(bucket + 1) }
                self.hasComputed(for: pace)
                if number == 0 { self.contributedPhases = replica.applied + 1 } else { self.waits(true, replica) }
                self.waitingSince = self.world.now
                if self.world.dropped == .phaseAfterPhase { self.beginTooEarly(seat, replica) }
                seat.finish(exchange) { failure in
                    self.later(self.world.delay(20)) {
                        self.waitingSince = nil
                        decide(failure)
                    }
                }
            }
        }
        func decide(_ failure: GradientFailure?) {
            if let failure { return done(failure) }
            switch arithmetic.decide(exponent: exponent, applied: replica.applied) {
            case .again(let other):
                session!.replica.retry(exponent: other)
                attempt(number + 1, seat, done)
            case .apply(let change):
                var sums = exchange.sums
                world.referee.applies(exchange, rank: seat.rank, worker)
                // A bucket that has not come is still this member's own part.
                for bucket in sums.indices where !exchange.arrived(seat.rank, bucket) {
                    sums[bucket] = parts(replica.state, phase, exponent, moments)[bucket]
                }
                session!.replica.sums[buffer(replica.applied)] = sums
                later(world.delay(max(world.scenario.phaseTime / 20, 10))) {
                    self.apply(sums, change)
                    self.world.referee.applied(self.session!.replica, self.worker, seat: seat)
                    done(nil)
                }
            }
        }
        contribute(0)
    }

    /// Of what a phase computes between two of its exchanges.
    private func paceOfSegment(_ phase: Int) -> Int64 {
        let segments = Int64(world.scenario.arithmetic.momentExchanges(ofPhase: phase) + 1)
        return session!.shards.isEmpty ? 20 : world.scenario.phaseTime / segments
    }

    private func hasComputed(for pace: Int64) {
        computingSince = nil
        work += 1 + UInt64(pace)
    }

    /// What the heartbeat says of a worker that waits for others within a phase, or goes on, as `PhaseExchange` tells it.
    private func waits(_ isWaiting: Bool, _ replica: SimulatedReplica) {
        if isWaiting { waitingSince = world.now }
        guard world.dropped != .waitsAreTold else { return }
        contributedPhases = replica.applied + (isWaiting ? 1 : 0)
    }

    private func apply(_ sums: [UInt64], _ change: SimulatedReplica.Change) {
        session!.replica.apply(sums, change)
        world.counts.phases += 1
        world.referee.applied(session!.replica, worker, seat: nil)
    }

    /// This worker's shards' part of an exchange of moments.
    private func moments(_ state: SimulatedReplica.State, _ segment: Int, _ before: UInt64) -> UInt64 {
        session!.shards.reduce(UInt64(0)) {
            $0 &+ world.scenario.arithmetic.moments(of: $1, segment: segment, state: state, before: before)
        }
    }

    /// This worker's shards' part of each bucket.
    private func parts(_ state: SimulatedReplica.State, _ phase: Int, _ exponent: Int, _ moments: UInt64) -> [UInt64] {
        let arithmetic = world.scenario.arithmetic
        var isWarm = true
        if world.dropped == .coldPhases {
            let step = state.applied / UInt64(arithmetic.phases)
            if phase == 0 { session!.warm = (step, session!.shards) }
            isWarm = session!.warm.map { $0.step == step && $0.shards == session!.shards } ?? false
        }
        return (0..<arithmetic.buckets).map { bucket in
            session!.shards.reduce(UInt64(0)) {
                $0
                    &+ arithmetic.part(
                        of: $1, bucket: bucket, state: state, exponent: isWarm ? exponent : 99, moments: moments)
            }
        }
    }

    /// Where the next phase is summed after so many.
    private func buffer(_ applied: UInt64) -> Int {
        world.dropped == .ownSumBuffer ? 0 : Int(applied % UInt64(max(2, world.scenario.arithmetic.phases)))
    }

    /// The first part of the next phase, from a state that has not seen this one's update.
    private func beginTooEarly(_ seat: GradientSeat, _ replica: SimulatedReplica) {
        var state = replica.state
        state.applied += 1
        let phase = Int(state.applied % UInt64(replica.arithmetic.phases))
        let exponent = state.exponents[phase]
        guard exponent != SimulatedReplica.none else { return }
        let hasMoments = replica.arithmetic.momentExchanges(ofPhase: phase) > 0
        let exchange = seat.begin(phase: state.applied, number: 0, isOfMoments: hasMoments)
        let part = hasMoments ? moments(state, 0, 0) : parts(state, phase, exponent, 0)[0]
        seat.ready(exchange, bucket: 0, part: part, isSpare: session!.shards.isEmpty)
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

extension SimulatedEngine.Work {
    var isPreparation: Bool { if case .prepare = self { true } else { false } }
}
