import Kernels
import Membership
import Wire

/// What a seed decides before anything happens: the run, the network and the kinds of trouble.
struct Scenario {
    /// What may go wrong in a seed.
    enum Fault: CaseIterable {
        case killWorker, powerOffWorker, killCoordinator, powerOffCoordinator, freezeWorker, freezeCoordinator
        /// The coordinator is only stopped, another takes its place, and then the first goes on.
        case replaceCoordinator
        case join, leave, cutControl, stallControl, stallOneWay, breakLink, barPair, partition, stuckEngine, storm, stop
        /// One gradient link takes what it is given and passes nothing on; or every link from one host to another does.
        case swallowLink, swallowWay
        /// One host cannot dial another, which can dial it.
        case oneWay
        case slowUplink, slowDownlink
        /// The coordinator dies, and something else answers at its address until the next one starts.
        case stranger
        /// The coordinator dies, and the next begins with an older copy of the run's folder.
        case olderCopy
        case liar
        /// The coordinator dies, and one that claims to hold more than everybody dials the next.
        case claimer

        /// What befalls links alone: nobody is dead, and every process does its part.
        static let ofLinks: [Fault] = [.join, .stop, .breakLink, .barPair, .swallowLink, .swallowWay, .oneWay, .slowDownlink]
    }

    var plan: RunPlan
    var workers: Int
    var arithmetic: SimulatedReplica.Arithmetic
    /// Microseconds of one phase's arithmetic.
    var phaseTime: Int64
    /// Microseconds from one end of a connection to the other.
    var latency: Int64
    /// Microseconds of a checkpoint on its way to the disk.
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
    /// Microseconds of a piece of a sum or a state on its way.
    var pieceTime: Int64
    /// What a gradient frame is said to hold.
    let frameBytes: Int

    /// Nothing but links fails, so that a step must follow soon on every fault.
    var isOfLinks: Bool
    /// All workers say the same host and pid, as containers that share a network do.
    var areTwins: Bool
    /// The summation server that would stand in for the ring has no port.
    var hasNoServer: Bool
    private let sharesProcess: Bool

    static let second: Int64 = 1_000_000

    init(_ options: SimulationOptions, _ random: inout SplitMix) {
        let phases = 1 + random.below(4)
        let shards = random.pick([1, 2, 3, 4, 12])
        workers = options.workers ?? 1 + random.below(6)
        arithmetic = .init(
            seed: random.next(), phases: phases, buckets: 1 + random.below(3), width: 1 + random.below(3), shards: shards)
        // Two such frames are as much as a member keeps for later.
        frameBytes = random.chance(0.2) ? Limits.parkedGradientBytes / 2 : 1024
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
            shards: shards, phases: phases, firstStep: 0, lastStep: steps, epochs: Epochs(steps: UInt64(1 + random.below(6))),
            workers: least...workers, run: "simulated", ring: random.chance(0.6),
            checkpointEverySteps: random.chance(0.6) ? UInt64(1 + random.below(6)) : 0,
            checkpointEverySeconds: random.chance(0.3) ? 0.5 : 0,
            checkpointEveryEpochs: random.chance(0.3) ? 1 : 0, evaluateEveryEpochs: random.chance(0.4) ? 1 : 0,
            supervised: random.chance(0.3))
        calm = random.spread(Self.second / 2, 16 * Self.second)
        areTwins = random.chance(0.1)
        if areTwins { plan.supervised = false }
        sharesProcess = options.dropped == .processNumbers
        isOfLinks = random.chance(0.25)
        hasNoServer = !isOfLinks && random.chance(0.05)
        // Each seed has its own few kinds of trouble: all of them at once hide what two of them do together.
        let kinds =
            isOfLinks ? Fault.ofLinks.filter { _ in random.chance(0.4) } : Fault.allCases.filter { _ in random.chance(0.25) }
        let count = kinds.isEmpty ? 0 : random.below(isOfLinks ? 5 : 14)
        let calm = calm
        faults = (0..<count).map { _ in (random.within(0...calm), random.pick(kinds)) }
        pointFaults = isOfLinks ? 0 : random.pick([0, 0, 0.0005, 0.002, 0.01])
        if isOfLinks { quicken(options, &random) }
    }

    /// Makes the run longer, and its steps so quick that their time does not matter beside what the rules allow.
    private mutating func quicken(_ options: SimulationOptions, _ random: inout SplitMix) {
        (phaseTime, skew, storing, pieceTime) = (random.spread(1_000, 60_000), 0, min(storing, 40_000), min(pieceTime, 20_000))
        plan.lastStep = options.steps ?? plan.lastStep + 40
        plan.checkpointEverySeconds = 0
        if plan.checkpointEverySteps > 0 { plan.checkpointEverySteps += 8 }
        plan.epochs = Epochs(steps: UInt64(plan.epochs.steps + 10))
        pieces = random.pick([1, 3, 12, 24])
        faults = faults.map { (2 * Self.second + $0.at / 4, $0.what) }
    }

    /// Who the worker says it is.
    func identity(_ index: Int) -> WorkerIdentity {
        let (host, pid) = areTwins ? ("host", 1) : ("h\(index)", UInt32(100 + index))
        return WorkerIdentity(
            host: host, pid: pid, process: sharesProcess ? UInt64(pid) : UInt64(index) + 1, build: "1", library: "b", kernel: "k")
    }

    /// Bytes of the longest state or sum there is.
    var longestStream: UInt64 {
        max(pieces * UInt64(SimulatedReplica.State.bytes(phases: arithmetic.phases)), UInt64(8 * arithmetic.values))
    }

    /// The rules of every run, with hours and minutes shortened to what a simulated run lasts.
    func rules(dropping dropped: DroppedInvariant?) -> MembershipRules {
        var rules = MembershipRules()
        rules.ringRetry = .seconds(20)
        rules.phasePatience = .seconds(30)
        // Connections stall here as often as the seed likes: that is no sign of a way that loses large messages only.
        rules.welcomes = .max
        // A state is a few words here: a part of it stands for the megabyte of a real one.
        rules.sourceSlack = UInt64(SimulatedReplica.State.bytes(phases: arithmetic.phases) / 4)
        dropped?.leave(out: &rules)
        return rules
    }
}

extension ControlHello {
    /// What a simulated worker says of itself.
    init(_ identity: WorkerIdentity) {
        self.init()
        host = identity.host
        pid = identity.pid
        process = identity.process
        build = identity.build
        library = identity.library
        kernel = identity.kernel
    }
}
