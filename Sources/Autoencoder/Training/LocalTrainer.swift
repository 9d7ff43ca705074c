import Kernels
import Layers
import Synchronization

/// All shards of a run in one process, without a network: the oracle of the digest, and what replay and tests use.
///
/// The result is the same for any number of threads and lanes.
public final class LocalTrainer {
    public let replica: Replica
    /// Phases that were run again, since the start of this trainer.
    public private(set) var retries = 0

    private let team: ThreadTeam
    private let lanes: [Lane]

    /// - Parameters:
    ///   - threads: of the computation.
    ///   - lanes: into which the shards are divided; as many as threads if not given.
    ///
    /// - Throws: `MemoryShortage`.
    public init(replica: Replica, threads: Int, lanes: Int? = nil) throws {
        // Whoever has one has no flag for its threads.
        try replica.settings.requireMemory(threads: threads, or: nil)
        self.replica = replica
        team = ThreadTeam(threads: threads)
        self.lanes = replica.makeLanes(shards: 0..<replica.settings.shards, threads: lanes ?? threads)
    }

    /// A trainer at the start of a run. Throws `SettingsError`.
    public convenience init(_ settings: TrainingSettings, threads: Int, lanes: Int? = nil) throws {
        try self.init(replica: Replica(settings), threads: threads, lanes: lanes)
    }

    /// Trains one step, or what is left of the step under way, on its minibatch.
    ///
    /// - Parameters:
    ///   - shards: all of the step's shards.
    ///   - capture: receives what a replay file holds.
    /// - Throws: `NonFiniteGradient`.
    @discardableResult
    public func step(_ shards: [ShardImages], capture: ReplayCapture? = nil) throws -> StepFigures {
        let (step, minibatch, settings) = (replica.step, replica.minibatch, replica.settings)
        for lane in lanes { lane.load(step: step, minibatch: minibatch, images: shards) }
        capture?.captureInputs(replica, shards)
        var ledger = StepLedger(settings)
        while replica.step == step {
            let phase = replica.phase
            capture?.captureParameters(replica, phase: phase, moment: "before")
            capture?.captureOptimizer(replica, phase: phase)
            let change = try compute(phase, into: &ledger)
            let loss = ledger.figures(minibatch: minibatch).losses[phase]
            capture?.captureGradient(replica, phase: phase, change: change, loss: loss)
            capture?.captureActive(replica, phase: phase, lanes: lanes)
            replica.apply(phase: phase, change: change, team: team)
            capture?.captureParameters(replica, phase: phase, moment: "after")
        }
        return ledger.figures(minibatch: minibatch)
    }

    /// Runs a phase until its sum holds.
    private func compute(_ phase: Int, into ledger: inout StepLedger) throws -> ExponentChange {
        while true {
            let sink = replica.makeSink(phase: phase, shards: replica.settings.shards) { _, _ in }
            sink.start()
            let reports = Mutex<[ShardReport]>([])
            team.run { [replica, lanes, team] thread in
                for lane in stride(from: thread, to: lanes.count, by: team.threads) {
                    let found = replica.computeGradients(phase: phase, lane: lanes[lane], sink: sink)
                    reports.withLock { $0 += found }
                }
            }
            for report in reports.withLock({ $0 }) { ledger.add(report) }
            switch replica.decide(phase: phase, statistics: sink.statistics) {
            case .apply(let change):
                return change
            case .again(let exponents):
                retries += 1
                replica.retry(phase: phase, exponents: exponents)
            case .stop(let failure):
                throw failure
            }
        }
    }
}
