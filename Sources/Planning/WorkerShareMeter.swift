import Autoencoder
import Collectives
import Kernels
import Runs
import Synchronization
import Waiting
import Wire
import Worker

/// Measures a worker's share of a run's steps on this machine with the code that workers run, but without links to others.
public final class WorkerShareMeter {
    private let replica: Replica
    private let team: ThreadTeam
    private let lanes: [Lane]
    private let exchanges: [PhaseExchange]
    private let plans: [BucketPlan]
    private let clock = ReadyClock()
    private let shards: Range<Int>

    /// - Parameters:
    ///   - shards: how many of the minibatch's shards the worker has: the first ones.
    ///   - threads: its compute threads.
    /// - Throws: `SettingsError`, `MemoryShortage`.
    public init(_ settings: TrainingSettings, shards count: Int, threads: Int) throws {
        try settings.validate()
        try settings.requireMemory(threads: threads, or: "take a smaller model")
        replica = try Replica(settings)
        team = ThreadTeam(threads: threads)
        let shards = 0..<count
        self.shards = shards
        lanes = replica.makeLanes(shards: shards, threads: threads)
        plans = replica.phases.map { BucketPlan($0) }
        exchanges = replica.phases.map { [replica, team, lanes, plans, clock] phase in
            PhaseExchange(
                replica: replica, phase: phase, plan: plans[phase.index], lanes: lanes, shards: count, team: team, reducer: clock)
        }
    }

    /// Trains steps that are not counted, then as many counted steps as needed, and encodes the last gradients.
    ///
    /// - Parameters:
    ///   - images: images of the whole minibatch of a step; steps are counted from 0.
    ///   - before: steps that are not counted.
    ///   - least: how long to measure at least, and how many steps at least.
    /// - Throws: `NonFiniteGradient`.
    public func measure(
        images: (UInt64) -> [Autoencoder.Stream: [ShardImages]], before: Int = 8,
        least: (time: Duration, steps: Int) = (.seconds(1), 3)
    ) throws -> WorkerShare {
        for _ in 0..<before { _ = try step(images) }
        var runs: [[PhaseRun]] = []
        let start = MonotonicTime.now
        while runs.count < least.steps || MonotonicTime.now - start < least.time { runs.append(try step(images)) }
        let codec = GradientCodec()
        let phases = try replica.phases.map { phase in
            let own = runs.map { $0[phase.index] }
            let plan = plans[phase.index]
            let buckets = try plan.buckets.enumerated().map { index, bucket in
                let pieces = bucket.pieces.map(\.range)
                return WorkerShare.Bucket(
                    lead: median(own.map { $0.leads[index] }), elements: bucket.elements,
                    coded: try coded(replica.lastSum(phase.index), pieces, plan.rows(of: pieces, bucket: index), codec))
            }
            return WorkerShare.Phase(
                name: phase.name, compute: median(own.map(\.compute)), update: median(own.map(\.update)), buckets: buckets,
                moments: phase.moments.map { Double($0 * replica.settings.shards * 8) })
        }
        return WorkerShare(phases: phases, threads: team.threads, ofShards: replica.settings.shards)
    }

    private struct PhaseRun {
        var compute, update: Double
        /// The lead of each bucket.
        var leads: [Double]
    }

    private func step(_ images: (UInt64) -> [Autoencoder.Stream: [ShardImages]]) throws -> [PhaseRun] {
        let step = replica.step
        let own = images(step).mapValues { $0.filter { shards.contains($0.shard) } }
        for lane in lanes { lane.load(step: step, images: own) }
        return try exchanges.map { exchange in
            var times = StepClock()
            let result = try exchange.run(clock: &times) { _ in }
            // A phase that ran twice took twice as long.
            let runs = Double(result.repeats + 1)
            return PhaseRun(
                compute: times.compute.seconds / runs, update: times.update.seconds, leads: clock.leads)
        }
    }

    private func coded(
        _ sum: Storage<Int32>, _ pieces: [Range<Int>], _ rows: [PieceRows], _ codec: GradientCodec
    ) throws -> [GradientCoding: WorkerShare.Coded] {
        let target = Storage<Int32>(count: sum.count)
        var all: [GradientCoding: WorkerShare.Coded] = [:]
        for coding in GradientCoding.allCases where coding != .empty {
            var encoded = codec.encode(sum.all, pieces: pieces, rows: rows, coding: coding)
            let packing = fastest { encoded = codec.encode(sum.all, pieces: pieces, rows: rows, coding: coding) }
            let (bytes, actual) = (encoded.bytes, encoded.coding)
            let unpacking = try fastest {
                try codec.decode(bytes, coding: actual, pieces: pieces, into: target.all, mode: .add)
            }
            all[coding] = WorkerShare.Coded(bytes: Double(bytes.count), packing: packing, unpacking: unpacking)
        }
        return all
    }

    /// The shortest of three times: it is the least disturbed.
    private func fastest(_ body: () throws -> Void) rethrows -> Double {
        var least = Double.infinity
        for _ in 0..<3 {
            let start = MonotonicTime.now
            try body()
            least = min(least, (MonotonicTime.now - start).seconds)
        }
        return least
    }

    private func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
}

/// Takes the place of the links, and records when each bucket could have left.
private final class ReadyClock: Reducer {
    private struct State {
        var ready: [Duration] = []
    }

    private let state = Mutex(State())

    /// For the last exchange: how long before the last bucket each bucket was ready.
    var leads: [Double] {
        state.withLock { state in
            let last = state.ready.max() ?? .zero
            return state.ready.map { (last - $0).seconds }
        }
    }

    func begin(
        phase: UInt64, attempt: UInt32, plan: BucketPlan, sum: Storage<Int32>, statistics: StatisticsBoard, statisticsOnly: [Bool]
    ) {
        state.withLock { $0.ready = [Duration](repeating: .zero, count: plan.buckets.count) }
    }

    func ready(bucket: Int) { state.withLock { $0.ready[bucket] = MonotonicTime.now } }
    func finish() throws {}
    func shutdown() {}
    var counters: WireCounters { WireCounters() }
    var exchangeCounters: WireCounters { WireCounters() }
    var moved: [LinkBytes] { [] }
}
