import DequeModule
import Kernels
import Waiting
import Wire

/// What the reducer's callers, its reader and its writer share.
final class RingCore: @unchecked Sendable {
    /// What the writer does next.
    enum Job {
        /// A chunk of the sum, coded anew, or as it came where that is `forced`.
        case send(RingExchange, bucket: Int, chunk: Int, hop: Int, statistics: [TensorStatistics], forced: GradientCoding?)
        /// Bytes as they came.
        case forward(RingExchange, GradientFrameHeader, ByteStore)
        /// A frame that had come before the bucket was ready: add it, then send the chunk on.
        case absorb(RingExchange, ParkedFrame)

        /// Needs no link.
        var isLocal: Bool {
            switch self {
            case .send, .forward: false
            case .absorb: true
            }
        }
    }

    struct State {
        var exchange: RingExchange?
        /// The exchange last begun; frames of it or before are never for later.
        var last: ExchangeTag?
        /// Frames of exchanges that have not begun here.
        var early: [ParkedFrame] = []
        var parkedBytes = 0
        var jobs = Deque<Job>()
        /// The writer is at a job: its frame may have left, and have been answered, before it is counted.
        var isWriting = false
        /// How each link ended. An exchange that needs nothing more of it is finished all the same: a neighbour that is
        /// done may leave before this member has read all it sent.
        var ended: [Direction: LinkFailure] = [:]
        var reported: Set<LinkEnd> = []
        var stopped = false
        var traffic = TrafficCounters()
    }

    /// Who waits, each for something else.
    enum Waiter: Int, CaseIterable { case writer, finish, reader }

    /// A frame of so few elements is sent by the thread that has it, where the writer is at nothing and the link takes it at once: waking the
    /// writer would take longer.
    private static let smallElements = 4096
    private static let smallUnacknowledged = 16 << 10

    enum Direction: Hashable {
        /// The link to the successor.
        case outgoing
        /// The link from the predecessor.
        case incoming
    }

    let geometry: RingGeometry
    let successor: GradientLink
    let predecessor: GradientLink
    let compression: LinkCompression
    let layouts: ExchangeLayouts
    let state = Monitor(State(), conditions: Waiter.allCases.count)
    let pool = StorePool()
    private let onFailure: (@Sendable (LinkFailure) -> Void)?

    init(
        geometry: RingGeometry, successor: GradientLink, predecessor: GradientLink, compression: LinkCompression,
        onFailure: (@Sendable (LinkFailure) -> Void)?
    ) {
        self.geometry = geometry
        layouts = ExchangeLayouts(parts: geometry.chunks)
        self.successor = successor
        self.predecessor = predecessor
        self.compression = compression
        self.onFailure = onFailure
    }

    func wake(_ waiter: Waiter) { state.wake(waiter.rawValue) }

    /// For the calling thread, which is the writer until `wrote()`: nil where the writer itself has to do it.
    private func claim(_ job: Job, _ exchange: RingExchange, bucket: Int, chunk: Int, _ state: inout State) -> Job? {
        guard state.jobs.isEmpty, !state.isWriting, state.ended[.outgoing] == nil,
            exchange.layout.elements[bucket][chunk] <= Self.smallElements,
            successor.socket.unacknowledgedBytes <= Self.smallUnacknowledged
        else {
            state.jobs.append(job)
            return nil
        }
        state.isWriting = true
        return job
    }

    /// The claimed job is done.
    func wrote() {
        let isMore = state.withLock { state in
            state.isWriting = false
            return !state.jobs.isEmpty
        }
        if isMore { wake(.writer) }
        wake(.finish)
    }

    func begin(_ exchange: RingExchange) {
        let violation = state.update { state -> LinkFailure? in
            if state.stopped { return nil }
            precondition(state.exchange == nil, "an exchange is under way")
            precondition(state.last.map { $0 < exchange.tag } ?? true, "\(exchange.tag) is not later than the last")
            state.exchange = exchange
            state.last = exchange.tag
            state.traffic.open()
            // A frame may have come early for this exchange only: the predecessor cannot finish it without us.
            let early = state.early
            state.early = []
            for frame in early {
                guard frame.header.exchange == exchange.tag else {
                    return predecessor.violation("\(frame.header.exchange) where \(exchange.tag) begins")
                }
                if let reason = exchange.admit(frame.header) { return predecessor.violation(reason) }
                exchange.parked[frame.header.bucket].append(frame)
                exchange.framesRead += 1
            }
            return nil
        }
        if let violation { fail(.incoming, violation) }
    }

    /// A job for the calling thread, which `wrote()` ends, or nil.
    func ready(_ bucket: Int) -> Job? {
        let claimed = state.withLock { state -> Job? in
            if state.stopped { return nil }
            guard let exchange = state.exchange else { preconditionFailure("ready before begin") }
            precondition(exchange.isReady.indices.contains(bucket), "no bucket \(bucket)")
            precondition(!exchange.isReady[bucket], "bucket \(bucket) is ready twice")
            exchange.isReady[bucket] = true
            exchange.readyCount += 1
            if exchange.readyCount == exchange.buckets { state.traffic.lastReady() }
            var claimed: Job?
            for chunk in geometry.own {
                let statistics = chunk == 0 ? exchange.ownStatistics(bucket: bucket) : []
                let job = Job.send(exchange, bucket: bucket, chunk: chunk, hop: 0, statistics: statistics, forced: nil)
                if let own = claim(job, exchange, bucket: bucket, chunk: chunk, &state) { claimed = own }
            }
            for frame in exchange.parked[bucket] {
                state.parkedBytes -= frame.header.payloadBytes
                state.jobs.append(.absorb(exchange, frame))
            }
            exchange.parked[bucket].removeAll(keepingCapacity: true)
            return claimed
        }
        if claimed == nil { wake(.writer) }
        wake(.reader)
        return claimed
    }

    func finish() throws(LinkFailure) {
        let start = MonotonicTime.nanoseconds
        let result = state.wait(
            .untilWoken(by: "the reader or the writer, when all is there or a link has ended; stop() on a verdict"),
            condition: Waiter.finish.rawValue
        ) { state -> Result<Void, LinkFailure>? in
            if state.stopped { return .failure(.ownShutdown) }
            guard let exchange = state.exchange else { preconditionFailure("finish before begin") }
            if exchange.isDone { return .success(()) }
            if let end = state.ended[.incoming], end.isViolation || !exchange.hasReceivedAll { return .failure(end) }
            if let end = state.ended[.outgoing], !exchange.hasSentAll, !state.isWriting { return .failure(end) }
            return nil
        }
        state.withLock { state in
            state.traffic.waited(nanoseconds: MonotonicTime.nanoseconds - start)
            if case .success = result { state.exchange = nil }
        }
        try result?.get()
    }

    func stop() {
        state.update { $0.stopped = true }
        successor.close()
        predecessor.close()
    }

    /// A link has ended. The other stays open until `stop`, so that one death does not look like several.
    func fail(_ direction: Direction, _ failure: LinkFailure) {
        let isNews = state.update { state -> Bool in
            guard !state.stopped, state.ended[direction] == nil else { return false }
            state.ended[direction] = failure
            return failure.peer.map { state.reported.insert($0).inserted } ?? false
        }
        if isNews { onFailure?(failure) }
    }

    /// A chunk has arrived, was added or replaced: it goes on, and counts if it is whole. A job for the calling thread, which `wrote()` ends, or nil.
    func landed(_ header: GradientFrameHeader, _ exchange: RingExchange, forward store: ByteStore?) -> Job? {
        let statistics = exchange.absorbStatistics(header)
        let isLast = geometry.isLast(header.hop)
        if isLast, let store { pool.give(store) }
        let claimed = state.withLock { state -> Job? in
            if geometry.completes(header.hop) { exchange.chunksWhole += 1 }
            guard !isLast else { return nil }
            let hop = header.hop + 1
            let job: Job
            if let store {
                var next = header
                next.hop = hop
                job = .forward(exchange, next, store)
            } else {
                let forced = geometry.reduces(header.hop) ? nil : header.coding
                job = .send(
                    exchange, bucket: header.bucket, chunk: header.chunk, hop: hop, statistics: statistics, forced: forced)
            }
            return claim(job, exchange, bucket: header.bucket, chunk: header.chunk, &state)
        }
        if !isLast, claimed == nil { wake(.writer) }
        wake(.finish)
        return claimed
    }
}
