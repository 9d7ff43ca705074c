import Kernels

/// What may be done to a run's processes; `--kinds` names them.
public enum FaultFamily: String, Sendable, CaseIterable {
    /// SIGKILL to workers.
    case kill
    /// SIGSTOP, and SIGCONT some seconds later; to the coordinator only together with `coordinator`.
    case stop
    /// A live connection is shut down without its owner's doing.
    case cut
    /// The coordinator is among the victims; with topology server, it is also the summation server.
    case coordinator
    /// Packets of a live connection are lost, for a while and one way: all of them, or the large ones.
    case loss
    /// Data that was sent and acknowledged on a live connection does not reach its reader: whole frames, or some bytes.
    case swallow
    /// A live connection carries little, for a while.
    case slow
    /// The coordinator dies, and the next one finds an older copy of the run's folder; only together with `coordinator`.
    case copy
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
    case controlLost = "control link lost one way"
    case gradientLost = "gradient link lost one way"
    case controlLostLarge = "large packets lost on a control link"
    case gradientLostLarge = "large packets lost on a gradient link"
    case controlSwallowed = "frames swallowed on a control link"
    case gradientSwallowed = "frames swallowed on a gradient link"
    case controlDamaged = "bytes swallowed on a control link"
    case gradientDamaged = "bytes swallowed on a gradient link"
    case controlSlow = "slow control link"
    case gradientSlow = "slow gradient link"
    case olderCopy = "coordinator killed, an older copy in its place"

    /// How often each is drawn, relative to the others: deaths of one worker are the most frequent.
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
        case .controlLost, .gradientLost, .controlLostLarge, .gradientLostLarge: 4
        case .controlSwallowed, .gradientSwallowed, .controlDamaged, .gradientDamaged: 4
        case .controlSlow, .gradientSlow: 3
        case .olderCopy: 4
        }
    }

    /// The families that must be allowed for it to be drawn.
    var families: Set<FaultFamily> {
        switch self {
        case .worker, .twoWorkers, .everybody: [.kill]
        case .coordinator: [.coordinator]
        case .coordinatorAndWorker: [.coordinator, .kill]
        case .workerStopped: [.stop]
        case .coordinatorStopped: [.coordinator, .stop]
        case .controlCut, .gradientCut: [.cut]
        case .controlLost, .gradientLost, .controlLostLarge, .gradientLostLarge: [.loss]
        case .controlSwallowed, .gradientSwallowed, .controlDamaged, .gradientDamaged: [.swallow]
        case .controlSlow, .gradientSlow: [.slow]
        case .olderCopy: [.coordinator, .copy]
        }
    }

    /// It is done to a connection, through a descriptor that the kernel lends.
    var isOnLink: Bool { !families.isDisjoint(with: [.cut, .loss, .swallow, .slow]) }

    /// The connection is a control connection with the coordinator.
    var isOnControl: Bool {
        switch self {
        case .controlCut, .controlLost, .controlLostLarge, .controlSwallowed, .controlDamaged, .controlSlow: true
        default: false
        }
    }

    /// It is ended after a while.
    var lasts: Bool { !families.isDisjoint(with: [.stop, .loss, .slow]) }

    /// Workers it kills.
    var workersKilled: Int {
        switch self {
        case .worker, .coordinatorAndWorker: 1
        case .twoWorkers: 2
        default: 0
        }
    }
}

/// When which fault is due: a pure function of the seed. Which process it hits depends on the processes that exist.
struct ChaosSchedule {
    struct Planned {
        var kind: FaultKind
        /// How long a process stays stopped, or a connection disturbed, in seconds.
        var lasts: Double
    }

    private var random: SplitMix
    private let every: ClosedRange<Double>
    private let kinds: [FaultKind]

    /// - Parameters:
    ///   - every: seconds from one fault to the next.
    ///   - sparesLast: no fault takes every replica at once.
    init(seed: UInt64, every: ClosedRange<Double>, families: Set<FaultFamily>, sparesLast: Bool) {
        random = SplitMix(seed: seed)
        self.every = every
        kinds = FaultKind.allCases.filter { $0.families.isSubset(of: families) && ($0 != .everybody || !sparesLast) }
    }

    /// Connections cannot be touched here: such faults are not drawn any more.
    func withoutLinks() -> ChaosSchedule {
        ChaosSchedule(random: random, every: every, kinds: kinds.filter { !$0.isOnLink })
    }

    private init(random: SplitMix, every: ClosedRange<Double>, kinds: [FaultKind]) {
        (self.random, self.every, self.kinds) = (random, every, kinds)
    }

    var isEmpty: Bool { kinds.isEmpty }

    /// Seconds until the next fault.
    mutating func interval() -> Double { Double.random(in: every, using: &random) }

    /// The next fault; nil where none is left. Most stops are short ones that nobody should take for a death. The others last longer
    /// than any verdict takes, and those on a connection longer than the 20 s in which a run finds another route.
    mutating func next() -> Planned? {
        guard !kinds.isEmpty else { return nil }
        var ticket = Int.random(in: 0..<kinds.reduce(0) { $0 + $1.weight }, using: &random)
        let kind = kinds.first { kind in
            ticket -= kind.weight
            return ticket < 0
        }
        let isShort = Int.random(in: 0..<10, using: &random) < 6
        let isLong = !isShort && kind?.isOnLink == true
        let lasts = Double.random(in: isShort ? 0.2...2 : isLong ? 6...30 : 4...12, using: &random)
        return Planned(kind: kind ?? kinds[0], lasts: lasts)
    }

    /// What a kind does to a connection, with its numbers; nil for a kind that acts on processes.
    mutating func linkFault(of kind: FaultKind) -> LinkFault? {
        switch kind {
        case .controlCut, .gradientCut: .cut
        case .controlLost, .gradientLost: .loses(longerThan: 0)
        // Hellos, heartbeats and acknowledgements pass.
        case .controlLostLarge, .gradientLostLarge: .loses(longerThan: UInt32.random(in: 400...1400, using: &random))
        case .controlSwallowed, .gradientSwallowed: .swallowsFrames
        case .controlDamaged, .gradientDamaged: .swallowsBytes(Int.random(in: 1...500, using: &random))
        // 1 to 4 Mbit/s.
        case .controlSlow, .gradientSlow: .slow(bytesPerSecond: UInt32.random(in: 125_000...500_000, using: &random))
        case .worker, .twoWorkers, .coordinator, .coordinatorAndWorker, .everybody, .workerStopped, .coordinatorStopped, .olderCopy:
            nil
        }
    }

    /// `count` of the elements, at random.
    mutating func pick<Element>(_ count: Int, of elements: [Element]) -> [Element] {
        Array(elements.shuffled(using: &random).prefix(count))
    }
}
