/// What a seed decides before anything happens: the run, the network and the kinds of trouble.
struct Scenario {
    /// What may go wrong in a seed.
    enum Fault: CaseIterable {
        case killWorker, powerOffWorker, killCoordinator, powerOffCoordinator, freezeWorker, freezeCoordinator
        /// It is only stopped, another takes its place, and then it goes on.
        case replaceCoordinator
        case join, leave, cutControl, stallControl, stallOneWay, breakLink, barPair, partition, stuckEngine, storm, stop
    }

    var plan: RunPlan
    var workers: Int
    var arithmetic: SimulatedReplica.Arithmetic
    /// Microseconds of one phase's arithmetic.
    var phaseTime: Int64
    /// Microseconds from one end of a connection to the other.
    var latency: Int64
    /// Of a checkpoint on its way to the disk.
    var storing: Int64
    /// Pieces of a streamed state.
    var pieces: UInt64
    var orphanPatience: Int64
    /// When, and what.
    var faults: [(at: Int64, what: Fault)]
    /// The chance that something goes wrong just where a directive is carried out or a message arrives.
    var pointFaults: Double
    /// From here on nothing goes wrong any more.
    var calm: Int64
    var slowFeeder: Bool
    /// Microseconds by which the members' sums of a bucket may come apart.
    var skew: Int64
    /// Of a piece of a sum or a state on its way.
    var pieceTime: Int64

    static let second: Int64 = 1_000_000

    init(_ options: SimulationOptions, _ random: inout SplitMix) {
        let phases = 2 + random.below(3)
        let shards = random.pick([1, 2, 3, 4, 12])
        workers = options.workers ?? 1 + random.below(6)
        arithmetic = .init(seed: random.next(), phases: phases, buckets: 1 + random.below(3), shards: shards)
        phaseTime = random.spread(200, 200_000)
        latency = random.spread(50, 20_000)
        storing = random.spread(1_000, 2_000_000)
        pieces = UInt64(1 + random.below(4))
        orphanPatience = random.within(10...40) * Self.second
        slowFeeder = random.chance(0.3)
        skew = random.chance(0.5) ? 0 : random.spread(1_000, 300_000)
        pieceTime = random.spread(500, 200_000)
        let steps = options.steps ?? UInt64(2 + random.below(random.chance(0.3) ? 40 : 14))
        let least = random.chance(0.5) ? workers : 1 + random.below(workers)
        plan = RunPlan(
            shards: shards, phases: phases, firstStep: 0, lastStep: steps, stepsPerEpoch: UInt64(1 + random.below(6)),
            workers: least...workers, run: "simulated", ring: random.chance(0.6),
            checkpointEverySteps: random.chance(0.6) ? UInt64(1 + random.below(6)) : 0,
            checkpointEverySeconds: random.chance(0.3) ? 0.5 : 0,
            checkpointEveryEpochs: random.chance(0.3) ? 1 : 0, evaluateEveryEpochs: random.chance(0.4) ? 1 : 0,
            supervised: random.chance(0.3))
        calm = random.spread(Self.second / 2, 16 * Self.second)
        // Each seed has its own few kinds of trouble: all of them at once hide what two of them do together.
        let kinds = Fault.allCases.filter { _ in random.chance(0.3) }
        let count = kinds.isEmpty ? 0 : random.below(14)
        let calm = calm
        faults = (0..<count).map { _ in (random.within(0...calm), random.pick(kinds)) }
        pointFaults = random.pick([0, 0, 0.0005, 0.002, 0.01])
    }
}
