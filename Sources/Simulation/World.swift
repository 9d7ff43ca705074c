import Kernels
import Membership

/// One simulated world: its clock, what is still to happen, its processes and the referee who watches them.
final class World {
    let seed: UInt64
    let dropped: DroppedInvariant?
    let scenario: Scenario
    var random: SplitMix
    /// Microseconds.
    private(set) var now: Int64 = 0
    private var queue = EventQueue()
    private(set) var violation: SimulationViolation?
    var counts = SimulationCounts()
    private var lines: [String]?

    let rules: MembershipRules
    var disk = SimulatedDisk()
    /// Earlier copies of the disk, which somebody may put back.
    private(set) var copies: [SimulatedDisk] = []
    var coordinators: [SimulatedCoordinator] = []
    var workers: [SimulatedWorker] = []
    var liars: [SimulatedLiar] = []
    var groups: [GradientGroup] = []
    lazy var referee = Referee(self)
    lazy var trouble = Trouble(self)
    private var connections: UInt64 = 0

    init(seed: UInt64, options: SimulationOptions, traces: Bool) {
        self.seed = seed
        dropped = options.dropped
        random = SplitMix(seed: SplitMix.mixed(seed, 7))
        scenario = Scenario(options, &random)
        rules = scenario.rules(dropping: options.dropped)
        lines = traces ? [] : nil
    }

    /// The coordinator that listens at the run's address.
    var coordinator: SimulatedCoordinator? { coordinators.last.flatMap { $0.isAlive && $0.isListening ? $0 : nil } }

    var isOver: Bool { outcome != nil && workers.allSatisfy { !$0.isAlive } }
    var outcome: RunOutcome? { coordinators.last.flatMap { $0.isReplaced ? nil : $0.outcome } }
    var isCalm: Bool { now >= scenario.calm }

    // MARK: Time

    func at(_ time: Int64, _ body: @escaping () -> Void) { queue.put(at: max(time, now), body) }
    func after(_ delay: Int64, _ body: @escaping () -> Void) { queue.put(at: now + delay, body) }

    /// Runs `body` in a process: later where it is frozen then, and never where it is dead.
    func after(_ delay: Int64, in process: SimulatedProcess, _ body: @escaping () -> Void) {
        queue.put(at: now + delay) { process.run(body) }
    }

    /// How long a thread or the network takes for something small.
    func delay(_ base: Int64) -> Int64 {
        let long: Int64 = random.below(16) == 0 ? 8 : 1
        let delay = random.within(base / 2...base * 2) * long
        // A storm delays, but not for minutes after it.
        return trouble.isStorm ? max(delay, min(20 * delay, 2 * Scenario.second)) : delay
    }

    /// A coordinator's random name.
    func newLeader() -> UInt64 { dropped == .generationNames ? 0 : random.next() }

    /// Somebody copies the run's folder now and then.
    func keepCopy() { if copies.count < 4, random.chance(0.3) { copies.append(disk) } }

    func newConnection() -> ConnectionID {
        connections += 1
        return ConnectionID(connections)
    }

    // MARK: What happens

    /// Runs to the end, the first violation or the last moment by which everything must be over.
    func run() -> SimulationReport {
        trouble.begin()
        let deadline = scenario.calm + Referee.patience
        while violation == nil, let event = queue.next() {
            now = event.time
            counts.events += 1
            event.body()
            if isOver { break }
            if now > deadline {
                violate(
                    "no progress: \(Referee.patience / Scenario.second) s after the last fault the run has not ended; \(referee.everyone)"
                )
            }
            if counts.events > Referee.maximumEvents {
                violate("no progress: \(counts.events) events and no end; \(referee.everyone)")
            }
        }
        if violation == nil { referee.judgeEnd() }
        counts.seconds = Double(now) / 1e6
        let report = SimulationReport(seed: seed, counts: counts, violation: violation, trace: lines ?? [])
        dismantle()
        return report
    }

    /// Only the first violation counts: the others may follow from it.
    func violate(_ what: @autoclosure () -> String) {
        guard violation == nil else { return }
        let what = what()
        violation = SimulationViolation(seed: seed, time: now, what: what)
        note("VIOLATION: \(what)")
    }

    func note(_ line: @autoclosure () -> String) {
        if lines != nil { lines?.append("\(SimulationViolation.text(now))  \(line())") }
    }

    private func dismantle() {
        queue = EventQueue()
        for worker in workers { worker.dismantle() }
        for liar in liars { liar.dismantle() }
        for coordinator in coordinators { coordinator.dismantle() }
        groups = []
    }
}

/// What a coordinator leaves behind for the next one.
struct SimulatedDisk {
    var generation: UInt64 = 0
    var leader: UInt64 = 0
    /// Whole checkpoints, by step.
    var checkpoints: [UInt64: SimulatedReplica.State] = [:]
    /// `metrics.jsonl`: steps done.
    var metrics: [UInt64] = []
    /// The view of the last line of `steps.log`.
    var lastView: UInt64 = 0

    var newestStep: UInt64? { checkpoints.keys.max() }
}
