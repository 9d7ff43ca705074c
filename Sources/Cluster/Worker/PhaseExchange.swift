import Autoencoder
import Collectives
import Kernels
import Layers
import Synchronization
import Waiting

/// One phase of one step: gradients of this worker's shards, their exact exchange while the backward pass still runs,
/// the decision every member takes alike, and the update; again where a maximum outgrew its headroom.
package struct PhaseExchange {
    let replica: Replica
    let phase: PhaseDescription
    let plan: BucketPlan
    let lanes: [Lane]
    let shards: Int
    let team: ThreadTeam
    let reducer: any Reducer
    private let statistics: StatisticsBoard
    private let countdown: BucketCountdown

    package struct Result {
        package var repeats: UInt32
        package var clamped: UInt64
        package var early: UInt64
    }

    package init(
        replica: Replica, phase: PhaseDescription, plan: BucketPlan, lanes: [Lane], shards: Int, team: ThreadTeam,
        reducer: any Reducer
    ) throws {
        self.replica = replica
        self.phase = phase
        self.plan = plan
        self.lanes = lanes
        self.shards = shards
        self.team = team
        self.reducer = reducer
        statistics = StatisticsBoard(tensors: phase.tensors.count)
        countdown = BucketCountdown(plan: plan)
    }

    /// Runs the phase until it is applied. `contributed` hears once that this worker's part is complete.
    ///
    /// - Throws: `LinkFailure` where the exchange broke: nothing is applied then, and the replica is as it was, so that
    ///   the phase can be run afresh by other members; `NonFiniteGradient`.
    package func run(clock: inout StepClock, contributed: ([ShardReport]) -> Void) throws -> Result {
        // A member may have outgrown its exponents in an exchange that another one never finished.
        let exponents = replica.exponents(phase.index)
        do {
            return try attempt(&clock, contributed)
        } catch {
            replica.retry(phase: phase.index, exponents: exponents)
            throw error
        }
    }

    private func attempt(_ clock: inout StepClock, _ contributed: ([ShardReport]) -> Void) throws -> Result {
        var early: UInt64 = 0
        var attempt: UInt32 = 0
        while true {
            let start = MonotonicTime.now
            let reports = contribute(attempt: attempt)
            if attempt == 0 { contributed(reports) }
            let computed = MonotonicTime.now
            clock.compute += computed - start
            try reducer.finish()
            let received = MonotonicTime.now
            clock.wait += received - computed
            early += reducer.exchangeCounters.sentBeforeLastReady
            let reduced = statistics.all
            switch replica.decide(phase: phase.index, statistics: reduced) {
            case .again(let exponents):
                replica.retry(phase: phase.index, exponents: exponents)
                attempt += 1
            case .stop(let cause): throw cause
            case .apply(let change):
                replica.apply(phase: phase.index, change: change, team: team)
                clock.update += MonotonicTime.now - received
                return Result(repeats: attempt, clamped: reduced.reduce(0) { $0 + $1.clamped }, early: early)
            }
        }
    }

    /// This worker's part: a bucket starts to travel the moment its last tensor is complete.
    private func contribute(attempt: UInt32) -> [ShardReport] {
        statistics.reset()
        countdown.reset()
        let exponents = replica.exponents(phase.index)
        let sink = replica.makeSink(phase: phase.index, shards: shards) { [statistics, countdown, reducer] tensor, own in
            statistics.merge(own, tensor: tensor)
            for bucket in countdown.completed(tensor: tensor) { reducer.ready(bucket: bucket) }
        }
        reducer.begin(
            phase: replica.applied, attempt: attempt, plan: plan, sum: replica.sum(phase.index), statistics: statistics,
            statisticsOnly: exponents.map { $0 == ExactRule.none })
        sink.start()
        let collected = LaneReports(lanes: lanes.count)
        team.run { [replica, phase, lanes] thread in
            guard thread < lanes.count else { return }
            collected.set(replica.computeGradients(phase: phase.index, lane: lanes[thread], sink: sink), lane: thread)
        }
        return collected.all
    }
}

/// What the lanes' threads report, each into its own place.
private final class LaneReports: Sendable {
    private let reports: Mutex<[[ShardReport]]>

    init(lanes: Int) { reports = Mutex([[ShardReport]](repeating: [], count: lanes)) }

    func set(_ value: [ShardReport], lane: Int) { reports.withLock { $0[lane] = value } }

    var all: [ShardReport] { reports.withLock { $0.flatMap(\.self) } }
}
