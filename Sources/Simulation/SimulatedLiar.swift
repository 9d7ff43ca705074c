import Foundation
import Kernels
import Membership
import SwiftProtobuf
import Wire

/// A peer that knows the run's token and says what it likes: what no worker says, and what one may say, at the wrong time.
///
/// It keeps to what `ControlMessage.checked` lets through. It never contradicts another member on a chain hash once it is a member
/// itself, nor on what the seed or its products give. Nobody could tell which of two computes wrongly: then the run ends, or the later
/// of two is refused, with a sentence, as it should.
final class SimulatedLiar: SimulatedPeer {
    enum Manner: CaseIterable {
        /// Any message at any time.
        case babbler
        /// Claims a state further than everybody's, answers, and never says ready.
        case claimer
        /// Says ready with such a state, and never hands it out.
        case boaster
        /// Becomes a member and contributes nothing; the second kind says that it works.
        case idler, pretender
        /// Becomes a member and accuses its neighbours, or the summation server.
        case accuser
        /// Says that it cannot go on and that everybody meets the same.
        case quitter
    }

    private let manner: Manner
    /// It makes others wait for it, and so stays on when everything else is well.
    var isPatient: Bool { manner == .claimer || manner == .pretender }
    private var lives: Int
    private var connection: SimulatedConnection?
    private var isWelcome = false
    private var view: UInt64 = 0
    private var worldSize = 1
    private var order: UInt64 = 0
    private var position: Position
    private var work: UInt64 = 0
    private var isMember = false

    init(_ world: World, index: Int, manner: Manner) {
        self.manner = manner
        lives = 1 + world.random.below(4)
        position = Position(applied: 0, chain: world.scenario.arithmetic.fresh.chain, isFresh: true)
        let identity = WorkerIdentity(
            host: "liar\(index)", pid: UInt32(1_000 + index), process: SplitMix.mixed(world.seed, 11, UInt64(index)), build: "1",
            library: "b", kernel: "k")
        super.init(world, host: 1_000 + index, name: "liar \(index)", identity: identity)
    }

    func start() {
        world.note("\(name) starts: \(manner)")
        dial()
        act()
    }

    private func dial() {
        guard lives > 0 else { return }
        guard let coordinator = world.coordinator else { return again() }
        lives -= 1
        (isWelcome, isMember, order, view) = (false, false, 0, 0)
        let connection = SimulatedConnection(world.newConnection(), peer: self, coordinator: coordinator)
        self.connection = connection
        world.after(world.delay(world.scenario.latency), in: coordinator) {
            guard coordinator.isListening else { return }
            coordinator.accept(connection)
        }
        say(hello)
    }

    private func again() {
        world.after(world.random.spread(5_000, 2_000_000), in: self) { if self.connection == nil { self.dial() } }
    }

    private func say(_ message: ControlMessage) {
        world.counts.lies += 1
        world.note("\(name) says \(message)")
        connection?.sendToCoordinator(message, view: view)
    }

    override func ended(_ connection: SimulatedConnection, _ reason: String) {
        guard connection === self.connection else { return }
        self.connection = nil
        again()
    }

    func die() {
        guard isAlive else { return }
        vanish(withPower: false)
        connection?.closeByWorker()
        for group in world.groups.suffix(2) { group.left(self) }
    }

    func dismantle() { connection = nil }

    // MARK: What it hears

    override func receive(_ message: ControlMessage, _ number: UInt64, _ connection: SimulatedConnection) {
        guard connection === self.connection else { return }
        switch message {
        case .welcome:
            isWelcome = true
            guard manner != .claimer else { return }
            if manner != .babbler || world.random.chance(0.7) { say(ready(position)) }
        case .halt(let halt):
            order = halt.order
            let lies = manner == .babbler && isMember && world.random.chance(0.8)
            if world.random.chance(0.95) {
                say(.position(ControlPosition(lies ? impossible : position, order: order)))
            }
        case .stateChunk(let chunk):
            order = chunk.order
            let phases = world.scenario.arithmetic.phases
            guard chunk.offset + UInt64(chunk.data.count) == chunk.total,
                let state = SimulatedReplica.State(pieces: Array(chunk.data), phases: phases)
            else { return }
            position = Position(applied: state.applied, chain: state.chain)
            if manner == .babbler, world.random.chance(0.3) { position.chain = world.random.next() }
            say(.position(ControlPosition(position, order: order)))
        case .view(let message):
            isMember = true
            view = message.view
            worldSize = message.members.count
            if manner != .accuser || world.random.chance(0.7) { say(.linksUp(.with { $0.view = view })) }
        case .snapshotRequest(let request):
            if manner == .babbler, world.random.chance(0.5) { say(.stateChunk(disorder(request.step, request.order))) }
        default: break
        }
    }

    // MARK: What it says

    private func act() {
        if connection != nil, isWelcome { speak() }
        world.after(world.random.spread(5_000, 1_000_000), in: self) { self.act() }
    }

    private func speak() {
        switch manner {
        case .babbler: say(anything)
        case .claimer, .boaster:
            say(.heartbeat(ControlHeartbeat(Beat(work: grown(), applied: position.applied, contributed: position.applied))))
        case .idler: say(.heartbeat(ControlHeartbeat(Beat(work: 0, applied: position.applied, contributed: position.applied))))
        case .pretender:
            let beat = Beat(
                work: grown(), applied: position.applied, contributed: position.applied + (world.random.chance(0.5) ? 1 : 0),
                links: [LinkProgress(view: view, sent: work, received: work)])
            say(.heartbeat(ControlHeartbeat(beat)))
        case .accuser: say(world.random.chance(0.3) ? accusation : .heartbeat(ControlHeartbeat(beat)))
        case .quitter: say(world.random.chance(0.3) ? farewell : .heartbeat(ControlHeartbeat(beat)))
        }
    }

    private func grown() -> UInt64 {
        work += 1
        return work
    }

    /// A number near the true ones, or at an edge of what there may be.
    private func number(upTo limit: UInt64) -> UInt64 {
        let near = world.referee.mostApplied / (world.random.chance(0.5) ? 1 : UInt64(world.scenario.arithmetic.phases))
        let number = world.random.pick([0, 1, near, near + 1, near + 2, near + UInt64(world.random.below(64)), limit - 1, limit])
        return min(number, limit)
    }

    private static let applied: UInt64 = 1 << 48
    private static let steps: UInt64 = 1 << 40
    private static let count: UInt64 = 1 << 48

    private var held: HeldState? {
        switch manner {
        case .idler, .pretender, .accuser: return nil
        case .quitter: if world.random.chance(0.7) { return nil }
        case .babbler: if world.random.chance(0.3) { return nil }
        case .claimer, .boaster: break
        }
        position = claim
        if manner == .claimer || manner == .boaster {
            position.applied = min(world.referee.mostApplied + 1 + number(upTo: 100_000), Self.applied)
            position.isFresh = false
        }
        let isKnown = world.random.chance(0.8)
        return HeldState(
            run: "simulated", generation: isKnown ? world.disk.generation : number(upTo: Self.count),
            leader: isKnown ? world.disk.leader : world.random.next(), position: position)
    }

    private var claim: Position {
        let applied = number(upTo: Self.applied)
        return Position(
            applied: applied,
            chain: applied == 0 || world.random.chance(0.5) ? world.referee.chain(near: applied) : world.random.next(),
            isFresh: world.random.chance(0.2), holdsSum: world.random.chance(0.5), copied: number(upTo: Self.steps))
    }

    /// Further than anybody can be.
    private var impossible: Position {
        var claim = claim
        let window = CoordinatorMachine.window * UInt64(world.scenario.arithmetic.phases)
        claim.applied = min(world.referee.mostApplied + window + 1 + number(upTo: Self.count), Self.applied)
        claim.isFresh = false
        return claim
    }

    private var beat: Beat {
        Beat(
            work: world.random.chance(0.2) ? .max : grown(), applied: number(upTo: Self.applied),
            contributed: number(upTo: Self.applied),
            moved: world.random.chance(0.2) ? .max : work, view: world.random.chance(0.5) ? view : number(upTo: Self.count),
            links: [LinkProgress(view: view, sent: world.random.next(), received: world.random.next())])
    }

    private var accusation: ControlMessage {
        let suspect = world.random.below(worldSize + 2) - 1
        let told = world.random.chance(0.8) ? view : number(upTo: Self.count)
        let report = LinkReport(
            suspect: suspect < 0 ? nil : suspect, kind: world.random.pick([.neverUp, .closed, .observed]),
            incoming: world.random.chance(0.5), reason: "a lie")
        return .linkFailed(ControlLinkFailed(report, view: told))
    }

    /// A piece that is not the first of what was asked for.
    private func disorder(_ step: UInt64, _ order: UInt64) -> ControlStateChunk {
        let isOther = world.random.chance(0.3)
        return .with {
            $0.order = order
            $0.step = isOther ? number(upTo: Self.steps) : step
            $0.offset = isOther ? 0 : number(upTo: Self.count) | 1
            $0.total = number(upTo: Self.count)
            $0.data = Data(count: world.random.below(64))
        }
    }

    private var farewell: ControlMessage {
        let (leaves, isCommon) = (world.random.chance(0.2), world.random.chance(0.8))
        return .farewell(
            .with {
                $0.reason = "a lie"
                $0.leaving = leaves
                $0.common = isCommon
            })
    }

    private var hello: ControlMessage {
        var hello = ControlHello(identity)
        if let held {
            hello.run = held.run
            hello.generation = held.generation
            hello.leader = held.leader
            hello.position = ControlPosition(held.position, order: 0)
        }
        return .hello(hello)
    }

    private func ready(_ position: Position) -> ControlMessage {
        .ready(
            .with {
                $0.fingerprint = Data([1])
                $0.position = ControlPosition(position, order: 0)
            })
    }

    private var anything: ControlMessage {
        switch world.random.below(8) {
        case 0: return hello
        case 1: return ready(isMember ? position : claim)
        case 2:
            let answered = world.random.chance(0.7) ? order : number(upTo: Self.count)
            return .position(ControlPosition(isMember ? impossible : claim, order: answered))
        case 3:
            let told = world.random.chance(0.7) ? view : number(upTo: Self.count)
            return .linksUp(.with { $0.view = told })
        case 4: return accusation
        case 5 where !isMember:
            let (step, chain) = (number(upTo: Self.steps), world.random.next())
            return .stepReport(
                .with {
                    $0.view = view
                    $0.step = step
                    $0.chain = chain
                })
        case 6: return farewell
        default: return .heartbeat(ControlHeartbeat(beat))
        }
    }
}
