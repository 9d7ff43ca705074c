import Kernels
import Layers

/// Trains all shards of a run in one process, without a network: the reference for the digest, also used by replay and tests.
///
/// The result is the same for any number of threads and lanes.
public final class LocalTrainer {
    public let replica: Replica
    /// Phases that were run again, since the start of this trainer.
    public private(set) var retries = 0

    private let team: ThreadTeam
    private let lanes: [Lane]
    /// Of the step under way.
    private var totals: StepTotals

    /// - Parameters:
    ///   - threads: of the computation.
    ///   - lanes: into which the shards are divided; as many as threads if not given. Threads beyond the shards share the products of others.
    ///
    /// - Throws: `MemoryShortage`.
    public init(replica: Replica, threads: Int, lanes: Int? = nil) throws {
        // Commands that use a trainer have no --threads flag to advise on.
        try replica.settings.requireMemory(threads: threads, or: nil)
        self.replica = replica
        team = ThreadTeam(threads: threads)
        totals = StepTotals(replica.settings, step: replica.step)
        self.lanes = replica.makeLanes(shards: 0..<replica.settings.shards, threads: lanes ?? threads)
    }

    /// A trainer at the start of a run. Throws `SettingsError`.
    public convenience init(_ settings: TrainingSettings, threads: Int, lanes: Int? = nil) throws {
        try self.init(replica: Replica(settings), threads: threads, lanes: lanes)
    }

    /// Trains one step, or what is left of the step under way, on its minibatches.
    ///
    /// - Parameters:
    ///   - images: of each stream all of the step's shards.
    ///   - capture: receives what a replay file holds.
    /// - Throws: `NonFiniteGradient`.
    @discardableResult
    public func step(_ images: [Stream: [ShardImages]], capture: ReplayCapture? = nil) throws -> StepFigures {
        let step = replica.step
        for lane in lanes { lane.load(step: step, images: images) }
        capture?.captureInputs(replica, images)
        totals.begin(step: step)
        while replica.step == step {
            let phase = replica.phase
            capture?.captureParameters(replica, phase: phase, moment: "before")
            capture?.captureOptimizer(replica, phase: phase)
            let change = try compute(phase)
            let loss = totals.figures.losses[phase].value
            capture?.captureGradient(replica, phase: phase, change: change, loss: loss)
            capture?.captureActive(replica, phase: phase, lanes: lanes)
            replica.apply(phase: phase, change: change, team: team)
            capture?.captureParameters(replica, phase: phase, moment: "after")
        }
        return totals.figures
    }

    /// Runs a phase until its sum holds.
    private func compute(_ phase: Int) throws -> ExponentChange {
        while true {
            let sink = replica.makeSink(phase: phase, shards: replica.settings.shards) { _, _ in }
            replica.start(sink, phase: phase)
            let exchanges = replica.phases[phase].moments.count
            for segment in 0...exchanges {
                team.run { [replica, lanes, team] thread in
                    for lane in stride(from: thread, to: lanes.count, by: team.threads) {
                        replica.run(segment: segment, ofPhase: phase, lane: lanes[lane], sink: sink)
                    }
                }
                guard segment < exchanges else { break }
                let shards = lanes.flatMap { replica.moments(ofSegment: segment, phase: phase, lane: $0) }
                let totals = Replica.total(shards)
                for lane in lanes { replica.receive(totals, ofSegment: segment, phase: phase, lane: lane) }
            }
            for lane in lanes { for report in replica.reports(of: lane) { totals.add(report) } }
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
