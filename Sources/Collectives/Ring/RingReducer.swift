import Kernels
import Waiting
import Wire

/// Reduce-scatter and all-gather between neighbours; one hop where there are two members (`RingGeometry`). Each member dials its successor and is dialled
/// by its predecessor.
///
/// One thread writes to the successor, one reads from the predecessor. (A small frame is written by the thread that has it, where the socket
/// takes it at once.) They never wait for each other's socket, so full socket buffers cannot close a circle: the reader always has a
/// landing buffer, also for a bucket that this member has not reached (it is parked) and for the next exchange. Buckets are in flight at
/// several hops at once.
public final class RingReducer: Reducer {
    private let links: RingLinks
    private let writer: RingWriter
    private let threads: [OwnedThread]

    /// Takes the links over. Preconditions: world ≥ 2, and the links lead to the right ranks. `onFailure` is called at most
    /// once a neighbour, on a network thread, and not for one's own shutdown; it must not hold the reducer strongly. The last ranks, as many as
    /// `spares`, have zeros to add; every member of the ring is told the same.
    public init(
        rank: Int, world: Int, spares: Int = 0, successor: GradientLink, predecessor: GradientLink, compression: LinkCompression,
        onFailure: (@Sendable (LinkFailure) -> Void)? = nil
    ) {
        precondition(world >= 2 && world <= Limits.members && (0..<world).contains(rank))
        precondition(successor.peer == .worker((rank + 1) % world), "the successor is \(successor.peer)")
        precondition(predecessor.peer == .worker((rank + world - 1) % world), "the predecessor is \(predecessor.peer)")
        precondition(successor.view == predecessor.view)
        let links = RingLinks(
            geometry: RingGeometry(rank: rank, world: world, spares: spares), successor: successor, predecessor: predecessor,
            compression: compression, onFailure: onFailure)
        self.links = links
        let writer = RingWriter(links)
        self.writer = writer
        threads = [
            OwnedThread(name: "ring-write") { writer.run() },
            OwnedThread(name: "ring-read") { RingReader(links, writer).run() },
        ]
    }

    deinit { shutdown() }

    public func begin(
        phase: UInt64, attempt: UInt32, plan: BucketPlan, sum: Storage<Int32>, statistics: StatisticsBoard,
        statisticsOnly: [Bool]
    ) {
        check(plan: plan, sum: sum, statistics: statistics, statisticsOnly: statisticsOnly)
        links.begin(
            ExchangeTag(phase: phase, attempt: attempt),
            SummedTensors(links.layouts.layout(of: plan, statisticsOnly: statisticsOnly), sum, statistics))
    }

    public func ready(bucket: Int) {
        if let task = links.ready(bucket) { writer.carryOutHere(task) }
    }

    public func finish() throws { try links.finish() }

    public func shutdown() {
        links.stop()
        for thread in threads {
            // The thread cannot be given up: it still writes to the sum. All it has left to do is arithmetic on one frame.
            _ = thread.join(.untilWoken(by: "the thread itself: both links are shut down, so nothing it calls waits"))
        }
    }

    public var counters: WireCounters { links.state.withLock { $0.traffic.total } }
    public var exchangeCounters: WireCounters { links.state.withLock { $0.traffic.exchange } }
    public var moved: [LinkBytes] { [LinkBytes(out: links.successor, back: links.predecessor)] }
}

extension Reducer {
    /// The plan fits what it is to be carried out on.
    func check(plan: BucketPlan, sum: Storage<Int32>, statistics: StatisticsBoard, statisticsOnly: [Bool]) {
        precondition(plan.elementCount <= sum.count, "the plan has \(plan.elementCount) elements, the sum \(sum.count)")
        precondition(plan.tensorCount <= statistics.count, "the board is for fewer tensors than the plan has")
        precondition(statisticsOnly.isEmpty || statisticsOnly.count == plan.tensorCount, "one flag a tensor")
    }
}
