import Autoencoder
import Collectives
import Foundation
import Glibc
import Kernels
import Processes
import Runs
import Synchronization
import Waiting

/// What `lockstep chaos` was asked for.
public struct ChaosOptions: Sendable {
    /// Arguments of `lockstep train` that define the run, except the step that ends it.
    public var settings: [String]
    /// The step that ends the run, if one was given: `--steps N`.
    public var end: [String]
    public var workers: Int
    public var threads: Int?
    /// Taken in turn.
    public var topologies: [Topology]
    /// For how long faults are inflicted, or how many.
    public var limit: ChaosLimit
    /// Seconds from one fault to the next.
    public var every: ClosedRange<Double>
    public var families: Set<FaultFamily>
    public var seed: UInt64
    /// No fault takes the last replica.
    public var sparesLast: Bool
    /// The calm run is ended by SIGTERM after this time, and every disturbed run goes to the same step.
    public var calmSeconds: Double
    /// Models drawn at random that rounds take in turn with the one asked for.
    public var drawnModels: Int
    /// The paper's variant that the run trains.
    public var variant: Variant
    /// Parent of the run folders.
    public var folder: String
    /// How long a fault that the rule forbids is held back before it is dropped, in seconds.
    let patience = 5.0

    public init(
        settings: [String], end: [String], workers: Int, threads: Int?, topologies: [Topology], limit: ChaosLimit,
        every: ClosedRange<Double>, families: Set<FaultFamily>, seed: UInt64, sparesLast: Bool, calmSeconds: Double,
        drawnModels: Int, variant: Variant, folder: String
    ) {
        self.settings = settings
        self.end = end
        self.workers = workers
        self.threads = threads
        self.topologies = topologies
        self.limit = limit
        self.every = every
        self.families = families
        self.seed = seed
        self.sparesLast = sparesLast
        self.calmSeconds = calmSeconds
        self.drawnModels = drawnModels
        self.variant = variant
        self.folder = folder
    }
}

/// When faults end.
public enum ChaosLimit: Sendable, Equatable {
    case minutes(Double)
    case faults(Int)
}

/// Tells all rounds whether anything is left to do.
final class ChaosClock: Sendable {
    private struct State {
        var began = Date().timeIntervalSince1970
        var faults = 0
        var interrupted = false
    }

    private let limit: ChaosLimit
    private let state = Mutex(State())

    init(limit: ChaosLimit) { self.limit = limit }

    var isInterrupted: Bool { state.withLock { $0.interrupted } }

    func interrupt() { state.withLock { $0.interrupted = true } }

    /// Starts to count the time.
    func start() { state.withLock { $0.began = Date().timeIntervalSince1970 } }

    func count(_ faults: Int) { state.withLock { $0.faults += faults } }

    func mayInflict(_ now: Double, alreadyThisRound faults: Int) -> Bool {
        state.withLock { state in
            switch limit {
            case .minutes(let minutes): now - state.began < minutes * 60
            case .faults(let limit): state.faults + faults < limit
            }
        }
    }
}

/// The undisturbed run that all others are compared with.
struct CalmRun: Sendable {
    var model: ChaosModel
    var lastStep: UInt64
    var digest: String
    var fullDigest: String
    var chains: [UInt64: UInt64]
    /// Phases of a step.
    var phases: UInt64
    var seconds: Double
}

/// A calm run, then disturbed ones until the time is over, and the verdict.
public final class ChaosSession {
    private let options: ChaosOptions
    private let clock: ChaosClock
    private let say: (String) -> Void

    /// `say` takes a line about each run.
    public init(options: ChaosOptions, say: @escaping (String) -> Void) {
        self.options = options
        self.say = say
        clock = ChaosClock(limit: options.limit)
    }

    /// Runs everything. Call it on the main thread: children die with the thread that started them.
    ///
    /// - Throws: `LocalError` where a run does not start, or the calm one fails.
    public func run() throws -> ChaosVerdict {
        let place = options.folder
        let signals = try StopSignals { [clock] _ in
            clock.interrupt()
        } onSecond: {
            LossyOutput(descriptor: STDERR_FILENO).write("lockstep: the run folders are in \(place)\n")
        }
        defer { signals.conclude() }
        var random = SplitMix(seed: ~options.seed)
        let models = [.asked] + (0..<options.drawnModels).map { _ in ChaosModel.drawn(&random, of: options.variant) }
        let calm = try models.enumerated().map { try calmRun($1, number: $0 + 1) }
        var schedule = ChaosSchedule(
            seed: options.seed, every: options.every, families: options.families, sparesLast: options.sparesLast)
        guard !schedule.isEmpty else {
            throw LocalError("--kinds leaves nothing to do; name kill, stop, cut, coordinator, loss, swallow or slow")
        }
        var verdict = ChaosVerdict(options: options, calm: calm)
        clock.start()
        while !clock.isInterrupted, clock.mayInflict(Date().timeIntervalSince1970, alreadyThisRound: 0) {
            let number = verdict.rounds.count
            let topology = options.topologies[number % options.topologies.count]
            // Every model meets every topology.
            let cycle = calm.count.isMultiple(of: options.topologies.count) ? calm.count : calm.count * options.topologies.count
            let model = calm[(number + number / cycle) % calm.count]
            let round = ChaosRound(
                options: options, topology: topology, folder: "\(options.folder)/\(number + 1)-\(topology.rawValue)",
                calm: model, schedule: schedule, clock: clock)
            let result = try round.run()
            schedule = round.scheduleAfterwards
            clock.count(result.faults.faults.count)
            verdict.add(result, try ended(result))
            say(verdict.lastLine)
            if verdict.rounds.last?.isRight == false { break }
        }
        verdict.isInterrupted = clock.isInterrupted
        return verdict
    }

    /// What a disturbed run has left on the disk.
    private func ended(_ result: ChaosRound.Result) throws -> ChaosVerdict.Records? {
        guard result.status == 0 else { return nil }
        return try ChaosVerdict.Records(folder: result.folder)
    }

    private func calmRun(_ model: ChaosModel, number: Int) throws -> CalmRun {
        let folder = options.folder + "/calm" + (number > 1 ? "-\(number)" : "")
        let began = MonotonicTime.now
        let train = try TrainProcess(options: options, model: model, topology: options.topologies[0], folder: folder, lastStep: nil)
        var isEnding = false
        var status: Int32?
        while status == nil {
            status = train.ended(within: .milliseconds(20))
            if clock.isInterrupted {
                train.end()
                throw LocalError("interrupted during the calm run")
            }
            if !isEnding, (MonotonicTime.now - began).seconds > options.calmSeconds, TrainProcess.hasSteps(folder) {
                isEnding = true
                kill(train.pid, SIGTERM)
            }
        }
        guard status == 0 else {
            throw LocalError("the calm run failed (exit status \(status ?? -1)): \(TrainProcess.lastWords(folder))")
        }
        let seconds = (MonotonicTime.now - began).seconds
        let records = try ChaosVerdict.Records(folder: folder)
        say(
            "calm run: \(records.step) steps in \(Int(seconds.rounded())) s, digest \(records.digest.prefix(16))… (\(model.name))")
        return CalmRun(
            model: model, lastStep: records.step, digest: records.digest, fullDigest: records.fullDigest,
            chains: Dictionary(records.chains.map { ($0.step, $0.chain) }) { first, _ in first },
            phases: UInt64(try RunFolder.open(folder).configuration().configuration.phaseNames.count), seconds: seconds)
    }
}
