import Membership

/// What goes wrong in a world, when, and for how long; and that it ends.
final class Trouble {
    private unowned let world: World
    private var storm: Int64 = 0
    /// Until when a worker's host is cut off from everybody, by index.
    private var cutOff: [Int: Int64] = [:]
    /// Until when two hosts cannot reach each other.
    private var apart: [Pair: Int64] = [:]
    /// Until when one host cannot dial another, or what it sends it over gradient links is swallowed.
    private var undiallable: [Way: Int64] = [:]
    private var swallowing: [Way: Int64] = [:]
    /// Something answers at the coordinator's address while none is there.
    private(set) var strangerAnswers = false
    private var pointsLeft = 5
    private var isRestarting = false
    private(set) var askedToStop = false
    /// When something last went wrong, or came right again.
    private(set) var last: Int64 = 0

    private struct Pair: Hashable {
        var a: Int
        var b: Int
    }

    private struct Way: Hashable, CustomStringConvertible {
        var from: Int
        var to: Int

        var description: String { "\(Self.text(from)) to \(Self.text(to))" }

        private static func text(_ host: Int) -> String { host == Trouble.server ? "the server" : "host \(host)" }
    }

    /// Microseconds that a piece of a state takes at most.
    static let slowest: Int64 = 3_000_000
    /// The summation server's host.
    static let server = -1

    init(_ world: World) { self.world = world }

    var isStorm: Bool { storm > world.now }
    func isCutOff(_ worker: SimulatedWorker) -> Bool { areStalled(worker.index) }
    func areStalled(_ worker: Int) -> Bool { cutOff[worker, default: 0] > world.now }

    private func areApart(_ a: Int, _ b: Int) -> Bool {
        if apart.isEmpty, cutOff.isEmpty { return false }
        return apart[Pair(a: min(a, b), b: max(a, b)), default: 0] > world.now || areStalled(a) || areStalled(b)
    }

    func cannotDial(_ a: Int, _ b: Int) -> Bool {
        areApart(a, b) || (!undiallable.isEmpty && undiallable[Way(from: a, to: b), default: 0] > world.now)
    }

    func swallows(from a: Int, to b: Int) -> Bool {
        !swallowing.isEmpty && swallowing[Way(from: a, to: b), default: 0] > world.now
    }

    // MARK: Beginning and end

    func begin() {
        restart(after: world.random.spread(1_000, 500_000))
        for _ in 0..<world.scenario.workers { spawn(after: world.random.spread(1_000, 1_000_000)) }
        for (time, fault) in world.scenario.faults { world.at(time) { self.happen(fault) } }
        world.at(world.scenario.calm) { self.calm() }
    }

    /// From now on all is well, and processes that are missing are started.
    private func calm() {
        world.note("calm")
        last = world.now
        (storm, cutOff, apart) = (0, [:], apart.filter { $0.value == .max })
        undiallable = undiallable.filter { $0.value == .max }
        swallowing = swallowing.filter { $0.value == .max }
        for liar in world.liars where !liar.isPatient { liar.die() }
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

    private func spawn(after delay: Int64, _ prepare: (SimulatedWorker) -> Void = { _ in }) {
        guard world.workers.count < 64 else { return }
        let worker = SimulatedWorker(world, index: world.workers.count)
        prepare(worker)
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
            self.strangerAnswers = false
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
        case 1: if let worker = connection.peer as? SimulatedWorker { kill(worker, silently: false) }
        case 2: kill(connection.coordinator, silently: false)
        default: cut(connection)
        }
    }

    private func strikes() -> Bool {
        guard world.scenario.pointFaults > 0, pointsLeft > 0, !world.isCalm else { return false }
        // Between two views everything is short-lived: more faults are worth while there.
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
        case .breakLink: if let way = pick(living) { separate(way, for: 0) }
        case .barPair:
            if let way = pick(living), hasBegun(coordinator) { separate(way, for: world.random.spread(100_000, 20_000_000)) }
        case .swallowLink:
            guard hasBegun(coordinator), let group = world.groups.last, let way = pick(living) else { return }
            world.counts.linkFaults += 1
            group.swallow(from: way.from, down: world.random.chance(0.5))
        case .swallowWay:
            guard hasBegun(coordinator), let way = pick(living) else { return }
            swallowing[way] = endOfFault("\(way) swallows")
        case .oneWay:
            guard hasBegun(coordinator), let way = pick(living) else { return }
            undiallable[way] = endOfFault("\(way) cannot be dialled")
            if world.random.chance(0.7) { for group in world.groups.suffix(2) { group.separate(way.from, way.to) } }
        case .slowUplink: worker?.uplink = slow("sends")
        case .slowDownlink: slowDownlink(of: worker)
        case .stranger:
            guard let coordinator else { return }
            world.counts.strangers += 1
            strangerAnswers = true
            kill(coordinator, silently: false)
        case .olderCopy: if let coordinator { putBackOlderCopy(under: coordinator) }
        case .liar: lie(world.random.pick(SimulatedLiar.Manner.allCases))
        case .claimer:
            if let coordinator { kill(coordinator, silently: false) }
            lie(world.random.chance(0.7) ? .claimer : .boaster)
        case .partition: if let worker { isolate(worker) }
        case .stuckEngine:
            guard let worker else { return }
            worker.engine.stuckUntil = end(of: 500_000...20_000_000)
            world.note("the engine of \(worker.name) is stuck until \(SimulationViolation.text(worker.engine.stuckUntil))")
        case .storm: storm = end(of: 100_000...5_000_000)
        case .stop:
            guard let coordinator, world.random.chance(0.5) else { return }
            askedToStop = true
            world.counts.stops += 1
            world.referee.stopBegins(coordinator)
            coordinator.run { coordinator.handle(.stopRequested(reason: "asked to stop by SIGTERM")) }
        }
    }

    private func slowDownlink(of worker: SimulatedWorker?) {
        if world.random.chance(0.3) {
            worker?.downlink = slow("receives")
        } else {
            world.counts.joins += 1
            let time = slow("that joins receives")
            spawn(after: 0) { $0.downlink = time }
        }
    }

    private func putBackOlderCopy(under coordinator: SimulatedCoordinator) {
        guard coordinator.outcome == nil, !world.copies.isEmpty else { return }
        kill(coordinator, silently: false)
        world.counts.olderCopies += 1
        world.note("an older copy of the folder is put back")
        world.disk = world.random.pick(world.copies)
    }

    private func isolate(_ worker: SimulatedWorker) {
        let until = end(of: 500_000...15_000_000)
        world.counts.linkFaults += 1
        world.note("\(worker.name) is cut off until \(SimulationViolation.text(until))")
        cutOff[worker.index] = until
        worker.connection?.stall(worker: true, coordinator: true, until: until)
    }

    /// When a fault that begins now ends; never after the calm.
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

    // MARK: Links

    /// Before the first step a link that fails may be a mistake in the set-up, which ends the run.
    private func hasBegun(_ coordinator: SimulatedCoordinator?) -> Bool {
        coordinator.map { $0.machine.completed > $0.machine.plan.firstStep } ?? false
    }

    /// Two hosts whose link may fail; with a summation server, one of its links. Where only links fail, the run must be able to go on: then
    /// it is one worker's link to the server at most.
    private func pick(_ living: [SimulatedWorker]) -> Way? {
        guard !living.isEmpty else { return nil }
        if !world.scenario.plan.ring {
            if world.scenario.isOfLinks, world.coordinators.last?.members.count ?? 0 < 2 { return nil }
            let one = world.scenario.isOfLinks ? living[0].host : world.random.pick(living).host
            return world.random.chance(0.5) ? Way(from: one, to: Self.server) : Way(from: Self.server, to: one)
        }
        let (one, other) = (world.random.pick(living).host, world.random.pick(living).host)
        return one == other ? nil : Way(from: one, to: other)
    }

    private func endOfFault(_ what: String) -> Int64 {
        world.counts.linkFaults += 1
        let isForGood = world.random.chance(world.scenario.isOfLinks ? 0.7 : 0.3)
        let until = isForGood ? .max : end(of: 100_000...20_000_000)
        world.note("\(what) until \(isForGood ? "the end" : SimulationViolation.text(until))")
        return until
    }

    private func slow(_ what: String) -> Int64 {
        world.counts.slowLines += 1
        let time = world.random.spread(100_000, Self.slowest)
        world.note("a worker \(what) a piece in \(time) µs")
        return time
    }

    private func separate(_ way: Way, for length: Int64) {
        world.counts.linkFaults += 1
        if length > 0 {
            let until = world.random.chance(0.3) ? .max : end(of: length...length)
            apart[Pair(a: min(way.from, way.to), b: max(way.from, way.to))] = until
        }
        world.note("\(way) lose each other for \(length) µs")
        for group in world.groups.suffix(2) { group.separate(way.from, way.to) }
    }

    private func lie(_ manner: SimulatedLiar.Manner) {
        guard world.liars.count < 3 else { return }
        let liar = SimulatedLiar(world, index: world.liars.count, manner: manner)
        world.liars.append(liar)
        liar.start()
    }
}
