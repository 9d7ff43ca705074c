import Kernels
import Waiting
import Wire

/// Sums one phase's integers over all members, bucket by bucket, while the backward pass is still running.
///
/// One exchange is `begin`, then `ready` for every bucket, then `finish`. Every member takes part in every exchange, with
/// or without shards. The result is the same bits whatever the topology, the compression and the number of members.
public protocol Reducer: AnyObject, Sendable {
    /// Opens the exchange of (phase, attempt), later than every one before; `sum` and `statistics` are this member's own
    /// until a bucket is ready, and the reducer's from then until `finish` returns.
    ///
    /// `statisticsOnly[tensor]`: the tensor has no exponent yet, so its range of `sum` is left alone and only its
    /// statistics travel; empty for none. The same on all members.
    func begin(
        phase: UInt64, attempt: UInt32, plan: BucketPlan, sum: Storage<Int32>, statistics: StatisticsBoard,
        statisticsOnly: [Bool])

    /// This member's part of the bucket, and the statistics it completes, are final: it starts to travel. Every bucket
    /// exactly once an exchange, in any order, from any thread.
    func ready(bucket: Int)

    /// Blocks until `sum` and `statistics` hold the reduced values. Throws `LinkFailure`, after which the reducer is good
    /// for nothing but `shutdown`. There is no deadline on the whole: links have theirs on bytes moving. The coordinator
    /// judges a member that is silent, or an exchange in which nothing moves any more (`moved`), and ends the wait by
    /// `shutdown`.
    func finish() throws

    /// Ends all links and threads; a thread that blocks in the reducer wakes. Idempotent. Not from `onFailure`.
    func shutdown()

    /// Since the reducer was made.
    var counters: WireCounters { get }
    /// Of the exchange last begun.
    var exchangeCounters: WireCounters { get }
    /// How far the links have come at this moment: a ring's two together, or the link to each summation server.
    var moved: [LinkBytes] { get }
}

extension Reducer {
    /// Opens an exchange in which every tensor has its exponent.
    public func begin(
        phase: UInt64, attempt: UInt32, plan: BucketPlan, sum: Storage<Int32>, statistics: StatisticsBoard
    ) {
        begin(
            phase: phase, attempt: attempt, plan: plan, sum: sum, statistics: statistics, statisticsOnly: [])
    }
}

/// The reducer of a run with one worker and no server: the worker's own values are the sum.
public final class SoloReducer: Reducer {
    private let stopped = Monitor(false)

    public init() {}

    public func begin(
        phase: UInt64, attempt: UInt32, plan: BucketPlan, sum: Storage<Int32>, statistics: StatisticsBoard,
        statisticsOnly: [Bool]
    ) {}

    public func ready(bucket: Int) {}

    public func finish() throws {
        if stopped.withLock({ $0 }) { throw LinkFailure.ownShutdown }
    }

    public func shutdown() { stopped.withLock { $0 = true } }

    public var counters: WireCounters { WireCounters() }
    public var exchangeCounters: WireCounters { WireCounters() }
    public var moved: [LinkBytes] { [] }
}
