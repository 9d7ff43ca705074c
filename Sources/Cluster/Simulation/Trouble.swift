/// What goes wrong in a world, when, and for how long; and that it ends.
final class Trouble {
    private unowned let world: World
    private var storm: Int64 = 0
    /// Until when a worker's host is cut off from everybody, by index.
    private var cutOff: [Int: Int64] = [:]
    /// Until when two hosts cannot reach each other; -1 is the summation server's.
    private var apart: [Pair: Int64] = [:]
    private var pointsLeft = 5
    private var isRestarting = false
    private(set) var askedToStop = false
    /// When something last went wrong, or came right again.
    private(set) var last: Int64 = 0

    private struct Pair: Hashable {
        var a: Int
        var b: Int
    }

    init(_ world: World) { self.world = world }

    var isStorm: Bool { storm > world.now }
    func isCutOff(_ worker: SimulatedWorker) -> Bool { areStalled(worker.index) }
    func areStalled(_ worker: Int) -> Bool { cutOff[worker, default: 0] > world.now }

    func areApart(_ a: Int, _ b: Int?) -> Bool {
        if apart.isEmpty, cutOff.isEmpty { return false }
        let b = b ?? -1
        return apart[Pair(a: min(a, b), b: max(a, b)), default: 0] > world.now || areStalled(a) || areStalled(b)
    }

    // MARK: Beginning and end

    func begin() {
        restart(after: world.random.spread(1_000, 500_000))
        for _ in 0..<world.scenario.workers { spawn(after: world.random.spread(1_000, 1_000_000)) }
        for (time, fault) in world.scenario.faults { world.at(time) { self.happen(fault) } }
        world.at(world.scenario.calm) { self.calm() }
    }

    /// From now on all is well, and whoever is needed is there.
    private func calm() {
        world.note("calm")
        last = world.now
        (storm, cutOff, apart) = (0, [:], apart.filter { $0.value == .max })
        for worker in world.workers where worker.isAlive {
            worker.engine.stuckUntil = min(worker.engine.stuckUntil, world.now)
            worker.connection?.calm()
            worker.thaw()
        }
        for coordinator in world.coordinators where coordinator.isAlive {
            for peer in coordinator.peers.values { peer.connection.calm() }
            if coordinator.isReplaced { coordinator.die("its time is over", silently: false) } else { coordinator.thaw() }
        }
        supervise()
    }

    private func supervise() {
        guard world.outcome == nil else { return }
        if world.coordinators.last.map({ !$0.isAlive }) ?? true { restart(after: 100_000) }
        let living = world.workers.count { $0.isAlive && $0.ending == nil }
        for _ in living..<max(living, world.scenario.plan.workers.lowerBound) { spawn(after: 100_000) }
        world.after(2_000_000) { self.supervise() }
    }

    private func spawn(after delay: Int64) {
        guard world.workers.count < 64 else { return }
        let worker = SimulatedWorker(world, index: world.workers.count)
        world.workers.append(worker)
        world.after(delay, in: worker) { worker.start() }
    }

    private func restart(after delay: Int64) {
        guard !isRestarting else { return }
        isRestarting = true
        world.after(delay) {
            self.isRestarting = false
            guard self.world.outcome == nil, self.world.coordinators.last.map({ !$0.isAlive || $0.isReplaced }) ?? true else {
                return
            }
            if !self.world.coordinators.isEmpty { self.world.counts.coordinatorRestarts += 1 }
            let coordinator = SimulatedCoordinator(self.world)
            self.world.coordinators.append(coordinator)
            coordinator.start()
        }
    }

    // MARK: At points of the program

    func point(at worker: SimulatedWorker) {
        guard strikes() else { return }
        if world.random.chance(0.7) { kill(worker, silently: world.random.chance(0.2)) } else { freeze(worker) }
    }

    func point(at coordinator: SimulatedCoordinator) {
        guard strikes() else { return }
        if world.random.chance(0.7) { kill(coordinator, silently: world.random.chance(0.2)) } else { freeze(coordinator) }
    }

    func point(at connection: SimulatedConnection) {
        guard strikes() else { return }
        switch world.random.below(4) {
        case 0: stall(connection, worker: true, coordinator: true)
        case 1: kill(world.workers[connection.worker], silently: false)
        case 2: kill(connection.coordinator, silently: false)
        default: cut(connection)
        }
    }

    private func strikes() -> Bool {
        guard world.scenario.pointFaults > 0, pointsLeft > 0, !world.isCalm else { return false }
        // Between two views everything is short-lived: that is where it is worth striking again.
        let isDelicate = world.coordinators.last.map { $0.isAlive && $0.machine.stage == .regrouping } ?? false
        guard world.random.chance(min(world.scenario.pointFaults * (isDelicate ? 20 : 1), 0.1)) else { return false }
        pointsLeft -= 1
        return true
    }

    // MARK: At times

    private func happen(_ fault: Scenario.Fault) {
        last = world.now
        let living = world.workers.filter { $0.isAlive && $0.ending == nil }
        let worker = living.isEmpty ? nil : world.random.pick(living)
        let coordinator = world.coordinators.last.flatMap { $0.isAlive ? $0 : nil }
        switch fault {
        case .killWorker: if let worker { kill(worker, silently: false) }
        case .powerOffWorker: if let worker { kill(worker, silently: true) }
        case .killCoordinator: if let coordinator { kill(coordinator, silently: false) }
        case .powerOffCoordinator: if let coordinator { kill(coordinator, silently: true) }
        case .freezeWorker: if let worker { freeze(worker) }
        case .freezeCoordinator: if let coordinator { freeze(coordinator) }
        case .replaceCoordinator: if let coordinator { replace(coordinator) }
        case .join:
            world.counts.joins += 1
            spawn(after: 0)
        case .leave:
            guard let worker else { return }
            world.counts.leaves += 1
            worker.run { worker.leave() }
        case .cutControl: if let connection = worker?.connection { cut(connection) }
        case .stallControl: if let connection = worker?.connection { stall(connection, worker: true, coordinator: true) }
        case .stallOneWay:
            let which = world.random.chance(0.5)
            if let connection = worker?.connection { stall(connection, worker: which, coordinator: !which) }
        case .breakLink: separate(living, for: 0)
        case .barPair:
            // Before the first step it is a mistake in the set-up, which ends the run.
            guard coordinator.map({ $0.machine.completed > $0.machine.plan.firstStep }) ?? false else { return }
            separate(living, for: world.random.spread(100_000, 20_000_000))
        case .partition:
            guard let worker else { return }
            let until = end(of: 500_000...15_000_000)
            world.counts.linkFaults += 1
            world.note("\(worker.name) is cut off until \(SimulationViolation.text(until))")
            cutOff[worker.index] = until
            worker.connection?.stall(worker: true, coordinator: true, until: until)
        case .stuckEngine:
            guard let worker else { return }
            worker.engine.stuckUntil = end(of: 500_000...20_000_000)
            world.note("the engine of \(worker.name) is stuck until \(SimulationViolation.text(worker.engine.stuckUntil))")
        case .storm: storm = end(of: 100_000...5_000_000)
        case .stop:
            guard let coordinator, world.random.chance(0.5) else { return }
            askedToStop = true
            world.counts.stops += 1
            coordinator.run { coordinator.handle(.stopRequested(reason: "asked to stop by SIGTERM")) }
        }
    }

    /// When what begins now ends; never after the calm.
    private func end(of length: ClosedRange<Int64>) -> Int64 {
        let end = min(world.now + world.random.spread(length.lowerBound, length.upperBound), world.scenario.calm)
        world.at(end) { self.last = self.world.now }
        return end
    }

    private func kill(_ worker: SimulatedWorker, silently: Bool) {
        guard worker.isAlive else { return }
        last = world.now
        world.counts.kills += 1
        worker.die(silently ? "its host lost power" : "killed", silently: silently)
        if world.random.chance(0.75) { spawn(after: world.random.spread(10_000, 5_000_000)) }
    }

    private func kill(_ coordinator: SimulatedCoordinator, silently: Bool) {
        guard coordinator.isAlive else { return }
        last = world.now
        world.counts.kills += 1
        coordinator.die(silently ? "its host lost power" : "killed", silently: silently)
        restart(after: world.random.spread(20_000, 8_000_000))
    }

    private func freeze(_ process: SimulatedProcess) {
        guard process.isAlive, !process.isFrozen else { return }
        last = world.now
        world.counts.freezes += 1
        let until = end(of: 100_000...15_000_000)
        world.note("\(process.name) is stopped until \(SimulationViolation.text(until))")
        process.freeze()
        world.at(until) { process.thaw() }
    }

    private func replace(_ coordinator: SimulatedCoordinator) {
        guard coordinator.outcome == nil, !coordinator.isReplaced else { return }
        coordinator.isReplaced = true
        freeze(coordinator)
        restart(after: world.random.spread(20_000, 4_000_000))
    }

    private func cut(_ connection: SimulatedConnection) {
        last = world.now
        world.counts.cuts += 1
        connection.cut()
    }

    private func stall(_ connection: SimulatedConnection, worker: Bool, coordinator: Bool) {
        world.counts.cuts += 1
        let until = end(of: 100_000...15_000_000)
        world.note("\(connection.id) stalls until \(SimulationViolation.text(until))")
        connection.stall(worker: worker, coordinator: coordinator, until: until)
    }

    private func separate(_ living: [SimulatedWorker], for length: Int64) {
        guard let one = living.first.map({ _ in world.random.pick(living) }) else { return }
        let other = world.scenario.plan.ring ? world.random.pick(living).index : -1
        guard other != one.index else { return }
        world.counts.linkFaults += 1
        if length > 0 {
            let isForGood = world.random.chance(0.3)
            let until = isForGood ? .max : end(of: length...length)
            apart[Pair(a: min(one.index, other), b: max(one.index, other))] = until
        }
        world.note("\(one.name) and \(other < 0 ? "the server" : "worker \(other)") lose each other for \(length) µs")
        for group in world.groups.suffix(2) { group.separate(one.index, other < 0 ? nil : other) }
    }
}
