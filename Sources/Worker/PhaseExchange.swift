import Autoencoder
import Collectives
import Kernels
import Layers
import Synchronization
import Waiting
import Wire

/// One phase of one step. It computes the gradients of this worker's shards, and exchanges the moments of all shards on the way where norms
/// need them. It exchanges the gradients exactly while the backward pass still runs, takes the decision that every member takes alike, and
/// updates. Where a maximum outgrew its headroom, the phase runs again.
///
/// One value serves every step of a view, with that view's members, links and lanes.
package struct PhaseExchange {
    let replica: Replica
    let phase: PhaseDescription
    let plan: BucketPlan
    let lanes: [Lane]
    let shards: Int
    let team: ThreadTeam
    let reducer: any Reducer
    let abandonment: Abandonment
    /// One for each exchange of moments.
    private let gathers: [MomentGather]
    private let statistics: StatisticsBoard
    private let countdown: BucketCountdown
    private let gate: BucketGate
    private let sink: ExactSink

    package struct Result {
        package var repeats: UInt32
        package var clamped: UInt64
        package var early: UInt64
    }

    package init(
        replica: Replica, phase: PhaseDescription, plan: BucketPlan, lanes: [Lane], shards: Int, team: ThreadTeam,
        reducer: any Reducer, abandonment: Abandonment = Abandonment()
    ) {
        self.replica = replica
        self.phase = phase
        self.plan = plan
        self.lanes = lanes
        self.shards = shards
        self.team = team
        self.reducer = reducer
        self.abandonment = abandonment
        gathers = phase.moments.map { MomentGather(count: $0, shards: replica.settings.shards) }
        statistics = StatisticsBoard(tensors: phase.tensors.count)
        countdown = BucketCountdown(plan: plan)
        gate = BucketGate(reducer)
        sink = replica.makeSink(phase: phase.index, shards: shards) { [statistics, countdown, gate] tensor, own in
            statistics.merge(own, tensor: tensor)
            countdown.complete(tensor: tensor) { gate.ready($0) }
        }
    }

    /// Runs the phase until it is applied.
    ///
    /// - Parameters:
    ///   - waits: hears that this worker waits for others within the phase (true), and that it goes on (false).
    ///   - contributed: hears once that this worker's part is complete.
    /// - Throws: `LinkFailure` where the exchange broke: nothing is applied then, and the replica is as it was, so that
    ///   the phase can be run afresh by other members; `NonFiniteGradient`.
    package func run(
        clock: inout StepClock, waits: (Bool) -> Void = { _ in }, contributed: ([ShardReport]) -> Void
    ) throws -> Result {
        // The exponents may have changed in an exchange that another member never finished: a failure must restore them.
        let exponents = replica.exponents(phase.index)
        do {
            return try attempt(&clock, waits, contributed)
        } catch {
            replica.retry(phase: phase.index, exponents: exponents)
            throw error
        }
    }

    private func attempt(
        _ clock: inout StepClock, _ waits: (Bool) -> Void, _ contributed: ([ShardReport]) -> Void
    ) throws -> Result {
        var early: UInt64 = 0
        var attempt: UInt32 = 0
        while true {
            startSink()
            for segment in gathers.indices { try exchangeMoments(segment, attempt: attempt, &clock, waits) }
            let start = MonotonicTime.now
            let reports = contribute(attempt: attempt)
            guard !abandonment.isGiven else { throw LinkFailure.ownShutdown }
            // A further attempt is not reported again, but a worker that waits for its sum owes nothing either.
            if attempt == 0 { contributed(reports) } else { waits(true) }
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

    /// Starts the sink of one attempt: layers above a norm deliver before the sums of that norm's gradient are exchanged.
    private func startSink() {
        statistics.reset()
        countdown.reset()
        gate.close()
        replica.start(sink, phase: phase.index)
    }

    /// The number of the exchange behind a segment.
    private func number(_ segment: Int, _ attempt: UInt32) -> UInt32 {
        ExchangeTag(phase: replica.applied, attempt: attempt, segment: segment, of: gathers.count + 1).attempt
    }

    private func run(_ segment: Int) {
        team.run { [replica, phase, lanes, sink, abandonment] thread in
            guard thread < lanes.count else { return }
            replica.run(
                segment: segment, ofPhase: phase.index, lane: lanes[thread], sink: sink, isAbandoned: { abandonment.isGiven })
        }
    }

    /// Runs a segment that ends with moments which every shard needs of all shards. A member whose lanes have kept the segment's results takes
    /// part all the same.
    private func exchangeMoments(
        _ segment: Int, attempt: UInt32, _ clock: inout StepClock, _ waits: (Bool) -> Void
    ) throws {
        let gather = gathers[segment]
        let start = MonotonicTime.now
        run(segment)
        guard !abandonment.isGiven else { throw LinkFailure.ownShutdown }
        gather.clear()
        for lane in lanes {
            let own = replica.moments(ofSegment: segment, phase: phase.index, lane: lane)
            for (shard, doubles) in zip(lane.shards, own) { gather.put(doubles, shard: shard) }
        }
        let computed = MonotonicTime.now
        clock.compute += computed - start
        waits(true)
        reducer.begin(
            phase: replica.applied, attempt: number(segment, attempt), plan: gather.plan, sum: gather.sum, statistics: gather.board)
        for bucket in gather.plan.buckets.indices { reducer.ready(bucket: bucket) }
        try reducer.finish()
        waits(false)
        clock.wait += MonotonicTime.now - computed
        let totals = Replica.total(gather.gathered)
        for lane in lanes { replica.receive(totals, ofSegment: segment, phase: phase.index, lane: lane) }
    }

    /// This worker's part of the gradient: a bucket starts to travel the moment its last tensor is complete.
    private func contribute(attempt: UInt32) -> [ShardReport] {
        reducer.begin(
            phase: replica.applied, attempt: number(gathers.count, attempt), plan: plan, sum: replica.sum(phase.index),
            statistics: statistics, statisticsOnly: replica.tensorsWithoutExponent(phase.index))
        gate.open()
        run(gathers.count)
        return lanes.flatMap { replica.reports(of: $0) }
    }
}

/// Says that the phases of a view are not wanted any more, since its links were given up. A worker that computes one stops at the next layer, and
/// so reports its position half a phase earlier. Given only when the reducer is shut down, which also ends the wait for the sum. Any thread.
package final class Abandonment: Sendable {
    private let given = Atomic<Bool>(false)

    package init() {}

    package var isGiven: Bool { given.load(ordering: .relaxed) }
    package func give() { given.store(true, ordering: .relaxed) }
}

/// Holds back buckets that are complete before their exchange has begun. Any thread.
private final class BucketGate: Sendable {
    private let reducer: any Reducer
    private struct State {
        var isOpen = false
        var waiting: [Int] = []
    }

    private let state = Mutex(State())

    init(_ reducer: any Reducer) { self.reducer = reducer }

    func ready(_ bucket: Int) {
        let isOpen = state.withLock { state in
            if !state.isOpen { state.waiting.append(bucket) }
            return state.isOpen
        }
        if isOpen { reducer.ready(bucket: bucket) }
    }

    /// Called before an exchange.
    func close() {
        state.withLock { state in
            state.isOpen = false
            state.waiting.removeAll(keepingCapacity: true)
        }
    }

    /// The exchange has begun.
    func open() {
        let held = state.withLock { state in
            state.isOpen = true
            return state.waiting
        }
        for bucket in held { reducer.ready(bucket: bucket) }
    }
}
