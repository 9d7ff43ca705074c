import DequeModule
import Kernels
import Wire

/// How one member stands with one summation server: which exchange is under way, which of its buckets are ready, pushed and summed.
///
/// A value like `RingMember`; of every bucket it is about one chunk, the server's part.
package struct ServerMember {
    /// Which chunk of a bucket is this server's, among those of all servers: cut alike by all members.
    package let part: Int
    private var exchange: Exchange?
    private var last: ExchangeTag?
    /// Buckets to be pushed, in the order in which they became ready.
    private var jobs = Deque<Int>()
    private var failure: LinkFailure?
    package private(set) var isStopped = false

    package init(part: Int) { self.part = part }

    /// Every bucket of the exchange is ready.
    package var isAllReady: Bool { exchange.map { $0.readyCount == $0.isReady.count } ?? false }

    /// Why this link is of no use any more.
    package var end: LinkFailure? { isStopped ? .ownShutdown : failure }

    // MARK: The reducer's calls

    /// Opens an exchange, later than every one before.
    package mutating func begin(_ tag: ExchangeTag, _ shape: ExchangeShape, _ board: StatisticsBoard) {
        if end != nil { return }
        precondition(exchange == nil, "an exchange is under way")
        precondition(last.map { $0 < tag } ?? true, "\(tag) is not later than the last")
        exchange = Exchange(tag, shape, part, board)
        last = tag
    }

    package mutating func ready(_ bucket: Int) {
        guard end == nil else { return }
        precondition(exchange != nil, "ready before begin")
        precondition(exchange!.isReady.indices.contains(bucket), "no bucket \(bucket)")
        precondition(!exchange!.isReady[bucket], "bucket \(bucket) is ready twice")
        exchange!.isReady[bucket] = true
        exchange!.readyCount += 1
        jobs.append(bucket)
    }

    /// How the exchange has ended; nil where it has yet to.
    package mutating func finish() -> Result<Void, LinkFailure>? {
        if isStopped { return .failure(.ownShutdown) }
        // A server that is done may leave before this member has waited for what it sent.
        if exchange?.isDone ?? false {
            exchange = nil
            return .success(())
        }
        // A link that broke between two exchanges lets no further one begin.
        precondition(exchange != nil || failure != nil, "finish before begin")
        return failure.map { .failure($0) }
    }

    package mutating func stop() { isStopped = true }

    /// Ends the exchange under way and later ones, also when another server's link failed. Returns whether that is news.
    package mutating func fail(_ failure: LinkFailure) -> Bool {
        guard end == nil else { return false }
        self.failure = failure
        return true
    }

    // MARK: Frames

    /// The next bucket to be pushed; `sent` when it has left.
    package mutating func nextJob() -> Int? { jobs.popFirst() }

    package func header(_ bucket: Int, view: UInt64) -> GradientFrameHeader {
        guard let exchange else { preconditionFailure("a job of no exchange") }
        return exchange.header(bucket, view: view)
    }

    package mutating func sent() { exchange?.sentCount += 1 }

    /// Why a frame is not a sum that is due; nil when it is, and then it is marked as received.
    package mutating func admit(_ header: GradientFrameHeader) -> String? {
        guard exchange != nil else { return "the sum of \(header.exchange) when nothing is under way" }
        return exchange!.admit(header)
    }

    /// A sum was put where this member's part was.
    package mutating func landed(_ header: GradientFrameHeader) { exchange?.land(header) }
}

extension ServerMember {
    private struct Exchange {
        let tag: ExchangeTag
        private let shape: ExchangeShape
        private let part: Int
        private let board: StatisticsBoard

        var isReady: [Bool]
        var readyCount = 0
        var sentCount = 0
        private var receivedCount = 0
        private var received: [Bool]

        init(_ tag: ExchangeTag, _ shape: ExchangeShape, _ part: Int, _ board: StatisticsBoard) {
            self.tag = tag
            self.shape = shape
            self.part = part
            self.board = board
            isReady = [Bool](repeating: false, count: shape.buckets)
            received = isReady
        }

        var isDone: Bool { sentCount == isReady.count && receivedCount == isReady.count }
        private func completes(_ bucket: Int) -> [Int] { part == 0 ? shape.completes[bucket] : [] }

        func header(_ bucket: Int, view: UInt64) -> GradientFrameHeader {
            GradientFrameHeader(
                coding: .raw, view: view, exchange: tag, bucket: bucket, buckets: isReady.count, chunk: 0, hop: 0,
                pieces: shape.counts[bucket][part], statistics: completes(bucket).map { board[$0] }, payloadBytes: 0)
        }

        mutating func admit(_ header: GradientFrameHeader) -> String? {
            guard header.exchange == tag else { return "\(header.exchange) in \(tag)" }
            guard header.buckets == isReady.count, header.bucket < header.buckets, header.chunk == 0, header.hop == 1 else {
                return "bucket \(header.bucket) of \(header.buckets), hop \(header.hop), in a plan of \(isReady.count)"
            }
            guard header.pieces == shape.counts[header.bucket][part] else {
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

        mutating func land(_ header: GradientFrameHeader) {
            for (tensor, statistics) in zip(completes(header.bucket), header.statistics) { board[tensor] = statistics }
            receivedCount += 1
        }
    }
}
