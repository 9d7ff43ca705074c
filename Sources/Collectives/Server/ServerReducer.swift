import Kernels
import Waiting
import Wire

/// The worker's side of the summation servers: pushes each bucket, takes back its sum, over one link in both directions. Of several
/// servers each has its part of every bucket, cut like the chunks of a ring.
public final class ServerReducer: Reducer {
    /// One a server.
    private let cores: [ServerReducerCore]
    private let layouts: ExchangeLayouts
    private let threads: [OwnedThread]

    /// Takes the links over. `onFailure` is called at most once, on a network thread, and not for one's own shutdown; it
    /// must not hold the reducer strongly.
    public init(
        rank: Int, servers: [GradientLink], compression: LinkCompression,
        onFailure: (@Sendable (LinkFailure) -> Void)? = nil
    ) {
        precondition((0..<Limits.members).contains(rank) && !servers.isEmpty && servers.count <= Limits.servers)
        let failing = ServerFailing(onFailure)
        let cores = servers.indices.map { number in
            ServerReducerCore(link: servers[number], part: number, of: servers.count) { failing.spread($0) }
        }
        failing.reach(cores)
        self.cores = cores
        layouts = ExchangeLayouts(parts: servers.count)
        threads = cores.flatMap { core in
            [
                OwnedThread(name: "push-write") { core.write(compression) },
                OwnedThread(name: "pull-read") { core.read() },
            ]
        }
    }

    deinit { shutdown() }

    public func begin(
        phase: UInt64, attempt: UInt32, plan: BucketPlan, sum: Storage<Int32>, statistics: StatisticsBoard,
        statisticsOnly: [Bool]
    ) {
        check(plan: plan, sum: sum, statistics: statistics, statisticsOnly: statisticsOnly)
        let layout = layouts.layout(of: plan, statisticsOnly: statisticsOnly)
        for core in cores {
            core.begin(
                ServerExchange(
                    tag: ExchangeTag(phase: phase, attempt: attempt), layout: layout, part: core.part, sum: sum, board: statistics))
        }
    }

    public func ready(bucket: Int) {
        for core in cores { core.ready(bucket) }
    }

    public func finish() throws {
        for core in cores { try core.finish() }
    }

    public func shutdown() {
        for core in cores { core.stop() }
        for thread in threads {
            // It cannot be given up: it still writes to the sum. What it is at is arithmetic on one frame.
            _ = thread.join(.untilWoken(by: "the thread itself: the link is shut down, so nothing it calls waits"))
        }
    }

    public var counters: WireCounters { total { $0.total } }
    public var exchangeCounters: WireCounters { total { $0.exchange } }
    public var moved: [LinkBytes] { cores.map { LinkBytes(out: $0.link, back: $0.link) } }

    private func total(_ counters: (TrafficCounters) -> WireCounters) -> WireCounters {
        cores.reduce(WireCounters()) { sum, core in sum + core.state.withLock { counters($0.traffic) } }
    }
}

/// One link's failure is the end of all: who waits for another server's sums is woken by it too.
private final class ServerFailing: Sendable {
    private struct State {
        var cores: [WeakCore] = []
        var first: LinkFailure?
    }

    private struct WeakCore { weak var core: ServerReducerCore? }

    private let state = Monitor(State())
    private let onFailure: (@Sendable (LinkFailure) -> Void)?

    init(_ onFailure: (@Sendable (LinkFailure) -> Void)?) { self.onFailure = onFailure }

    func reach(_ cores: [ServerReducerCore]) {
        state.withLock { $0.cores = cores.map { WeakCore(core: $0) } }
    }

    func spread(_ failure: LinkFailure) {
        let others = state.withLock { state -> [ServerReducerCore]? in
            guard state.first == nil else { return nil }
            state.first = failure
            return state.cores.compactMap(\.core)
        }
        guard let others else { return }
        for core in others { core.fail(failure) }
        onFailure?(failure)
    }
}

/// One exchange with a server, of its part of every bucket, seen from a worker. The variables are guarded by the reducer's monitor; a bucket's part of
/// the sum is the writer's until it has been pushed, and the reader's from then on.
final class ServerExchange: @unchecked Sendable {
    let tag: ExchangeTag
    let base: UnsafeMutablePointer<Int32>
    let board: StatisticsBoard
    private let layout: ExchangeLayout
    private let part: Int
    private let sum: Storage<Int32>

    var isReady: [Bool]
    var readyCount = 0
    var sentCount = 0
    var receivedCount = 0
    private var received: [Bool]

    init(
        tag: ExchangeTag, layout: ExchangeLayout, part: Int, sum: Storage<Int32>, board: StatisticsBoard
    ) {
        self.layout = layout
        self.part = part
        self.tag = tag
        self.sum = sum
        self.board = board
        base = sum.address
        isReady = [Bool](repeating: false, count: layout.chunks.count)
        received = isReady
    }

    var buckets: Int { layout.chunks.count }
    /// What travels of a bucket, and how it lies in its tensors' rows.
    func pieces(_ bucket: Int) -> [Range<Int>] { layout.chunks[bucket][part] }
    func rows(_ bucket: Int) -> [PieceRows] { layout.rows[bucket][part] }
    func counts(_ bucket: Int) -> [Int] { layout.counts[bucket][part] }
    func completes(_ bucket: Int) -> [Int] { part == 0 ? layout.completes[bucket] : [] }
    var isDone: Bool { sentCount == buckets && receivedCount == buckets }

    func header(bucket: Int, view: UInt64) -> GradientFrameHeader {
        GradientFrameHeader(
            coding: .raw, view: view, exchange: tag, bucket: bucket, buckets: buckets, chunk: 0, hop: 0,
            pieces: counts(bucket), statistics: completes(bucket).map { board[$0] }, payloadBytes: 0)
    }

    /// Why a frame is not a sum that is due; nil when it is, and then it is marked as received.
    func admit(_ header: GradientFrameHeader) -> String? {
        guard header.exchange == tag else { return "\(header.exchange) in \(tag)" }
        guard header.buckets == buckets, header.bucket < buckets, header.chunk == 0, header.hop == 1 else {
            return "bucket \(header.bucket) of \(header.buckets), hop \(header.hop), in a plan of \(buckets)"
        }
        guard header.pieces == counts(header.bucket) else {
            return "other pieces of bucket \(header.bucket) than the plan has"
        }
        guard header.statistics.count == completes(header.bucket).count else {
            return "statistics of \(header.statistics.count) tensors in bucket \(header.bucket)"
        }
        guard isReady[header.bucket], !received[header.bucket] else {
            return "the sum of bucket \(header.bucket) \(received[header.bucket] ? "twice" : "without this member's part")"
        }
        received[header.bucket] = true
        return nil
    }
}
