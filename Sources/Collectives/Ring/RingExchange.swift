import Kernels
import Wire

/// Who sends what to whom on a ring of `world` members, seen from `rank`.
///
/// At hop h, 0 ≤ h < 2·(world − 1), the member of rank (b + h) mod world sends chunk c to its successor, where b is the rank at which the chunk
/// begins. The first world − 1 hops are the reduce-scatter (the receiver adds), the others the all-gather (the receiver replaces and forwards).
///
/// With a part of the sum in everybody's hands chunk c begins at rank c, so that all links carry as much. Where the last ranks are spares, whose
/// part is zero, every chunk begins at the first of them: a chunk of zeros is a header alone, so a partial sum crosses no link between spares, and
/// the whole sum each link once. It goes past every member before it is whole in either case: nobody comes two phases ahead of another.
///
/// Two members with something to add are a case of their own: each sends all that it has, in one hop, and adds what comes. That is as many elements
/// for each link, and parts are shorter than sums.
struct RingGeometry: Sendable {
    let rank: Int
    let world: Int
    /// Ranks from here on have nothing to add.
    let active: Int

    init(rank: Int, world: Int, spares: Int = 0) {
        precondition(spares >= 0 && spares < world, "\(spares) of \(world) members without a part")
        self.rank = rank
        self.world = world
        active = world - spares
    }

    /// Two members that send each other all they have.
    var isDirect: Bool { world == 2 && active == world }
    /// Chunks that a bucket is cut into.
    var chunks: Int { isDirect ? 1 : world }

    /// The rank at which a chunk begins.
    private func beginning(_ chunk: Int) -> Int { active == world ? chunk : active }
    /// The chunks that this member sends first.
    var own: Range<Int> {
        if isDirect { return 0..<1 }
        return active == world ? rank..<rank + 1 : rank == active ? 0..<world : 0..<0
    }
    /// Frames of a bucket that this member sends.
    var sends: Int { isDirect ? 1 : (0..<world).reduce(0) { $0 + visits(from: beginning($1), at: rank) } }
    /// Frames of a bucket that come to it.
    var receives: Int { isDirect ? 1 : (0..<world).reduce(0) { $0 + visits(from: beginning($1) + 1, at: rank) } }

    /// How many of the hops lead past a rank, where the first is at `start`.
    private func visits(from start: Int, at rank: Int) -> Int {
        let first = ((rank - start) % world + world) % world
        return first + world < hops ? 2 : first < hops ? 1 : 0
    }

    var hops: Int { isDirect ? 1 : 2 * (world - 1) }
    func reduces(_ hop: Int) -> Bool { hop < world - 1 }
    /// Whether a chunk arrives here at this hop.
    func arrives(_ chunk: Int, hop: Int) -> Bool { isDirect || (beginning(chunk) + hop + 1) % world == rank }
    /// Whether the chunk is the whole sum here after this hop.
    func completes(_ hop: Int) -> Bool { hop >= world - 2 }
    func isLast(_ hop: Int) -> Bool { hop == hops - 1 }
}

/// A frame that came before this member could use it.
struct ParkedFrame {
    let header: GradientFrameHeader
    let store: ByteStore

    var payload: UnsafeRawBufferPointer { UnsafeRawBufferPointer(store.bytes(header.payloadBytes)) }
}

/// One exchange on a ring: what it covers, and how far it is. The variables are guarded by the reducer's monitor; the sum
/// itself by the order of the frames: a chunk is touched by one thread at a time because it is at one member at a time.
final class RingExchange: @unchecked Sendable {
    let tag: ExchangeTag
    let geometry: RingGeometry
    let base: UnsafeMutablePointer<Int32>
    let board: StatisticsBoard
    let layout: ExchangeLayout
    private let sum: Storage<Int32>

    var isReady: [Bool]
    /// What this member has of a bucket has left: of a direct exchange nothing may be added to it before.
    var isSent: [Bool]
    var readyCount = 0
    var parked: [[ParkedFrame]]
    var chunksWhole = 0
    var framesSent = 0
    var framesRead = 0
    /// By bucket and chunk: on its first way past this member, and on its second.
    private var received: [Bool]
    private let sends, receives: Int

    init(
        tag: ExchangeTag, geometry: RingGeometry, layout: ExchangeLayout, sum: Storage<Int32>, board: StatisticsBoard
    ) {
        self.tag = tag
        self.geometry = geometry
        self.sum = sum
        self.board = board
        base = sum.address
        self.layout = layout
        let count = layout.chunks.count
        isReady = [Bool](repeating: false, count: count)
        isSent = isReady
        parked = [[ParkedFrame]](repeating: [], count: count)
        received = [Bool](repeating: false, count: count * geometry.chunks * 2)
        (sends, receives) = (count * geometry.sends, count * geometry.receives)
    }

    var buckets: Int { layout.chunks.count }

    var isDone: Bool { chunksWhole == buckets * geometry.chunks && hasSentAll }
    var hasSentAll: Bool { framesSent == sends }
    /// Every frame that is due was read: only this member's own work is missing.
    var hasReceivedAll: Bool { framesRead == receives }

    func header(bucket: Int, chunk: Int, hop: Int, statistics: [TensorStatistics], view: UInt64) -> GradientFrameHeader {
        GradientFrameHeader(
            coding: .raw, view: view, exchange: tag, bucket: bucket, buckets: buckets, chunk: chunk, hop: hop,
            pieces: layout.counts[bucket][chunk], statistics: statistics, payloadBytes: 0)
    }

    /// Why a frame of this exchange is not one that is due; nil when it is, and then it is marked as received.
    func admit(_ header: GradientFrameHeader) -> String? {
        guard header.buckets == buckets, header.bucket < buckets else {
            return "bucket \(header.bucket) of \(header.buckets) in a plan of \(buckets)"
        }
        guard header.hop < geometry.hops, header.chunk < geometry.chunks, geometry.arrives(header.chunk, hop: header.hop) else {
            return "chunk \(header.chunk) at hop \(header.hop)"
        }
        guard header.pieces == layout.counts[header.bucket][header.chunk] else {
            return "other pieces of bucket \(header.bucket) than the plan has"
        }
        guard header.statistics.count == (header.chunk == 0 ? layout.completes[header.bucket].count : 0) else {
            return "statistics of \(header.statistics.count) tensors in bucket \(header.bucket)"
        }
        let place = (header.bucket * geometry.chunks + header.chunk) * 2 + (header.hop < geometry.world ? 0 : 1)
        guard !received[place] else { return "bucket \(header.bucket) hop \(header.hop) twice" }
        guard geometry.reduces(header.hop) || isReady[header.bucket] else {
            return "the sum of bucket \(header.bucket) without this member's part"
        }
        received[place] = true
        return nil
    }

    /// A frame of this bucket may be added now.
    func takes(_ bucket: Int) -> Bool { geometry.isDirect ? isSent[bucket] : isReady[bucket] }

    /// This member's own statistics of what the bucket completes.
    func ownStatistics(bucket: Int) -> [TensorStatistics] { layout.completes[bucket].map { board[$0] } }

    /// Joins the statistics of an arrived frame to the board; what rides on with the chunk.
    func absorbStatistics(_ header: GradientFrameHeader) -> [TensorStatistics] {
        guard header.chunk == 0 else { return [] }
        var statistics = header.statistics
        for (index, tensor) in layout.completes[header.bucket].enumerated() {
            if geometry.reduces(header.hop) { statistics[index].merge(board[tensor]) }
            if geometry.completes(header.hop) { board[tensor] = statistics[index] }
        }
        return statistics
    }
}

extension Storage where Element == Int32 {
    /// Where the elements stand, as long as the storage lives.
    var address: UnsafeMutablePointer<Int32> {
        all.withUnsafeMutableBufferPointer { buffer in
            // An empty storage has an address too: it is one allocation whatever its count.
            buffer.baseAddress!
        }
    }
}
