import Membership

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
    private let processes: [SimulatedPeer]
    /// Messages written into and read from each link, and which of them swallow what they are given.
    private var flow: GradientFlow

    init(_ world: World, coordinator: SimulatedCoordinator, plan: ViewPlan) {
        self.world = world
        self.coordinator = coordinator
        self.plan = plan
        ring = plan.ring
        seats = [GradientSeat?](repeating: nil, count: plan.members.count)
        made = [Bool](repeating: false, count: plan.members.count)
        broken = made
        processes = plan.members.map { coordinator.processes[$0.connection]! }
        flow = GradientFlow(plan)
        spares = Set(plan.members.indices.filter { plan.members[$0].shards.isEmpty })
    }

    private var size: Int { plan.members.count }
    private func next(_ rank: Int) -> Int { (rank + 1) % size }
    private func before(_ rank: Int) -> Int { (rank + size - 1) % size }
    private func worker(_ rank: Int) -> SimulatedPeer { processes[rank] }
    private func host(_ rank: Int) -> Int { processes[rank].host }
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
            guard self.ring else { return self.fail(seat, -1) }
            // Whose own dial has come through has waited for the other neighbour's.
            self.fail(seat, self.made[rank] ? self.before(rank) : self.next(rank), incoming: self.made[rank])
        }
    }

    private func fail(_ seat: GradientSeat, _ suspect: Int, incoming: Bool = false) {
        let process = worker(seat.rank)
        process.run {
            guard let joined = seat.joined, !seat.isShut else { return }
            seat.joined = nil
            // A join that failed has closed what it had made.
            self.leaves(seat.rank)
            seat.isShut = true
            joined(GradientFailure(suspect: suspect, incoming: incoming))
        }
    }

    /// The link from this rank to the next, once both are there.
    private func dial(_ rank: Int) {
        let peer = next(rank)
        guard !made[rank], let seat = seats[rank], !seat.isShut else { return }
        if world.trouble.cannotDial(host(rank), host(peer)) {
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
                !self.world.trouble.cannotDial(self.host(rank), self.host(peer))
            else { return }
            self.made[rank] = true
            self.up(rank)
            self.up(peer)
        }
    }

    private func dialServer(_ rank: Int) {
        guard let seat = seats[rank] else { return }
        let process = worker(rank)
        if world.trouble.cannotDial(process.host, Trouble.server) {
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

    func exchange(_ phase: UInt64, _ number: UInt32, isOfMoments: Bool) -> SimulatedExchange {
        if let there = exchanges.last(where: { $0.phase == phase && $0.number == number }) { return there }
        let new = SimulatedExchange(
            phase: phase, number: number, world: size, buckets: isOfMoments ? 1 : world.scenario.arithmetic.buckets,
            isOfMoments: isOfMoments)
        exchanges.append(new)
        if exchanges.count > 8 { exchanges.removeFirst() }
        return new
    }

    func contribute(_ seat: GradientSeat, _ exchange: SimulatedExchange, _ bucket: Int, _ part: UInt64, _ isSpare: Bool) {
        let silent = isSpare && world.dropped == .everyMemberContributes
        if silent { return }
        guard exchange.add(part, from: seat.rank, bucket: bucket) else {
            if !(world.dropped?.isOfEngines ?? false) {
                world.violate("rank \(seat.rank) contributed bucket \(bucket) of phase \(exchange.phase) twice")
            }
            return
        }
        if !isSolo { write(from: seat.rank) }
        let awaited = world.dropped == .everyMemberContributes ? size - spares.count : size
        guard exchange.contributors[bucket].count == awaited, !isBroken else { return }
        for rank in reached() {
            let quick = size == 1 ? 1 : world.delay(world.scenario.latency) + world.random.within(0...world.scenario.skew)
            world.after(quick, in: worker(rank)) { self.arrive(exchange, bucket, at: rank) }
        }
    }

    /// A part leaves by this member's link: what a link swallows is gone, and with it all that follows.
    private func write(from rank: Int) {
        flow.write(rank, isSwallowed: world.trouble.swallows(from: host(rank), to: ring ? host(next(rank)) : Trouble.server)) {
            self.stalls(rank)
        }
    }

    /// Whoever writes to a link that moves nothing may see it before the coordinator does.
    private func stalls(_ rank: Int) {
        guard world.random.chance(0.3) else { return }
        world.after(world.random.within(1_000_000...8_000_000), in: worker(rank)) {
            guard let seat = self.seats[rank], !seat.isShut, seat.ended == nil else { return }
            seat.ended = GradientFailure(suspect: self.ring ? self.next(rank) : -1, isObserved: true)
            seat.settle()
        }
    }

    /// Every part of a bucket is there: whom its sum gets to, past the links that swallow.
    private func reached() -> [Int] {
        guard !isSolo else { return [0] }
        if ring {
            for rank in 0..<size { write(from: rank) }
            guard flow.swallowsAny else { return Array(0..<size) }
            // It goes round from somewhere, and comes to the gap at last.
            return (0..<size).filter { !flow.isSwallowed(before($0)) && world.random.chance(0.3) }
        }
        guard !flow.swallowsAny else { return [] }
        return (0..<size).filter { rank in
            flow.answer(rank, isSwallowed: world.trouble.swallows(from: Trouble.server, to: host(rank)))
        }
    }

    /// How far this member's links have come, as its heartbeat tells.
    func progress(_ rank: Int) -> LinkProgress {
        isSolo ? LinkProgress(view: plan.number) : flow.progress(rank, reading: ring ? before(rank) : nil)
    }

    /// And the summation server's.
    var serverProgress: [Int: LinkProgress] { flow.server(made.indices.filter { made[$0] }) }

    /// From now on this host's link takes what it is given and passes nothing on; `down`: what the summation server sends.
    func swallow(from host: Int, down: Bool) {
        for rank in processes.indices where self.host(rank) == host && !isSolo { flow.swallow(rank, down: down && !ring) }
    }

    private var isBroken: Bool { broken.contains(true) }

    private func arrive(_ exchange: SimulatedExchange, _ bucket: Int, at rank: Int) {
        guard let seat = seats[rank], !seat.isShut else { return }
        if isBroken, isLost(exchange, rank) { return }
        if world.trouble.areStalled(host(rank)) {
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

    /// A member that has no seat is gone.
    func left(_ peer: SimulatedPeer) {
        for rank in processes.indices where processes[rank] === peer { vanished(rank, silently: false) }
    }

    func serverIsGone() {
        guard !ring else { return }
        for rank in seats.indices { breakLink(rank, noticedBy: rank, suspect: -1) }
    }

    /// Between two hosts, while both live.
    func separate(_ a: Int, _ b: Int) {
        for rank in seats.indices where seats[rank] != nil {
            let (here, there) = (host(rank), ring ? host(next(rank)) : Trouble.server)
            guard (here, there) == (a, b) || (there, here) == (a, b) else { continue }
            breakLink(rank, noticedBy: rank, suspect: ring ? next(rank) : -1, slow: true)
            if ring { breakLink(rank, noticedBy: next(rank), suspect: rank, slow: true) }
        }
    }

    private func breakLink(_ link: Int, noticedBy rank: Int, suspect: Int, slow: Bool = false) {
        guard made[link] else { return }
        broken[link] = true
        guard let seat = seats[rank], !seat.isShut else { return }
        let failure = GradientFailure(
            suspect: suspect, incoming: ring && rank != link, isObserved: slow && world.random.chance(0.5))
        let delay = slow ? world.random.within(1_000...8_000_000) : world.delay(world.scenario.latency)
        world.after(delay, in: worker(rank)) {
            guard !seat.isShut, seat.ended == nil else { return }
            seat.ended = failure
            seat.settle()
        }
    }
}
