/// What may be done to a run's processes; `--kinds` names them.
public enum FaultFamily: String, Sendable, CaseIterable {
    /// SIGKILL to workers.
    case kill
    /// SIGSTOP, and SIGCONT some seconds later; to the coordinator only beside `coordinator`.
    case stop
    /// A live connection is shut down under its owner.
    case cut
    /// The coordinator is among the victims; with topology server it is the summation server too.
    case coordinator
}

/// One thing that is done to a run at one moment.
public enum FaultKind: String, Sendable, CaseIterable {
    case worker = "worker killed"
    case twoWorkers = "two workers killed"
    case coordinator = "coordinator killed"
    case coordinatorAndWorker = "coordinator and worker killed"
    case everybody = "every worker killed"
    case workerStopped = "worker stopped"
    case coordinatorStopped = "coordinator stopped"
    case controlCut = "control link cut"
    case gradientCut = "gradient link cut"

    /// How often each is drawn, relative to the others: deaths of one worker are what happens most.
    var weight: Int {
        switch self {
        case .worker: 40
        case .twoWorkers: 11
        case .coordinator: 10
        case .coordinatorAndWorker: 5
        case .everybody: 3
        case .workerStopped: 9
        case .coordinatorStopped: 4
        case .controlCut: 8
        case .gradientCut: 10
        }
    }

    /// What must be allowed for it to be drawn.
    var families: Set<FaultFamily> {
        switch self {
        case .worker, .twoWorkers, .everybody: [.kill]
        case .coordinator: [.coordinator]
        case .coordinatorAndWorker: [.coordinator, .kill]
        case .workerStopped: [.stop]
        case .coordinatorStopped: [.coordinator, .stop]
        case .controlCut, .gradientCut: [.cut]
        }
    }

    /// Workers it kills.
    var workersKilled: Int {
        switch self {
        case .worker, .coordinatorAndWorker: 1
        case .twoWorkers: 2
        default: 0
        }
    }
}

/// When which fault is due: a pure function of the seed. Which process it hits depends on which there are.
struct ChaosSchedule {
    struct Planned {
        var kind: FaultKind
        /// How long a stopped process stays so, in seconds.
        var stopped: Double
    }

    private var random: SeededGenerator
    private let every: ClosedRange<Double>
    private let kinds: [FaultKind]

    /// - Parameters:
    ///   - every: seconds from one fault to the next.
    ///   - sparesLast: no fault takes every replica at once.
    init(seed: UInt64, every: ClosedRange<Double>, families: Set<FaultFamily>, sparesLast: Bool) {
        random = SeededGenerator(seed: seed)
        self.every = every
        kinds = FaultKind.allCases.filter { $0.families.isSubset(of: families) && ($0 != .everybody || !sparesLast) }
    }

    /// Cuts cannot be made here: they are not drawn any more.
    func withoutCuts() -> ChaosSchedule {
        ChaosSchedule(random: random, every: every, kinds: kinds.filter { !$0.families.contains(.cut) })
    }

    private init(random: SeededGenerator, every: ClosedRange<Double>, kinds: [FaultKind]) {
        (self.random, self.every, self.kinds) = (random, every, kinds)
    }

    var isEmpty: Bool { kinds.isEmpty }

    /// Seconds until the next fault.
    mutating func interval() -> Double { Double.random(in: every, using: &random) }

    /// The next fault. Most stops are short ones that nobody should take for a death; the others last past every verdict.
    mutating func next() -> Planned {
        var ticket = Int.random(in: 0..<kinds.reduce(0) { $0 + $1.weight }, using: &random)
        let kind = kinds.first { kind in
            ticket -= kind.weight
            return ticket < 0
        }
        let isShort = Int.random(in: 0..<10, using: &random) < 6
        let stopped = Double.random(in: isShort ? 0.2...2 : 4...12, using: &random)
        return Planned(kind: kind ?? kinds[0], stopped: stopped)
    }

    /// `count` of them, at random.
    mutating func pick<Element>(_ count: Int, of elements: [Element]) -> [Element] {
        Array(elements.shuffled(using: &random).prefix(count))
    }
}

/// The same numbers for the same seed on every machine (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
