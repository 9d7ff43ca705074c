import Membership
import SwiftProtobuf
import Waiting
import Wire

/// Drives a worker's core as `WorkerShell` does, with a simulated connection, engine and clock.
final class SimulatedWorker: SimulatedPeer {
    let index: Int
    private(set) var core: WorkerCore
    private(set) var connection: SimulatedConnection?
    private(set) var ending: WorkerEnding?
    /// The highest generation it was welcomed by.
    private(set) var obeyed: UInt64 = 0
    lazy var engine = SimulatedEngine(self)
    /// Fewest microseconds that a piece of a state needs to leave its host.
    var uplink: Int64 = 0
    /// Dialling: the number of the try under way, and the pauses between them.
    private var attempt = 0
    private var pauses = SearchPauses()

    init(_ world: World, index: Int) {
        self.index = index
        let identity = world.scenario.identity(index)
        core = WorkerCore(
            .init(
                hello: ControlHello(identity), coordinator: "the coordinator",
                patience: .init(connect: .seconds(60), orphan: .seconds(60))))
        super.init(world, host: index, name: "worker \(index)", identity: identity)
    }

    /// What the machine says of itself, for sentences.
    var account: String {
        "\(name): \(isAlive ? isFrozen ? "frozen" : "\(core.machine.stage)" : "gone"), view \(core.machine.view), \(engine.account)"
    }

    func start() {
        world.note("\(name) starts")
        tick()
        carryOut(core.begin(at: .microseconds(world.now)))
    }

    private func tick() {
        guard !core.hasEnded else { return }
        put(.tick)
        beat()
        world.after(1_000_000, in: self) { self.tick() }
    }

    func put(_ input: WorkerCore.Input) {
        guard isAlive, ending == nil else { return }
        if case .tick = input {} else if case .heard = input {} else { world.note("\(name) ◀ \(input)") }
        carryOut(core.handle(input, at: .microseconds(world.now)))
    }

    func leave() { put(.leaveRequested(reason: "SIGTERM")) }

    private func beat() {
        if let heartbeat = core.heartbeat(engine.beat) { connection?.sendToCoordinator(heartbeat, view: core.machine.view) }
    }

    private func carryOut(_ acts: [WorkerCore.Act]) {
        for act in acts {
            guard isAlive else { return }
            world.note("\(name) ▶ \(act)")
            carryOut(act)
            world.trouble.point(at: self)
        }
    }

    private func carryOut(_ act: WorkerCore.Act) {
        if isLost(act) { return }
        switch act {
        case .dial:
            world.after(pauses.begin(at: .microseconds(world.now)).wholeNanoseconds / 1_000, in: self) {
                if !self.core.hasEnded { self.dial() }
            }
        case .send(let message, let view): connection?.sendToCoordinator(message, view: view)
        case .admit(let welcome):
            pauses.wasWelcomed(at: .microseconds(world.now))
            obeyed = max(obeyed, welcome.generation)
            put(.admitted)
        case .hangUp:
            connection?.closeByWorker()
            connection = nil
        case .engine(let work):
            if case .join = work, let connection { world.referee.joins(self, connection.coordinator) }
            engine.put(work)
        case .giveUp(let order): engine.giveUp(before: order)
        case .abandonLinks: engine.abandonLinks()
        case .beat: beat()
        case .exit(let ending):
            self.ending = ending
            engine.close()
            world.referee.ended(self, ending)
            world.after(world.delay(1_000), in: self) { self.die("it ended", silently: false) }
        case .log: break
        }
    }

    /// Whether a core that has a fault loses this act.
    private func isLost(_ act: WorkerCore.Act) -> Bool {
        switch act {
        case .engine(.run): world.dropped == .parkedImages && world.random.chance(0.1)
        case .send(.phaseReport, _): world.dropped == .reportsAreTold && world.random.chance(0.1)
        default: false
        }
    }

    // MARK: The connection

    private func dial() {
        attempt += 1
        let number = attempt
        world.after(world.delay(world.scenario.latency) + 200, in: self) { self.reach(number) }
    }

    /// A dial has come to the coordinator's address.
    private func reach(_ number: Int) {
        guard number == attempt, !core.hasEnded else { return }
        if world.trouble.isCutOff(self) { return retry(number, after: 5_000_000) }
        guard let coordinator = world.coordinator else {
            // A stranger that answers there has proven nothing: its words mean only that no coordinator is there.
            if world.trouble.strangerAnswers, world.dropped == .provenRefusals {
                return put(.message(.refusal(.with { $0.reason = "go away" }), view: 0))
            }
            return retry(number, after: 1_000)
        }
        let patience = world.now + 5_000_000
        let connection = SimulatedConnection(world.newConnection(), peer: self, coordinator: coordinator)
        world.after(world.delay(world.scenario.latency), in: coordinator) {
            guard coordinator.isListening, self.world.now < patience else { return }
            coordinator.accept(connection)
            self.world.after(self.world.delay(self.world.scenario.latency), in: self) {
                guard number == self.attempt, !self.core.hasEnded, coordinator.isAlive, connection.isOpenForWorker,
                    self.world.now < patience
                else { return }
                self.attempt += 1
                self.connection = connection
                self.put(.connected)
            }
        }
        world.after(5_000_000, in: self) {
            guard number == self.attempt else { return }
            connection.closeByWorker()
            self.retry(number, after: 0)
        }
    }

    private func retry(_ number: Int, after delay: Int64) {
        world.after(delay, in: self) {
            guard number == self.attempt, !self.core.hasEnded else { return }
            self.attempt += 1
            let pause = self.pauses.failed().wholeNanoseconds / 1_000
            self.put(.dialFailed(reason: "refused", pause: "", final: false))
            self.world.after(pause, in: self) { if !self.core.hasEnded { self.dial() } }
        }
    }

    override func ended(_ connection: SimulatedConnection, _ reason: String) {
        guard connection === self.connection else { return }
        self.connection = nil
        put(.disconnected(reason: reason))
    }

    override func receive(_ message: ControlMessage, _ number: UInt64, _ connection: SimulatedConnection) {
        guard connection === self.connection, ending == nil else { return }
        world.trouble.point(at: connection)
        guard isAlive, connection === self.connection else { return }
        put(.message(message, view: number))
    }

    /// Killed, or at its end; `silently`: its host lost power.
    func die(_ reason: String, silently: Bool) {
        guard isAlive else { return }
        world.note("\(name) is no more: \(reason)")
        vanish(withPower: silently)
        if silently { connection?.goSilent(worker: true) } else { connection?.closeByWorker() }
        engine.vanish(silently: silently)
        // On one machine the supervisor tells the coordinator how its children end.
        guard let coordinator = world.coordinator, coordinator.machine.plan.supervised else { return }
        let end =
            ending.map { ChildEnd(.exited($0.exitStatus), words: "exit status") } ?? ChildEnd(.killed(signal: 9), words: "killed")
        world.after(world.delay(20_000), in: coordinator) {
            coordinator.handle(.childExited(pid: self.identity.pid, end))
        }
    }

    func dismantle() {
        connection = nil
        engine.dismantle()
    }
}
