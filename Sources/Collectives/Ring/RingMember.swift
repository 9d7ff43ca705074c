import DequeModule
import Kernels
import Wire

/// How one member of a ring stands: which exchange is under way, and which of its frames are ready, came too early, are to leave or are whole.
///
/// A value without sockets, threads and sums: the headers of frames and the calls of a `Reducer` go in, jobs come out. `RingReducer` drives it by
/// two threads, the simulation by its clock.
package struct RingMember {
    /// One of the two links of a member.
    package enum Direction: Hashable, Sendable {
        /// To the successor.
        case outgoing
        /// From the predecessor.
        case incoming
    }

    /// What the writer does next.
    package enum Job {
        /// A chunk of the sum, coded anew, or as it came where that is `forced`.
        case send(bucket: Int, chunk: Int, hop: Int, statistics: [TensorStatistics], forced: GradientCoding?)
        /// Bytes as they came, to the hop that its header names.
        case forward(GradientFrame)
        /// A frame that had come before the bucket was ready: add it, then send the chunk on.
        case absorb(GradientFrame)

        /// The job needs no link.
        fileprivate var isLocal: Bool {
            switch self {
            case .send, .forward: false
            case .absorb: true
            }
        }
    }

    /// What becomes of a frame whose header has been read.
    package enum Place {
        /// To be added to the sum, or put in its place: then `read` and `landed`.
        case use
        /// To be kept by `park`. `admitted`: checked against the exchange under way; else it is for one that has not begun.
        case park(admitted: Bool)
        /// The frame is not due, and why.
        case refuse(String)
    }

    /// What has become of a frame that was read to be kept.
    package enum Parked {
        /// It stays, for an exchange that has not begun (`early`) or for the bucket's turn.
        case kept(early: Bool)
        /// Its bucket's turn came while it was read: to be added now, then `landed`.
        case use
        case refuse(String)
    }

    package let geometry: RingGeometry
    private var exchange: Exchange?
    /// The exchange last begun; a frame of it, or of one before, never counts as early.
    private var last: ExchangeTag?
    /// Frames of exchanges that have not begun here.
    private var early: [GradientFrame] = []
    private var parkedBytes = 0
    /// The frame that waits to be read was checked against the exchange under way before it had to wait.
    private var isWaitingAdmitted = false
    private var jobs = Deque<Job>()
    /// A thread is doing a job: its frame may have left, and have been answered, before it is counted.
    private var isWriting = false
    /// How each link ended. An exchange that needs nothing more of the link is finished all the same: a neighbour that is
    /// done may leave before this member has read all it sent.
    private var ended: [Direction: LinkFailure] = [:]
    private var reported: Set<LinkEnd> = []
    package private(set) var isStopped = false

    package init(_ geometry: RingGeometry) { self.geometry = geometry }

    /// The exchange under way.
    package var tag: ExchangeTag? { exchange?.tag }
    /// Every bucket of it is ready.
    package var isAllReady: Bool { exchange.map { $0.readyCount == $0.shape.buckets } ?? false }

    // MARK: The reducer's calls

    /// Opens an exchange, later than every one before. Returns what is wrong with a frame that came early and is not of it.
    package mutating func begin(_ tag: ExchangeTag, _ shape: ExchangeShape, _ board: StatisticsBoard) -> String? {
        if isStopped { return nil }
        precondition(exchange == nil, "an exchange is under way")
        precondition(last.map { $0 < tag } ?? true, "\(tag) is not later than the last")
        var begun = Exchange(tag, geometry, shape, board)
        defer { exchange = begun }
        last = tag
        // A frame may have come early for this exchange only: the predecessor cannot finish it without this member.
        let early = early
        self.early = []
        for frame in early {
            guard frame.header.exchange == tag else { return "\(frame.header.exchange) where \(tag) begins" }
            if let reason = begun.admit(frame.header) { return reason }
            begun.parked[frame.header.bucket].append(frame)
            begun.framesRead += 1
        }
        return nil
    }

    /// This member's part of a bucket is there. `here` tells whether the caller could do a job at once. The job that it is to do is returned, and
    /// `wrote` ends it.
    package mutating func ready(_ bucket: Int, here: (Job) -> Bool) -> Job? {
        if isStopped { return nil }
        precondition(exchange != nil, "ready before begin")
        precondition(exchange!.isReady.indices.contains(bucket), "no bucket \(bucket)")
        precondition(!exchange!.isReady[bucket], "bucket \(bucket) is ready twice")
        exchange!.isReady[bucket] = true
        exchange!.readyCount += 1
        var claimed: Job?
        for chunk in geometry.own {
            let statistics = chunk == 0 ? exchange!.ownStatistics(bucket) : []
            let job = Job.send(bucket: bucket, chunk: chunk, hop: 0, statistics: statistics, forced: nil)
            if let own = claim(job, here) { claimed = own }
        }
        for frame in exchange!.parked[bucket] {
            parkedBytes -= frame.header.payloadBytes
            jobs.append(.absorb(frame))
        }
        exchange!.parked[bucket].removeAll(keepingCapacity: true)
        return claimed
    }

    /// How the exchange has ended; nil where it has yet to.
    package mutating func finish() -> Result<Void, LinkFailure>? {
        if isStopped { return .failure(.ownShutdown) }
        precondition(exchange != nil, "finish before begin")
        if exchange!.isDone {
            exchange = nil
            return .success(())
        }
        if let end = ended[.incoming], end.isViolation || !exchange!.hasReceivedAll { return .failure(end) }
        if let end = ended[.outgoing], !exchange!.hasSentAll, !isWriting { return .failure(end) }
        return nil
    }

    package mutating func stop() { isStopped = true }

    /// A link has ended. Returns whether that is the first news of that neighbour.
    package mutating func fail(_ direction: Direction, _ failure: LinkFailure) -> Bool {
        guard !isStopped, ended[direction] == nil else { return false }
        ended[direction] = failure
        return failure.peer.map { reported.insert($0).inserted } ?? false
    }

    // MARK: Frames that come

    /// Checks a frame against what is due. Nil where too much is kept already: the frame has to wait until this member has caught up, and is
    /// checked again then.
    package mutating func place(_ header: GradientFrameHeader) -> Place? {
        if exchange?.tag == header.exchange {
            if !isWaitingAdmitted, let reason = exchange!.admit(header) { return .refuse(reason) }
            isWaitingAdmitted = true
            if exchange!.takes(header.bucket) {
                isWaitingAdmitted = false
                return .use
            }
        } else if let last, header.exchange <= last {
            return .refuse("\(header.exchange) after \(last)")
        }
        guard parkedBytes + header.payloadBytes <= Limits.parkedGradientBytes else { return nil }
        parkedBytes += header.payloadBytes
        defer { isWaitingAdmitted = false }
        return .park(admitted: isWaitingAdmitted)
    }

    /// Whether this member's own part of the bucket is about to leave, after which the frame can be used.
    package func isLeaving(_ header: GradientFrameHeader) -> Bool {
        guard !isStopped, let exchange, exchange.tag == header.exchange, exchange.isReady.indices.contains(header.bucket),
            exchange.isReady[header.bucket]
        else { return false }
        return !exchange.isSent[header.bucket]
    }

    /// Keeps a frame until its bucket can take it.
    package mutating func park(_ frame: GradientFrame, admitted: Bool) -> Parked {
        let header = frame.header
        guard exchange?.tag == header.exchange else {
            early.append(frame)
            return .kept(early: true)
        }
        exchange!.framesRead += 1
        // The exchange may have begun while the frame was read: then it has not been checked against it yet.
        if !admitted, let reason = exchange!.admit(header) { return .refuse(reason) }
        guard exchange!.isReady[header.bucket] else {
            exchange!.parked[header.bucket].append(frame)
            return .kept(early: false)
        }
        parkedBytes -= header.payloadBytes
        if exchange!.takes(header.bucket) { return .use }
        // This member's own part of the bucket is about to leave, and the writer takes this frame after it.
        jobs.append(.absorb(frame))
        return .kept(early: false)
    }

    /// A frame that is used has been read.
    package mutating func read() { exchange?.framesRead += 1 }

    /// A chunk was added, or put in its place. It goes on, with the bytes that came where `forward` has them, and counts if it is whole.
    /// `here` as in `ready`.
    package mutating func landed(_ header: GradientFrameHeader, forward: ByteStore?, here: (Job) -> Bool) -> Job? {
        guard exchange != nil else { return nil }
        let statistics = exchange!.absorb(header)
        if geometry.completes(header.hop) { exchange!.chunksWhole += 1 }
        guard !geometry.isLast(header.hop) else { return nil }
        guard let forward else {
            let forced = geometry.reduces(header.hop) ? nil : header.coding
            return claim(
                .send(bucket: header.bucket, chunk: header.chunk, hop: header.hop + 1, statistics: statistics, forced: forced), here
            )
        }
        var next = header
        next.hop += 1
        return claim(.forward(GradientFrame(next, forward)), here)
    }

    // MARK: Frames that leave

    private mutating func claim(_ job: Job, _ here: (Job) -> Bool) -> Job? {
        guard jobs.isEmpty, !isWriting, ended[.outgoing] == nil, here(job) else {
            jobs.append(job)
            return nil
        }
        isWriting = true
        return job
    }

    /// The next job, for one thread at a time: `wrote` ends it. When the link has ended, frames that have come are still added: a neighbour that
    /// is done may have left, and if nothing more is to be sent they are all that is missing.
    package mutating func nextJob() -> Job? {
        guard !isWriting else { return nil }
        var job = jobs.popFirst()
        if ended[.outgoing] != nil { while let sending = job, !sending.isLocal { job = jobs.popFirst() } }
        isWriting = job != nil
        return job
    }

    package func header(_ bucket: Int, _ chunk: Int, _ hop: Int, _ statistics: [TensorStatistics], view: UInt64)
        -> GradientFrameHeader
    {
        guard let exchange else { preconditionFailure("a job of no exchange") }
        return GradientFrameHeader(
            coding: .raw, view: view, exchange: exchange.tag, bucket: bucket, buckets: exchange.shape.buckets, chunk: chunk,
            hop: hop,
            pieces: exchange.shape.counts[bucket][chunk], statistics: statistics, payloadBytes: 0)
    }

    package mutating func sent(_ bucket: Int) {
        exchange?.framesSent += 1
        exchange?.isSent[bucket] = true
    }

    /// The job is done. Returns whether there is another.
    package mutating func wrote() -> Bool {
        isWriting = false
        return !jobs.isEmpty
    }
}

extension RingMember {
    /// One exchange: what it covers, and how far it is.
    private struct Exchange {
        let tag: ExchangeTag
        let shape: ExchangeShape
        private let geometry: RingGeometry
        private let board: StatisticsBoard

        var isReady: [Bool]
        /// This member's part of a bucket has left: in a direct exchange nothing may be added to it before.
        var isSent: [Bool]
        var readyCount = 0
        var parked: [[GradientFrame]]
        var chunksWhole = 0
        var framesSent = 0
        var framesRead = 0
        /// By bucket and chunk: whether it was received on its first way past this member, and on its second.
        private var received: [Bool]
        private let sends, receives: Int

        init(_ tag: ExchangeTag, _ geometry: RingGeometry, _ shape: ExchangeShape, _ board: StatisticsBoard) {
            self.tag = tag
            self.shape = shape
            self.geometry = geometry
            self.board = board
            (sends, receives) = (shape.buckets * geometry.sends, shape.buckets * geometry.receives)
            isReady = [Bool](repeating: false, count: shape.buckets)
            isSent = isReady
            parked = [[GradientFrame]](repeating: [], count: shape.buckets)
            received = [Bool](repeating: false, count: shape.buckets * geometry.chunks * 2)
        }

        var isDone: Bool { chunksWhole == shape.buckets * geometry.chunks && hasSentAll }
        var hasSentAll: Bool { framesSent == sends }
        /// Every frame that is due was read: only this member's own work is missing.
        var hasReceivedAll: Bool { framesRead == receives }

        /// A frame of this bucket may be added now.
        func takes(_ bucket: Int) -> Bool { geometry.isDirect ? isSent[bucket] : isReady[bucket] }

        /// This member's own statistics of what the bucket completes.
        func ownStatistics(_ bucket: Int) -> [TensorStatistics] { shape.completes[bucket].map { board[$0] } }

        /// Joins the statistics of an arrived frame to the board. Returns those that travel on with the chunk.
        func absorb(_ header: GradientFrameHeader) -> [TensorStatistics] {
            guard header.chunk == 0 else { return [] }
            var statistics = header.statistics
            for (index, tensor) in shape.completes[header.bucket].enumerated() {
                if geometry.reduces(header.hop) { statistics[index].merge(board[tensor]) }
                if geometry.completes(header.hop) { board[tensor] = statistics[index] }
            }
            return statistics
        }

        /// Why a frame of this exchange is not one that is due; nil when it is, and then it is marked as received.
        mutating func admit(_ header: GradientFrameHeader) -> String? {
            guard header.buckets == shape.buckets, header.bucket < shape.buckets else {
                return "bucket \(header.bucket) of \(header.buckets) in a plan of \(shape.buckets)"
            }
            guard header.hop < geometry.hops, header.chunk < geometry.chunks, geometry.arrives(header.chunk, hop: header.hop) else {
                return "chunk \(header.chunk) at hop \(header.hop)"
            }
            guard header.pieces == shape.counts[header.bucket][header.chunk] else {
                return "other pieces of bucket \(header.bucket) than the plan has"
            }
            guard header.statistics.count == (header.chunk == 0 ? shape.completes[header.bucket].count : 0) else {
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
    }
}
