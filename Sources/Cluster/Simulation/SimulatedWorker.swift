/// A worker process: the real machine, and a shell that does with a simulated connection and engine what `WorkerShell` does.
final class SimulatedWorker: SimulatedPeer {
    let index: Int
    private(set) var machine: WorkerMachine
    private(set) var connection: SimulatedConnection?
    private(set) var ending: WorkerEnding?
    /// The highest generation it was welcomed by.
    private(set) var obeyed: UInt64 = 0
    lazy var engine = SimulatedEngine(self)
    /// Microseconds that a piece of a state needs to get out of its host, beyond the common.
    var uplink: Int64 = 0
    private var isWelcome = false
    private var state: [StatePiece] = []
    private var stateOrder: UInt64 = 0
    private var sum: [SumPiece] = []
    private var received: UInt64 = 0
    private var views: [UInt64: (ViewPlan, Int)] = [:]
    private var batches: Set<UInt64> = []
    private var requests: [UInt64: (step: UInt64, order: UInt64)] = [:]
    private var reports: [ToCoordinator] = []
    /// Dialling: the number of the try under way, and the pause before the next.
    private var attempt = 0
    private var pause: Int64 = 50_000
    private var isOrphan = false

    init(_ world: World, index: Int) {
        self.index = index
        machine = WorkerMachine(patience: .init(connect: .seconds(60), orphan: .seconds(60)))
        super.init(world, host: index, name: "worker \(index)", identity: world.scenario.identity(index))
    }

    /// What the machine says of itself, for sentences.
    var account: String {
        "\(name): \(isAlive ? isFrozen ? "frozen" : "\(machine.stage)" : "gone"), view \(machine.view), \(engine.account)"
    }

    func start() {
        world.note("\(name) starts")
        tick()
        carryOut(machine.begin(at: .microseconds(world.now)))
    }

    private func tick() {
        guard !machine.hasEnded else { return }
        handle(.tick)
        beat()
        world.after(1_000_000, in: self) { self.tick() }
    }

    func handle(_ event: WorkerEvent) {
        guard isAlive, ending == nil else { return }
        if case .tick = event {} else if case .heard = event {} else { world.note("\(name) ◀ \(event)") }
        carryOut(machine.handle(event, at: .microseconds(world.now)))
    }

    func leave() { handle(.leaveRequested(reason: "SIGTERM")) }

    private func carryOut(_ directives: [WorkerDirective]) {
        for directive in directives {
            guard isAlive else { return }
            world.note("\(name) ▶ \(directive)")
            carryOut(directive)
            world.trouble.point(at: self)
        }
    }

    private func send(_ message: ToCoordinator) { connection?.send(message, view: machine.view) }

    private func beat() {
        guard isWelcome else { return }
        var beat = engine.beat
        beat.moved += received
        send(.heartbeat(beat))
    }

    // MARK: The connection

    private func dial() {
        attempt += 1
        let number = attempt
        world.after(world.delay(world.scenario.latency) + 200, in: self) { self.reach(number) }
    }

    /// A dial has come to the coordinator's address.
    private func reach(_ number: Int) {
        guard number == attempt, !machine.hasEnded else { return }
        if world.trouble.isCutOff(self) { return retry(number, after: 5_000_000) }
        guard let coordinator = world.coordinator else {
            // Whoever answers there has proven nothing: what it says is no more than that nobody is there.
            if world.trouble.strangerAnswers, world.dropped == .provenRefusals { return handle(.refused("go away")) }
            return retry(number, after: 1_000)
        }
        let patience = world.now + 5_000_000
        let connection = SimulatedConnection(world.newConnection(), peer: self, coordinator: coordinator)
        world.after(world.delay(world.scenario.latency), in: coordinator) {
            guard coordinator.isListening, self.world.now < patience else { return }
            coordinator.accept(connection)
            self.world.after(self.world.delay(self.world.scenario.latency), in: self) {
                guard number == self.attempt, !self.machine.hasEnded, coordinator.isAlive, connection.isOpenForWorker,
                    self.world.now < patience
                else { return }
                self.attempt += 1
                self.connection = connection
                self.handle(.connected)
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
            guard number == self.attempt, !self.machine.hasEnded else { return }
            self.attempt += 1
            let pause = self.pause
            self.pause = min(pause * 2, self.isOrphan ? 500_000 : 5_000_000)
            self.handle(.dialFailed(reason: "refused"))
            self.world.after(pause, in: self) { if !self.machine.hasEnded { self.dial() } }
        }
    }

    private func detach() {
        connection = nil
        (state, stateOrder) = ([], 0)
    }

    override func ended(_ connection: SimulatedConnection, _ reason: String) {
        guard connection === self.connection else { return }
        detach()
        handle(.disconnected(reason: reason))
    }

    // MARK: In

    override func receive(_ message: ToWorker, _ number: UInt64, _ connection: SimulatedConnection) {
        guard connection === self.connection, ending == nil else { return }
        world.trouble.point(at: connection)
        guard isAlive, connection === self.connection else { return }
        handle(.heard)
        switch message {
        case .welcome(let generation, let leader, let mark):
            isWelcome = true
            pause = 50_000
            isOrphan = true
            if generation >= obeyed { obeyed = generation }
            handle(
                .welcome(
                    run: "simulated", generation: generation, leader: leader, mark: mark,
                    orphanPatience: .microseconds(world.scenario.orphanPatience)))
        case .refusal(let reason): handle(.refused(reason))
        case .halt(let order): handle(.halt(order: order))
        case .sumRequest(let order, let applied): handle(.sumRequest(order: order, applied: applied))
        case .sumPiece(let piece):
            if piece.offset == 0 { sum = [] }
            sum.append(piece)
            received += UInt64(piece.sums.count)
            handle(
                .sumPiece(
                    order: piece.order, applied: piece.applied, offset: piece.offset, count: UInt64(piece.sums.count),
                    total: piece.total))
        case .statePiece(let piece):
            if piece.offset == 0, piece.order >= stateOrder { (state, stateOrder) = ([], piece.order) }
            if piece.order == stateOrder { state.append(piece) }
            received += piece.count
            handle(.statePiece(order: piece.order, offset: piece.offset, count: piece.count, total: piece.total))
        case .view(let plan, let rank):
            views = [plan.number: (plan, rank)]
            handle(.view(number: plan.number, applied: plan.applied))
        case .batch(let step):
            if number == machine.view { batches.insert(step) }
            handle(.batch(step: step, view: number))
        case .snapshotRequest(let step, let order):
            requests[step] = (step, order)
            handle(.snapshotRequest(step: step, order: order, view: number))
        case .stop(let reason, let failed): handle(.stop(reason: reason, failed: failed))
        case .heartbeat: break
        }
    }

    func take(_ news: SimulatedEngine.News) {
        switch news {
        case .prepared(let position): handle(.prepared(position, phases: UInt64(world.scenario.arithmetic.phases)))
        case .stood(let order, let position): handle(.stood(order: order, position))
        case .linksUp(let view): handle(.linksUp(view: view))
        case .linkFailed(let view, let report): handle(.linkFailed(view: view, report))
        case .goesOn: beat()
        case .report(let step, let chain, let view):
            let report = ToCoordinator.stepReport(view: view, step: step, chain: chain)
            reports.append(report)
            if reports.count > 8 { reports.removeFirst() }
            connection?.send(report, view: view)
        case .failed(let reason): handle(.failed(reason: reason))
        }
    }

    // MARK: Out

    /// The same table as `WorkerShell.carryOut`.
    private func carryOut(_ directive: WorkerDirective) {
        switch directive {
        case .dial: dial()
        case .sayHello(let held):
            engine.giveUp(before: 0)
            send(.hello(held))
        case .prepare: engine.put(.prepare(anew: true))
        case .takeUp: engine.put(.prepare(anew: false))
        case .sayReady(let position):
            for report in reports { send(report) }
            send(.ready(position))
        case .abandonLinks: engine.abandonLinks()
        case .stand(let order):
            engine.giveUp(before: order)
            engine.put(.stand(order: order))
        case .sayPosition(let order, let position): send(.position(order: order, position))
        case .sendSum(let order, let applied): engine.put(.sendSum(order: order, applied: applied))
        case .applySum(let order, _):
            engine.put(.applySum(order: order, sum))
            sum = []
        case .restore(let order):
            engine.put(.restore(order: order, state))
            state = []
        case .join(let number):
            guard let view = views.removeValue(forKey: number), let connection else { return }
            batches.removeAll()
            requests.removeAll()
            world.referee.joins(self, connection.coordinator)
            engine.put(
                .join(view.0, rank: view.1, by: connection.coordinator, abandoned: engine.abandoned))
        case .sayLinksUp(let view): send(.linksUp(view: view))
        case .sayLinkFailed(let view, let report): send(.linkFailed(view: view, report))
        case .run(let step): if batches.remove(step) != nil { engine.put(.run(step: step)) }
        case .copyState(let step, _):
            if let request = requests.removeValue(forKey: step) { engine.put(.copyState(step: request.step, order: request.order)) }
        case .sayFarewell(let reason, let leaving, let common):
            send(.farewell(reason: reason, leaving: leaving, common: common))
        case .hangUp:
            connection?.closeByWorker()
            detach()
        case .exit(let ending):
            self.ending = ending
            engine.close()
            world.referee.ended(self, ending)
            world.after(world.delay(1_000), in: self) { self.die("it ended", silently: false) }
        case .log: break
        }
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
        let cause = ending.map { "exit status \($0.exitStatus)" } ?? "killed by signal 9"
        world.after(world.delay(20_000), in: coordinator) {
            coordinator.handle(.childExited(pid: self.identity.pid, cause: cause))
        }
    }

    func dismantle() {
        connection = nil
        engine.dismantle()
    }
}
