/// A coordinator process: the real machine, and a shell that does with simulated connections what `CoordinatorShell` does.
final class SimulatedCoordinator: SimulatedProcess {
    struct Peer {
        let connection: SimulatedConnection
        var isGreeted = false
        /// Bulk that had left at the last look.
        var drained: UInt64 = 0
    }

    var machine: CoordinatorMachine
    private(set) var generation: UInt64
    /// Its random name.
    private(set) var leader: UInt64
    var peers: [ConnectionID: Peer] = [:]
    var members: [ViewPlan.Member] = []
    var relay: Relay?
    var sources: [UInt64: ConnectionID] = [:]
    var books: SimulatedBooks
    var outcome: RunOutcome?
    /// Another has taken the run over; nothing of this one's reaches the disk any more.
    var isReplaced = false
    private(set) var isListening = false
    var copies = IncomingCopies(limit: .max)
    /// When the disk will have written what is to be written.
    private var stored: Int64 = 0
    lazy var feeder = SimulatedFeeder(self)
    private var closures: [UInt32: (ConnectionID, String)] = [:]
    /// What each worker said of its position the time before; for `DroppedInvariant.freshPositions`.
    private var stale: [ConnectionID: Position] = [:]

    /// Opens the run as `PreparedRun` does: the newest checkpoint, the next generation, the last view in the books.
    init(_ world: World) {
        world.disk.generation += 1
        generation = world.disk.generation
        leader = world.newLeader()
        world.disk.leader = leader
        var plan = world.scenario.plan
        plan.firstStep = world.disk.newestStep ?? 0
        plan.beginsWithSeed = world.disk.newestStep == nil
        plan.bookedStep = world.disk.metrics.last ?? 0
        plan.generation = generation
        plan.leader = leader
        // The supervisor of one machine ends with its coordinator; the next is not its child.
        plan.supervised = plan.supervised && generation == 1
        machine = CoordinatorMachine(plan: plan, view: world.disk.lastView, rules: world.rules)
        books = SimulatedBooks()
        super.init(world, name: "coordinator \(generation)")
        world.note("\(name) starts after step \(plan.firstStep)")
    }

    /// What the machine says of itself, for sentences.
    var account: String {
        "\(isAlive ? isFrozen ? "frozen" : "\(machine.stage)" : "gone"), view \(machine.view), \(machine.completed) steps done, \(machine.sent) sent, "
            + "snapshots due \(machine.pending.keys.sorted()), "
            + machine.workers.sorted { $0.key < $1.key }.map {
                "\($0.value.identity.host) \($0.value.standing) at \($0.value.position.applied)"
            }
            .joined(separator: ", ")
    }

    func start() {
        guard machine.plan.firstStep < machine.plan.lastStep else {
            outcome = .finished(step: machine.plan.firstStep)
            return world.after(1, in: self) { self.end() }
        }
        isListening = true
        tick()
        beat()
    }

    private func tick() {
        guard outcome == nil else { return }
        look()
        handle(.tick)
        world.referee.watch(self)
        world.after(250_000, in: self) { self.tick() }
    }

    /// What has moved since the last look, as the real shell's.
    private func look() {
        for (id, peer) in peers.filter({ $0.value.connection.drained != $0.value.drained }).sorted(by: { $0.key < $1.key }) {
            handle(.draining(id))
            peers[id]?.drained = peer.connection.drained
        }
        guard !machine.isRound, let group = world.groups.last(where: { $0.coordinator === self }) else { return }
        handle(.serverLinks(view: group.plan.number, group.serverProgress))
    }

    private func beat() {
        world.after(1_000_000, in: self) {
            guard self.outcome == nil else { return }
            for peer in self.peers.sorted(by: { $0.key < $1.key }) where peer.value.isGreeted {
                peer.value.connection.send(.heartbeat, view: self.machine.view)
            }
            self.beat()
        }
    }

    func handle(_ event: CoordinatorEvent) {
        guard isAlive else { return }
        if case .childExited(let pid, _) = event, let early = closures.removeValue(forKey: pid) {
            carryOut(machine.handle(event, at: .microseconds(world.now)))
            return finish(early.0, early.1)
        }
        switch event {
        case .tick, .heartbeat, .serverLinks: break
        default: world.note("\(name) ◀ \(event)")
        }
        carryOut(machine.handle(event, at: .microseconds(world.now)))
    }

    private func carryOut(_ directives: [CoordinatorDirective]) {
        for directive in directives {
            guard isAlive else { return }
            world.note("\(name) ▶ \(directive)")
            carryOut(directive)
            world.trouble.point(at: self)
        }
    }

    // MARK: In

    /// On the loop: a worker has connected.
    func accept(_ connection: SimulatedConnection) {
        peers[connection.id] = Peer(connection: connection)
        world.after(5_000_000, in: self) {
            guard let peer = self.peers[connection.id], !peer.isGreeted else { return }
            peer.connection.closeByCoordinator()
        }
    }

    func receive(_ message: ToCoordinator, _ id: ConnectionID) {
        guard let peer = peers[id] else { return }
        world.trouble.point(at: peer.connection)
        guard isAlive else { return }
        guard peer.isGreeted else {
            guard case .hello(let held) = message else { return peer.connection.closeByCoordinator() }
            peers[id]?.isGreeted = true
            return handle(.hello(id, peer.connection.peer.identity, held: held))
        }
        switch message {
        case .hello: peer.connection.closeByCoordinator()
        case .ready(let position): handle(.ready(id, fingerprint: [1], position))
        case .position(let order, let position): handle(.position(id, order: order, told(position, by: id)))
        case .linksUp(let view): handle(.linksUp(id, view: view))
        case .linkFailed(let view, let report): handle(.linkFailed(id, view: view, report))
        case .stepReport(let view, let step, let chain): handle(.stepReport(id, view: view, step: step, chain: chain))
        case .heartbeat(let beat): handle(.heartbeat(id, beat))
        case .farewell(let reason, let leaving, let common):
            handle(.farewell(id, reason: reason, leaving: leaving, common: common))
        case .statePiece(let piece): take(piece, from: id)
        case .sumPiece(let piece):
            let place = PiecePlace(offset: piece.offset, count: UInt64(piece.sums.count), total: piece.total)
            pass(.sumPiece(piece), .sum, of: piece.applied, from: id, order: piece.order, place)
        }
    }

    private func told(_ position: Position, by id: ConnectionID) -> Position {
        guard world.dropped == .freshPositions else { return position }
        defer { stale[id] = position }
        return stale[id] ?? position
    }

    /// Hands a piece on to those who wait for it, whose sizes are known first.
    private func pass(
        _ message: ToWorker, _ kind: Relay.Kind, of what: UInt64, from id: ConnectionID, order: UInt64, _ place: PiecePlace
    ) {
        do {
            let targets = try relay?.take(kind, of: what, from: id, order: order, place) ?? []
            if place.offset == 0, !targets.isEmpty {
                handle(.relaying(order: order, from: id, total: kind == .state ? place.total : nil))
            }
            for target in targets { peers[target]?.connection.send(message, view: 0) }
        } catch {
            outOfOrder("\(error)", id)
        }
    }

    private func outOfOrder(_ what: String, _ id: ConnectionID) {
        guard let peer = peers[id] else { return }
        world.note("\(name): \(peer.connection.peer.name): \(what)")
        world.referee.pieceOutOfOrder(from: peer.connection.peer, what)
        handle(.badPiece(id, reason: what))
    }

    private func take(_ piece: StatePiece, from id: ConnectionID) {
        let place = PiecePlace(offset: piece.offset, count: piece.count, total: piece.total)
        guard piece.order == 0 else {
            return pass(.statePiece(piece), .state, of: piece.step, from: id, order: piece.order, place)
        }
        guard sources[piece.step] == id else { return }
        do {
            guard case .whole(let purposes) = try copies.take(step: piece.step, place) else { return }
            handle(.snapshotArrived(step: piece.step))
            put(piece.state, step: piece.step, purposes)
        } catch {
            outOfOrder("\(error)", id)
        }
    }

    /// One after the other, on a thread of its own.
    private func put(_ state: SimulatedReplica.State, step: UInt64, _ purposes: SnapshotPurposes) {
        stored = max(stored, world.now) + world.delay(world.scenario.storing)
        world.after(stored - world.now, in: self) {
            self.store(state, step: step, purposes)
            self.world.after(self.world.delay(50), in: self) {
                self.handle(.snapshotStored(step: step, purposes: purposes))
            }
        }
    }

    private func store(_ state: SimulatedReplica.State, step: UInt64, _ purposes: SnapshotPurposes) {
        guard purposes.contains(.checkpoint), !isReplaced else { return }
        world.counts.checkpoints += 1
        world.disk.checkpoints[step] = state
        world.referee.stored(step, state)
        // As `retain` does: the newest few.
        for old in world.disk.checkpoints.keys.sorted().dropLast(3) { world.disk.checkpoints[old] = nil }
        world.keepCopy()
    }

    /// The end of a connection; on one machine the operating system's word is waited for.
    func ended(_ id: ConnectionID, _ reason: String) {
        guard let peer = peers[id] else { return }
        guard peer.isGreeted else {
            peers[id] = nil
            return
        }
        let pid = peer.connection.peer.identity.pid
        guard machine.plan.supervised, outcome == nil, !machine.knowsCause(ofPid: pid) else { return finish(id, reason) }
        closures[pid] = (id, reason)
        world.after(200_000, in: self) {
            guard let late = self.closures.removeValue(forKey: pid) else { return }
            self.finish(late.0, late.1)
        }
    }

    private func finish(_ id: ConnectionID, _ reason: String) {
        handle(.closed(id, reason: reason))
        peers[id] = nil
    }

    /// As the real shell does: is the folder still this coordinator's?
    func outrank(_ other: UInt64) {
        world.after(world.delay(2_000), in: self) {
            guard self.world.disk.generation == self.generation, self.world.disk.leader == self.leader else {
                return self.handle(.overthrown(reason: "another coordinator leads this run"))
            }
            self.world.disk.generation = max(self.generation, other) + 1
            self.world.disk.leader = self.world.newLeader()
            (self.generation, self.leader) = (self.world.disk.generation, self.world.disk.leader)
            self.handle(.outranked(generation: self.generation, leader: self.leader))
        }
    }

    // MARK: The end

    /// The machine has said how the run ended: what is written is written, then the process is over.
    func conclude(_ outcome: RunOutcome) {
        self.outcome = outcome
        isListening = false
        world.referee.ended(self, outcome)
        world.after(world.delay(20_000), in: self) { self.end() }
    }

    private func end() { die("it ended", silently: false) }

    /// It is killed, or its host loses power.
    func die(_ reason: String, silently: Bool) {
        guard isAlive else { return }
        world.note("\(name) is no more: \(reason)")
        vanish()
        isListening = false
        for peer in peers.values.sorted(by: { $0.connection.id < $1.connection.id }) {
            if silently { peer.connection.goSilent(worker: false) } else { peer.connection.closeByCoordinator() }
        }
        for group in world.groups where group.coordinator === self { group.serverIsGone() }
    }

    func dismantle() {
        peers = [:]
        relay = nil
        feeder.dismantle()
    }
}
