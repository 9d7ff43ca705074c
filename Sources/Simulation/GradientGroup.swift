import Collectives
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
    private let processes: [SimulatedPeer]
    /// Ring: from a rank to the next; server: from a rank to the server.
    private var pipes: [GradientPipe] = []
    /// From the server to a rank.
    private var answers: [GradientPipe] = []
    private lazy var summation = SimulatedSummation(self)

    init(_ world: World, coordinator: SimulatedCoordinator, plan: ViewPlan) {
        self.world = world
        self.coordinator = coordinator
        self.plan = plan
        ring = plan.ring
        seats = [GradientSeat?](repeating: nil, count: plan.members.count)
        made = [Bool](repeating: false, count: plan.members.count)
        processes = plan.members.map { coordinator.processes[$0.connection]! }
        if !isSolo { lay() }
    }

    private func lay() {
        // A sum takes as long as the scenario says, whatever its hops.
        let hops = Int64(ring ? RingGeometry(rank: 0, world: size).hops : 2)
        let (latency, skew) = (max(world.scenario.latency / hops, 10), world.scenario.skew / hops)
        func pipe(_ from: Int, to reader: SimulatedProcess, _ receive: @escaping (GradientFrame) -> Bool) -> GradientPipe {
            let hosts = [host(from), (reader as? SimulatedPeer)?.host].compactMap(\.self)
            return GradientPipe(world, to: reader, latency: latency, skew: skew, hosts: hosts, receive)
        }
        pipes = processes.indices.map { [unowned self] rank in
            guard ring else {
                return pipe(rank, to: coordinator) {
                    self.summation.receive($0, from: rank)
                    return true
                }
            }
            return pipe(rank, to: worker(next(rank))) { self.seats[self.next(rank)]?.receive($0) ?? true }
        }
        guard !ring else { return }
        answers = processes.indices.map { [unowned self] rank in
            pipe(rank, to: worker(rank)) { self.seats[rank]?.receive($0) ?? true }
        }
    }

    private var size: Int { plan.members.count }
    private func next(_ rank: Int) -> Int { (rank + 1) % size }
    func before(_ rank: Int) -> Int { (rank + size - 1) % size }
    func worker(_ rank: Int) -> SimulatedPeer { processes[rank] }
    private func host(_ rank: Int) -> Int { processes[rank].host }
    var isSolo: Bool { ring && size == 1 }

    /// Phases applied by the members that still have their seat.
    var counts: [UInt64] {
        seats.compactMap { seat in
            guard let seat, !seat.isShut, seat.engine.links.made === seat else { return nil }
            return seat.engine.replica?.applied
        }
    }

    // MARK: Making the links

    private static let dialDeadline: Int64 = 5_000_000

    func join(_ seat: GradientSeat, _ joined: @escaping (LinkFailure?) -> Void) {
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
            guard self.ring else { return self.fail(seat, .server(0)) }
            // A member whose own dial came through has waited for the other neighbour's.
            self.fail(seat, .worker(self.made[rank] ? self.before(rank) : self.next(rank)), incoming: self.made[rank])
        }
    }

    private func fail(_ seat: GradientSeat, _ suspect: LinkEnd, incoming: Bool = false) {
        let process = worker(seat.rank)
        process.run {
            guard let joined = seat.joined, !seat.isShut else { return }
            seat.joined = nil
            // A join that failed has closed what it had made.
            self.leaves(seat.rank)
            seat.close()
            joined(LinkFailure(peer: suspect, address: "", cause: .unreachable("it cannot be dialled"), incoming: incoming))
        }
    }

    /// The link from this rank to the next, once both are there.
    private func dial(_ rank: Int) {
        let peer = next(rank)
        guard !made[rank], let seat = seats[rank], !seat.isShut else { return }
        if world.trouble.cannotDial(host(rank), host(peer)) {
            if world.random.chance(0.5) { world.after(world.delay(2_000)) { self.fail(seat, .worker(peer)) } }
            return
        }
        guard worker(peer).isAlive else {
            if !worker(peer).lostPower { world.after(world.delay(2_000)) { self.fail(seat, .worker(peer)) } }
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
            if world.random.chance(0.5) { world.after(world.delay(2_000)) { self.fail(seat, .server(0)) } }
            return
        }
        guard coordinator.isAlive else { return world.after(world.delay(2_000)) { self.fail(seat, .server(0)) } }
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

    /// A frame leaves by a member's link.
    func send(_ frame: GradientFrame, from rank: Int) {
        let pipe = pipes[rank]
        if !pipe.isSwallowing, world.trouble.swallows(from: host(rank), to: ring ? host(next(rank)) : Trouble.server) {
            pipe.swallow()
            stalls(rank)
        }
        pipe.write(frame)
    }

    /// A sum leaves the server.
    func answer(_ frame: GradientFrame, to rank: Int) {
        if world.trouble.swallows(from: Trouble.server, to: host(rank)) { answers[rank].swallow() }
        answers[rank].write(frame)
    }

    /// This member goes on: what waited to be read is read.
    func pump(_ rank: Int) {
        guard !isSolo else { return }
        if ring { pipes[before(rank)].pump() } else { answers[rank].pump() }
    }

    /// The writer to a link that moves nothing may notice it before the coordinator does.
    private func stalls(_ rank: Int) {
        guard world.random.chance(0.3) else { return }
        let failure = LinkFailure(
            peer: ring ? .worker(next(rank)) : .server(0), address: "", cause: .stalled(writing: true, seconds: 0))
        world.after(world.random.within(1_000_000...8_000_000), in: worker(rank)) { self.seats[rank]?.ended(.outgoing, failure) }
    }

    /// How far this member's links have come, as its heartbeat tells.
    func progress(_ rank: Int) -> LinkProgress {
        if isSolo { return LinkProgress(view: plan.number) }
        return LinkProgress(
            view: plan.number, sent: pipes[rank].written, received: ring ? pipes[before(rank)].read : answers[rank].read)
    }

    /// How far the summation server's links have come.
    var serverProgress: [Int: LinkProgress] {
        guard !ring else { return [:] }
        let links = made.indices.filter { made[$0] }
        return Dictionary(
            uniqueKeysWithValues: links.map {
                ($0, LinkProgress(view: plan.number, sent: answers[$0].written, received: pipes[$0].read))
            })
    }

    /// From now on this host's link takes what it is given and passes nothing on; `down`: what the summation server sends.
    func swallow(from host: Int, down: Bool) {
        for rank in processes.indices where self.host(rank) == host && !isSolo { (down && !ring ? answers : pipes)[rank].swallow() }
    }

    // MARK: Breaking

    /// A member has shut its links down: the neighbours notice.
    func leaves(_ rank: Int) {
        guard !isSolo else { return }
        if ring {
            breakLink(rank, noticedBy: next(rank), .worker(rank))
            breakLink(before(rank), noticedBy: before(rank), .worker(rank))
        } else {
            pipes[rank].breaks(after: 0) { self.summation.ended(rank) }
        }
    }

    func vanished(_ rank: Int, silently: Bool) {
        guard !isSolo else { return }
        if silently {
            pipes[rank].breaks(after: 0) {}
            if ring { pipes[before(rank)].breaks(after: 0) {} }
        } else {
            leaves(rank)
        }
        // A neighbour that has yet to dial it finds nobody there.
        if ring, !silently, let seat = seats[before(rank)], seat.joined != nil, !made[before(rank)] {
            world.after(world.delay(2_000)) { self.fail(seat, .worker(rank)) }
        }
    }

    /// A member that has no seat is gone.
    func left(_ peer: SimulatedPeer) {
        for rank in processes.indices where processes[rank] === peer { vanished(rank, silently: false) }
    }

    func serverIsGone() {
        guard !ring else { return }
        for rank in seats.indices { breakLink(rank, noticedBy: rank, .server(0)) }
    }

    /// Breaks the links between two hosts, while both live.
    func separate(_ a: Int, _ b: Int) {
        for rank in seats.indices where seats[rank] != nil {
            let (here, there) = (host(rank), ring ? host(next(rank)) : Trouble.server)
            guard (here, there) == (a, b) || (there, here) == (a, b) else { continue }
            breakLink(rank, noticedBy: rank, ring ? .worker(next(rank)) : .server(0), slow: true)
            if ring { breakLink(rank, noticedBy: next(rank), .worker(rank), slow: true) }
        }
    }

    private func breakLink(_ link: Int, noticedBy rank: Int, _ suspect: LinkEnd, slow: Bool = false) {
        guard made[link] else { return }
        let incoming = ring && rank != link
        let failure = LinkFailure(
            peer: suspect, address: "",
            cause: slow && world.random.chance(0.5) ? .stalled(writing: !incoming, seconds: 0) : .closed,
            incoming: incoming)
        let delay = slow ? world.random.within(1_000...8_000_000) : world.delay(world.scenario.latency)
        if !ring {
            pipes[link].breaks(after: delay) { self.summation.ended(link) }
            answers[link].breaks(after: delay) { self.seats[rank]?.ended(.incoming, failure) }
        } else if incoming {
            // The reader notices the break behind what has come, the writer in its own time.
            pipes[link].breaks(after: delay) { self.seats[rank]?.ended(.incoming, failure) }
        } else {
            pipes[link].breaks(after: 0) {}
            world.after(delay, in: worker(rank)) { self.seats[rank]?.ended(.outgoing, failure) }
        }
    }
}
