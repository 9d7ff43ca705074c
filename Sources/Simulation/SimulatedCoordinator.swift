import Foundation
import Membership
import SwiftProtobuf
import Wire

/// Drives a coordinator's core as `CoordinatorShell` does, with simulated connections, disk and clock.
final class SimulatedCoordinator: SimulatedProcess {
    struct Peer {
        let connection: SimulatedConnection
        /// Bulk that had left at the last look.
        var drained: UInt64 = 0
    }

    private(set) var core: CoordinatorCore
    var machine: CoordinatorMachine { core.machine }
    var members: [ViewPlan.Member] { core.members }
    private(set) var generation: UInt64
    /// Its random name.
    private(set) var leader: UInt64
    private(set) var peers: [ConnectionID: Peer] = [:]
    /// Who has ever connected: a member may be gone by the time its view begins.
    private(set) var processes: [ConnectionID: SimulatedPeer] = [:]
    private var records = SimulatedRecorder()
    private(set) var outcome: RunOutcome?
    /// Another has taken the run over; nothing of this one's reaches the disk any more.
    var isReplaced = false
    private(set) var isListening = false
    /// When the disk will have written what is to be written.
    private var stored: Int64 = 0
    private lazy var feeder = SimulatedFeeder(self)
    /// What each worker said of its position the time before; for `DroppedInvariant.freshPositions`.
    private var stale: [ConnectionID: ControlPosition] = [:]

    /// Opens the run as `PreparedRun` does: the newest checkpoint, the next generation, the last view in the records.
    init(_ world: World) {
        world.disk.generation += 1
        generation = world.disk.generation
        leader = world.newLeader()
        world.disk.leader = leader
        var plan = world.scenario.plan
        plan.firstStep = world.disk.newestStep ?? 0
        plan.beginsWithSeed = world.disk.newestStep == nil
        plan.recordedStep = world.disk.metrics.last ?? 0
        plan.generation = generation
        plan.leader = leader
        // The supervisor of one machine ends with its coordinator; the next is not its child.
        plan.supervised = plan.supervised && generation == 1
        core = CoordinatorCore(
            .init(
                plan: plan, view: world.disk.lastView, rules: world.rules, welcome: Self.welcome(world), build: "1",
                longestStream: world.scenario.longestStream, serverPort: plan.ring ? nil : 1, makesSecret: { Data() }))
        super.init(world, name: "coordinator \(generation)")
        world.note("\(name) starts after step \(plan.firstStep)")
    }

    private static func welcome(_ world: World) -> ControlWelcome {
        let newest = world.disk.newestStep.flatMap { world.disk.checkpoints[$0] }
        return .with {
            $0.run = "simulated"
            $0.orphanSeconds = Double(world.scenario.orphanPatience) / 1e6
            $0.markApplied = newest?.applied ?? 0
            $0.markChain = newest?.chain ?? 0
        }
    }

    /// What the machine says of itself, for sentences.
    var account: String {
        "\(isAlive ? isFrozen ? "frozen" : "\(machine.stage)" : "gone"), view \(machine.view), \(machine.completed) steps done, \(machine.sent) sent, "
            + "snapshots due \(machine.snapshots.pending.keys.sorted()), "
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

    /// What has moved since the last look.
    private func look() {
        for (id, peer) in peers.filter({ $0.value.connection.drained != $0.value.drained }).sorted(by: { $0.key < $1.key }) {
            put(.moved(id, arrived: false, drained: true))
            peers[id]?.drained = peer.connection.drained
        }
        guard core.isServing, let group = world.groups.last(where: { $0.coordinator === self }) else { return }
        handle(.serverLinks(view: group.plan.number, group.serverProgress))
    }

    private func beat() {
        world.after(1_000_000, in: self) {
            guard self.outcome == nil else { return }
            self.put(.beat)
            self.beat()
        }
    }

    func handle(_ event: CoordinatorEvent) { put(.event(event)) }

    private func put(_ input: CoordinatorCore.Input) {
        guard isAlive else { return }
        switch input {
        case .event(.tick), .event(.serverLinks), .beat, .message(_, .heartbeat): break
        default: world.note("\(name) ◀ \(input)")
        }
        let before = core.present?.number
        let acts = core.handle(input, at: .microseconds(world.now))
        if let turn = core.machine.wrongTurn { world.violate("\(name) went \(turn)") }
        if let plan = core.present, plan.number != before { begins(plan) }
        for act in acts {
            guard isAlive else { return }
            world.note("\(name) ▶ \(act)")
            carryOut(act)
            world.trouble.point(at: self)
        }
    }

    /// A view's gradient links can be made from now on.
    private func begins(_ plan: ViewPlan) {
        world.referee.forms(plan, self)
        world.groups.append(GradientGroup(world, coordinator: self, plan: plan))
    }

    // MARK: Connections

    func accept(_ connection: SimulatedConnection) {
        peers[connection.id] = Peer(connection: connection)
        processes[connection.id] = connection.peer
        put(.opened(connection.id, .init(name: connection.peer.name)))
        world.after(5_000_000, in: self) { self.put(.helloDue(connection.id)) }
    }

    func receive(_ message: ControlMessage, _ id: ConnectionID) {
        guard let peer = peers[id] else { return }
        world.trouble.point(at: peer.connection)
        guard isAlive else { return }
        put(.message(id, told(message, by: id)))
    }

    private func told(_ message: ControlMessage, by id: ConnectionID) -> ControlMessage {
        guard world.dropped == .freshPositions, case .position(var position) = message else { return message }
        let now = position
        if let before = stale[id] { position = before }
        position.order = now.order
        stale[id] = now
        return .position(position)
    }

    func ended(_ id: ConnectionID, _ reason: String) {
        guard peers.removeValue(forKey: id) != nil else { return }
        put(.closed(id, reason: reason))
    }

    // MARK: Acts

    private func carryOut(_ act: CoordinatorCore.Act) {
        switch act {
        case .send(let id, let message, let view): peers[id]?.connection.sendToWorker(message, view: view)
        case .sendBulk(let ids, let message):
            world.counts.handedOn(message, to: ids.count)
            for id in ids {
                for _ in 0..<timesHandedOn(message) { peers[id]?.connection.sendToWorker(message, view: 0) }
            }
        case .dropBulk(let ids): for id in ids { peers[id]?.connection.dropBulk() }
        case .close(let id), .closeAfterSending(let id): peers[id]?.connection.closeByCoordinator()
        case .feed(let step, let to, let view):
            feeder.put(.batch(step: step, to: to.compactMap { peers[$0.connection]?.connection }, view: view))
        case .feedMessage(let message, let id, let view):
            if let peer = peers[id] { feeder.put(.message(message, to: peer.connection, view: view)) }
        case .dropFeed(let view): feeder.drop(through: view)
        case .streamCheckpoint(let step, let to, let order): streamCheckpoint(step, to, order)
        case .store(let copy): put(copy)
        case .openServer: openServer()
        case .outrank(let other): outrank(other)
        case .awaitCause(let pid):
            let wait = CoordinatorCore.causeWait.components.attoseconds / 1_000_000_000_000
            world.after(wait, in: self) { self.put(.causeDue(pid: pid)) }
        case .openRecords(let step): if !isReplaced { records.open(step: step, on: &world.disk) }
        case .stepDone(let done): stepDone(done)
        case .record(let note, _): world.referee.record(note, by: self)
        case .end(let outcome): conclude(outcome)
        case .log(_, let line, let about): world.referee.told(line, about, self)
        case .stranger, .serve, .restServer, .notice, .diverged: break
        }
    }

    /// How often a message is handed on: once, unless the core has a fault.
    private func timesHandedOn(_ message: ControlMessage) -> Int {
        switch (world.dropped, message) {
        case (.piecesOnce, _): 2
        case (.transfersEnd, .sumChunk(let chunk)): chunk.offset + UInt64(chunk.data.count) == chunk.total ? 0 : 1
        case (.transfersEnd, .stateChunk(let chunk)): chunk.offset + UInt64(chunk.data.count) == chunk.total ? 0 : 1
        default: 1
        }
    }

    /// The summation server that stands in for the ring, where its port can be had.
    private func openServer() {
        guard world.scenario.hasNoServer else { return put(.serverOpened(port: 1)) }
        world.after(10, in: self) { self.handle(.noServer(reason: "its port is taken")) }
    }

    private func stepDone(_ done: CoordinatorCore.StepDone) {
        world.referee.stepDone(done, by: self)
        if isReplaced { return }
        records.write(step: done.step + 1, view: done.view, to: &world.disk)
        if records.hasGap, generation == 1 { world.violate("the records pass over a step before step \(done.step + 1)") }
    }

    // MARK: The disk

    /// Stores copies one after the other, on a thread of its own.
    private func put(_ copy: CoordinatorCore.StateCopy) {
        stored = max(stored, world.now) + world.delay(world.scenario.storing)
        world.after(stored - world.now, in: self) {
            self.store(copy)
            self.world.after(self.world.delay(50), in: self) {
                self.handle(.snapshotStored(step: copy.step, purposes: copy.purposes))
            }
        }
    }

    private func store(_ copy: CoordinatorCore.StateCopy) {
        guard copy.purposes.contains(.checkpoint), !isReplaced else { return }
        let phases = world.scenario.arithmetic.phases
        guard let state = SimulatedReplica.State(pieces: copy.bytes, phases: phases) else {
            return world.violate("the copy of the state after step \(copy.step) is made of pieces of several")
        }
        world.counts.checkpoints += 1
        world.disk.checkpoints[copy.step] = state
        world.referee.stored(copy.step, state)
        // As `retain` does: the newest few.
        for old in world.disk.checkpoints.keys.sorted().dropLast(3) { world.disk.checkpoints[old] = nil }
        world.keepCopy()
    }

    /// Streams it on a thread of its own, piece by piece, to all who need it.
    private func streamCheckpoint(_ step: UInt64, _ to: [ConnectionID], _ order: UInt64) {
        world.counts.statesSent += to.count
        let connections = to.compactMap { peers[$0]?.connection }
        world.after(world.delay(500), in: self) {
            guard let newest = self.world.disk.newestStep, let state = self.world.disk.checkpoints[newest] else {
                return self.handle(.failed(reason: "every replica was lost and no checkpoint is whole"))
            }
            guard newest == step else { return self.handle(.checkpointIs(step: newest)) }
            self.stream(state, step, order, piece: 0, connections)
        }
    }

    private func stream(
        _ state: SimulatedReplica.State, _ step: UInt64, _ order: UInt64, piece: UInt64, _ connections: [SimulatedConnection]
    ) {
        let pieces = world.scenario.pieces
        guard piece < pieces else { return }
        let chunk = ControlStateChunk(state, step: step, order: order, piece: piece, of: pieces)
        for connection in connections { connection.sendToWorker(.stateChunk(chunk), view: 0) }
        world.after(world.delay(world.scenario.pieceTime), in: self) {
            self.stream(state, step, order, piece: piece + 1, connections)
        }
    }

    /// Raises the generation, if the folder is still this coordinator's.
    private func outrank(_ other: UInt64) {
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

    /// The machine has said how the run ended: what is left is written, then the process ends.
    private func conclude(_ outcome: RunOutcome) {
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
        (peers, processes) = ([:], [:])
        feeder.dismantle()
    }
}
