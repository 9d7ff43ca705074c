import Kernels
import Waiting
import Wire

/// The worker's side of a summation server: pushes each bucket, takes back its sum, over one link in both directions.
public final class ServerReducer: Reducer {
    private let core: ServerReducerCore
    private let threads: [OwnedThread]

    /// Takes the link over. `onFailure` is called at most once, on a network thread, and not for one's own shutdown; it
    /// must not hold the reducer strongly.
    public init(
        rank: Int, server: GradientLink, compression: LinkCompression,
        onFailure: (@Sendable (LinkFailure) -> Void)? = nil
    ) {
        precondition((0..<Limits.members).contains(rank))
        let core = ServerReducerCore(link: server, onFailure: onFailure)
        self.core = core
        threads = [
            OwnedThread(name: "push-write") { core.write(compression) },
            OwnedThread(name: "pull-read") { core.read() },
        ]
    }

    deinit { shutdown() }

    public func begin(
        phase: UInt64, attempt: UInt32, plan: BucketPlan, sum: Storage<Int32>, statistics: StatisticsBoard,
        statisticsOnly: [Bool]
    ) {
        check(plan: plan, sum: sum, statistics: statistics, statisticsOnly: statisticsOnly)
        core.begin(
            ServerExchange(
                tag: ExchangeTag(phase: phase, attempt: attempt), plan: plan, sum: sum, board: statistics,
                statisticsOnly: statisticsOnly))
    }

    public func ready(bucket: Int) { core.ready(bucket) }

    public func finish() throws { try core.finish() }

    public func shutdown() {
        core.stop()
        for thread in threads {
            // It cannot be given up: it still writes to the sum. What it is at is arithmetic on one frame.
            _ = thread.join(.untilWoken(by: "the thread itself: the link is shut down, so nothing it calls waits"))
        }
    }

    public var counters: WireCounters { core.state.withLock { $0.ledger.total } }
    public var exchangeCounters: WireCounters { core.state.withLock { $0.ledger.exchange } }
    public var moved: LinkBytes { LinkBytes(out: core.link, back: core.link) }
}

/// One exchange with a server, seen from a worker. The variables are guarded by the reducer's monitor; a bucket's part of
/// the sum is the writer's until it has been pushed, and the reader's from then on.
final class ServerExchange: @unchecked Sendable {
    let tag: ExchangeTag
    let base: UnsafeMutablePointer<Int32>
    let board: StatisticsBoard
    let pieces: [[Range<Int>]]
    /// How these lie in their tensors' rows.
    let rows: [[PieceRows]]
    let completes: [[Int]]
    private let sum: Storage<Int32>

    var isReady: [Bool]
    var readyCount = 0
    var sentCount = 0
    var receivedCount = 0
    private var received: [Bool]

    init(
        tag: ExchangeTag, plan: BucketPlan, sum: Storage<Int32>, board: StatisticsBoard, statisticsOnly: [Bool]
    ) {
        self.tag = tag
        self.sum = sum
        self.board = board
        base = sum.address
        pieces = plan.buckets.indices.map { plan.chunk(0, of: 1, bucket: $0, omitted: statisticsOnly) }
        rows = pieces.enumerated().map { plan.rows(of: $1, bucket: $0) }
        completes = plan.buckets.map(\.completes)
        isReady = [Bool](repeating: false, count: pieces.count)
        received = isReady
    }

    var buckets: Int { pieces.count }
    var isDone: Bool { sentCount == buckets && receivedCount == buckets }

    func header(bucket: Int, view: UInt64) -> GradientFrameHeader {
        GradientFrameHeader(
            coding: .raw, view: view, exchange: tag, bucket: bucket, buckets: buckets, chunk: 0, hop: 0,
            pieces: pieces[bucket].map(\.count), statistics: completes[bucket].map { board[$0] }, payloadBytes: 0)
    }

    /// Why a frame is not a sum that is due; nil when it is, and then it is marked as received.
    func admit(_ header: GradientFrameHeader) -> String? {
        guard header.exchange == tag else { return "\(header.exchange) in \(tag)" }
        guard header.buckets == buckets, header.bucket < buckets, header.chunk == 0, header.hop == 1 else {
            return "bucket \(header.bucket) of \(header.buckets), hop \(header.hop), in a plan of \(buckets)"
        }
        guard header.pieces == pieces[header.bucket].map(\.count) else {
            return "other pieces of bucket \(header.bucket) than the plan has"
        }
        guard header.statistics.count == completes[header.bucket].count else {
            return "statistics of \(header.statistics.count) tensors in bucket \(header.bucket)"
        }
        guard isReady[header.bucket], !received[header.bucket] else {
            return "the sum of bucket \(header.bucket) \(received[header.bucket] ? "twice" : "without this member's part")"
        }
        received[header.bucket] = true
        return nil
    }
}
