/// Why an exchange or the making of links ended without a result; a suspect is a rank, -1 the server, nil one's own doing.
struct GradientFailure {
    var suspect: Int?
    /// The link that the suspect dials.
    var incoming = false
}

/// One member's end of the gradient links of a view: what a `Reducer` and its dialler are to the engine.
final class GradientSeat {
    unowned let group: GradientGroup
    let rank: Int
    unowned let engine: SimulatedEngine
    fileprivate var isShut = false
    /// The links to the neighbours (or the server) that have ended, as far as this end has noticed, and the suspect.
    fileprivate var ended: Int?
    fileprivate var joined: ((GradientFailure?) -> Void)?
    fileprivate var waiting: (exchange: SimulatedExchange, done: (GradientFailure?) -> Void)?

    init(group: GradientGroup, rank: Int, engine: SimulatedEngine) {
        self.group = group
        self.rank = rank
        self.engine = engine
    }

    func begin(phase: UInt64, attempt: UInt32) -> SimulatedExchange { group.exchange(phase, attempt) }

    func ready(_ exchange: SimulatedExchange, bucket: Int, part: UInt64, isSpare: Bool) {
        guard !isShut else { return }
        group.contribute(self, exchange, bucket, part, isSpare)
    }

    /// Calls back when every bucket's sum is here, or will not come.
    func finish(_ exchange: SimulatedExchange, _ done: @escaping (GradientFailure?) -> Void) {
        waiting = (exchange, done)
        settle()
    }

    /// One's own end: whoever waits on these links here is woken.
    func shutDown() {
        guard !isShut else { return }
        isShut = true
        group.leaves(rank)
        if let joined {
            self.joined = nil
            joined(GradientFailure(suspect: nil))
        }
        settle()
    }

    /// The process is gone; its kernel may still close its sockets.
    func vanish(silently: Bool) {
        isShut = true
        joined = nil
        waiting = nil
        group.vanished(rank, silently: silently)
    }

    fileprivate func settle() {
        guard let (exchange, done) = waiting else { return }
        if isShut {
            waiting = nil
            done(GradientFailure(suspect: nil))
        } else if exchange.isWhole(rank, missing: group.world.dropped == .everyBucket ? 1 : 0) {
            waiting = nil
            done(nil)
        } else if let ended {
            waiting = nil
            done(GradientFailure(suspect: ended))
        }
    }
}

/// One run of one phase over the members of a view.
final class SimulatedExchange {
    let phase: UInt64
    let attempt: UInt32
    private let world: Int
    private var totals: [UInt64]
    private(set) var contributors: [Set<Int>]
    private var here: [[Bool]]

    init(phase: UInt64, attempt: UInt32, world: Int, buckets: Int) {
        self.phase = phase
        self.attempt = attempt
        self.world = world
        totals = [UInt64](repeating: 0, count: buckets)
        contributors = [Set<Int>](repeating: [], count: buckets)
        here = [[Bool]](repeating: [Bool](repeating: false, count: buckets), count: world)
    }

    func add(_ part: UInt64, from rank: Int, bucket: Int) -> Bool {
        guard contributors[bucket].insert(rank).inserted else { return false }
        totals[bucket] &+= part
        return true
    }

    func arrives(at rank: Int, bucket: Int) { here[rank][bucket] = true }
    func arrived(_ rank: Int, _ bucket: Int) -> Bool { here[rank][bucket] }
    func isWhole(_ rank: Int, missing: Int) -> Bool { here[rank].count { !$0 } <= missing }
    var sums: [UInt64] { totals }
    var isFromEveryMember: Bool { contributors.allSatisfy { $0.count == world } }
}

/// The gradient links of one view: a ring of neighbours, or everybody and a server.
final class GradientGroup {
    unowned let world: World
    unowned let coordinator: SimulatedCoordinator
    let plan: ViewPlan
    private let ring: Bool
    private var seats: [GradientSeat?]
    /// Ring: the link from a rank to the next; server: that of a rank.
    private var made: [Bool]
    private var broken: [Bool]
    private var exchanges: [SimulatedExchange] = []
    private let spares: Set<Int>

    init(_ world: World, coordinator: SimulatedCoordinator, plan: ViewPlan) {
        self.world = world
        self.coordinator = coordinator
        self.plan = plan
        ring = plan.ring
        seats = [GradientSeat?](repeating: nil, count: plan.members.count)
        made = [Bool](repeating: false, count: plan.members.count)
        broken = made
        spares = Set(plan.members.indices.filter { plan.members[$0].shards.isEmpty })
    }

    private var size: Int { plan.members.count }
    private func next(_ rank: Int) -> Int { (rank + 1) % size }
    private func before(_ rank: Int) -> Int { (rank + size - 1) % size }
    private func worker(_ rank: Int) -> SimulatedWorker { world.workers[Int(plan.members[rank].identity.pid) - 100] }
    private var isSolo: Bool { ring && size == 1 }

    /// Phases applied by the members that still have their seat.
    var counts: [UInt64] {
        seats.compactMap { seat in
            guard let seat, !seat.isShut, seat.engine.reducer === seat else { return nil }
            return seat.engine.session?.replica.applied
        }
    }

    // MARK: Making the links

    private static let dialDeadline: Int64 = 5_000_000

    func join(_ seat: GradientSeat, _ joined: @escaping (GradientFailure?) -> Void) {
        let rank = seat.rank
        seats[rank] = seat
        seat.joined = joined
        if isSolo { return up(rank) }
        if ring {
            dial(rank)
            if seats[before(rank)] != nil { dial(before(rank)) }
        } else {
            dialServer(rank)
        }
        world.after(Self.dialDeadline) {
            guard seat.joined != nil, !seat.isShut else { return }
            let suspect = !self.ring ? -1 : self.made[rank] ? self.before(rank) : self.next(rank)
            self.fail(seat, suspect)
        }
    }

    private func fail(_ seat: GradientSeat, _ suspect: Int) {
        let process = worker(seat.rank)
        process.run {
            guard let joined = seat.joined, !seat.isShut else { return }
            seat.joined = nil
            // A join that failed has closed what it had made.
            self.leaves(seat.rank)
            seat.isShut = true
            joined(GradientFailure(suspect: suspect))
        }
    }

    /// The link from this rank to the next, once both are there.
    private func dial(_ rank: Int) {
        let peer = next(rank)
        guard !made[rank], let seat = seats[rank], !seat.isShut else { return }
        if world.trouble.areApart(worker(rank).index, worker(peer).index) {
            if world.random.chance(0.5) { world.after(world.delay(2_000)) { self.fail(seat, peer) } }
            return
        }
        guard worker(peer).isAlive else {
            if !worker(peer).lostPower { world.after(world.delay(2_000)) { self.fail(seat, peer) } }
            return
        }
        guard let other = seats[peer], !other.isShut else { return }
        let process = worker(peer)
        world.after(world.delay(world.scenario.latency) + 100, in: process) {
            guard !self.made[rank], !seat.isShut, !other.isShut, self.worker(rank).isAlive,
                !self.world.trouble.areApart(self.worker(rank).index, process.index)
            else { return }
            self.made[rank] = true
            self.up(rank)
            self.up(peer)
        }
    }

    private func dialServer(_ rank: Int) {
        guard let seat = seats[rank] else { return }
        let process = worker(rank)
        if world.trouble.areApart(process.index, nil) {
            if world.random.chance(0.5) { world.after(world.delay(2_000)) { self.fail(seat, -1) } }
            return
        }
        guard coordinator.isAlive else { return world.after(world.delay(2_000)) { self.fail(seat, -1) } }
        world.after(world.delay(world.scenario.latency) + 100, in: coordinator) {
            guard !seat.isShut else { return }
            self.made[rank] = true
            self.up(rank)
        }
    }

    private func up(_ rank: Int) {
        guard let seat = seats[rank], isSolo || (made[rank] && (!ring || made[before(rank)])) else { return }
        world.after(world.delay(50), in: worker(rank)) {
            guard let joined = seat.joined, !seat.isShut else { return }
            seat.joined = nil
            joined(nil)
        }
    }

    // MARK: Exchanging

    func exchange(_ phase: UInt64, _ attempt: UInt32) -> SimulatedExchange {
        if let there = exchanges.last(where: { $0.phase == phase && $0.attempt == attempt }) { return there }
        let new = SimulatedExchange(phase: phase, attempt: attempt, world: size, buckets: world.scenario.arithmetic.buckets)
        exchanges.append(new)
        if exchanges.count > 8 { exchanges.removeFirst() }
        return new
    }

    func contribute(_ seat: GradientSeat, _ exchange: SimulatedExchange, _ bucket: Int, _ part: UInt64, _ isSpare: Bool) {
        let silent = isSpare && world.dropped == .everyMemberContributes
        if silent { return }
        guard exchange.add(part, from: seat.rank, bucket: bucket) else {
            if world.dropped == nil {
                world.violate("rank \(seat.rank) contributed bucket \(bucket) of phase \(exchange.phase) twice")
            }
            return
        }
        let awaited = world.dropped == .everyMemberContributes ? size - spares.count : size
        guard exchange.contributors[bucket].count == awaited, !isBroken else { return }
        for rank in 0..<size {
            let quick = size == 1 ? 1 : world.delay(world.scenario.latency) + world.random.within(0...world.scenario.skew)
            world.after(quick, in: worker(rank)) { self.arrive(exchange, bucket, at: rank) }
        }
    }

    private var isBroken: Bool { broken.contains(true) }

    private func arrive(_ exchange: SimulatedExchange, _ bucket: Int, at rank: Int) {
        guard let seat = seats[rank], !seat.isShut else { return }
        if isBroken, isLost(exchange, rank) { return }
        if world.trouble.areStalled(worker(rank).index) {
            return world.after(100_000, in: worker(rank)) { self.arrive(exchange, bucket, at: rank) }
        }
        exchange.arrives(at: rank, bucket: bucket)
        seat.settle()
    }

    /// What was on its way when a link broke reaches those behind it, or not. Whoever reads from the broken link has all of it
    /// or hears of the break; and where it has all, it has passed all on.
    private func isLost(_ exchange: SimulatedExchange, _ rank: Int) -> Bool {
        let readers = seats.indices.filter { broken[ring ? before($0) : $0] && !exchange.isWhole($0, missing: 0) }
        return readers.contains(rank) || (ring && !readers.isEmpty && world.random.chance(0.5))
    }

    // MARK: Breaking

    /// A member has shut its links down: the neighbours notice.
    func leaves(_ rank: Int) {
        guard !isSolo else { return }
        if ring {
            breakLink(rank, noticedBy: next(rank), suspect: rank)
            breakLink(before(rank), noticedBy: before(rank), suspect: rank)
        } else {
            broken[rank] = true
        }
    }

    func vanished(_ rank: Int, silently: Bool) {
        guard !isSolo else { return }
        if silently {
            broken[rank] = true
            if ring { broken[before(rank)] = true }
        } else {
            leaves(rank)
        }
        // Whoever was still to dial it finds nobody there.
        if ring, !silently, let seat = seats[before(rank)], seat.joined != nil, !made[before(rank)] {
            world.after(world.delay(2_000)) { self.fail(seat, rank) }
        }
    }

    func serverIsGone() {
        guard !ring else { return }
        for rank in seats.indices { breakLink(rank, noticedBy: rank, suspect: -1) }
    }

    /// Between two hosts, while both live.
    func separate(_ a: Int, _ b: Int?) {
        for rank in seats.indices where seats[rank] != nil {
            let here = worker(rank).index
            if ring, size > 1 {
                let there = worker(next(rank)).index
                guard (here, there) == (a, b ?? -1) || (there, here) == (a, b ?? -1) else { continue }
                breakLink(rank, noticedBy: rank, suspect: next(rank), slow: true)
                breakLink(rank, noticedBy: next(rank), suspect: rank, slow: true)
            } else if !ring, b == nil, here == a {
                breakLink(rank, noticedBy: rank, suspect: -1, slow: true)
            }
        }
    }

    private func breakLink(_ link: Int, noticedBy rank: Int, suspect: Int, slow: Bool = false) {
        guard made[link] else { return }
        broken[link] = true
        guard let seat = seats[rank], !seat.isShut else { return }
        let delay = slow ? world.random.within(1_000...8_000_000) : world.delay(world.scenario.latency)
        world.after(delay, in: worker(rank)) {
            guard !seat.isShut, seat.ended == nil else { return }
            seat.ended = suspect
            seat.settle()
        }
    }
}
