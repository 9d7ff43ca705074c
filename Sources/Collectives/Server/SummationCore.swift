import DequeModule
import Kernels
import Waiting
import Wire

/// What the threads of a `SummationServer` share.
final class SummationCore: @unchecked Sendable {
    /// The exchange under way.
    struct Open {
        var tag: ExchangeTag
        var buckets: [Monitor<SummationBucket?>]
        var summed = 0
    }

    struct State {
        var open: Open?
        var last: ExchangeTag?
        var queues: [Deque<SummedFrame>]
        var failed: Set<Int> = []
        var stopped = false
        var traffic = TrafficCounters()
        var policy: CompressionPolicy
        /// How pieces lie in their tensors' rows, as members' frames say: a server knows no plan. At worst it is wrong, and the sums longer.
        var rows: [CompressionPolicy.Key: [PieceRows]] = [:]

        /// A member packs a piece that it gains nothing by coding: that one's rows are known from another frame, if at all.
        mutating func learn(_ new: [PieceRows], _ key: CompressionPolicy.Key) {
            if rows.count >= CompressionPolicy.mostBuckets { rows.removeAll() }
            let old = rows[key] ?? []
            rows[key] = old.count == new.count ? zip(old, new).map { $1 == .none ? $0 : $1 } : new
        }
    }

    let links: [GradientLink]
    let state: Monitor<State>
    private let pool = StorePool()
    private let onFailure: (@Sendable (LinkFailure) -> Void)?

    init(links: [GradientLink], compression: LinkCompression, onFailure: (@Sendable (LinkFailure) -> Void)?) {
        self.links = links
        self.onFailure = onFailure
        state = Monitor(
            State(queues: links.map { _ in Deque() }, policy: CompressionPolicy(compression)))
    }

    func stop() {
        state.update { $0.stopped = true }
        for link in links { link.close() }
    }

    private func fail(_ member: Int, _ failure: LinkFailure) {
        let isFirst = state.update { state -> Bool in
            guard !state.stopped, failure.isSuspicion else { return false }
            return state.failed.insert(member).inserted
        }
        if isFirst { onFailure?(failure) }
    }

    // MARK: Reading

    /// The thread that takes in one member's buckets.
    func read(_ member: Int) {
        let receiver = FrameReceiver(links[member])
        let codec = GradientCodec()
        do throws(LinkFailure) {
            while true {
                let header = try receiver.next()
                let bucket = try self.bucket(of: header, member)
                // A raw payload has the layout of the sum, so the first one becomes it where it landed.
                let store = pool.borrow(max(header.payloadBytes, 4 * header.elements))
                let payload = try receiver.payload(header, into: store)
                let rows = SummationCore.rows(header, payload)
                let start = MonotonicTime.nanoseconds
                try add(header, payload, store, to: bucket, member, codec)
                let unpacked = MonotonicTime.nanoseconds - start
                state.withLock { state in
                    state.traffic.received(header, unpackNanoseconds: unpacked)
                    if let rows { state.learn(rows, SummationCore.key(header)) }
                }
                try sendIfComplete(bucket, codec)
            }
        } catch {
            fail(member, error)
        }
    }

    /// The bucket that a frame belongs to; opens the exchange with its first frame.
    private func bucket(
        of header: GradientFrameHeader, _ member: Int
    ) throws(LinkFailure) -> Monitor<SummationBucket?> {
        let link = links[member]
        let result = state.withLock { state -> Result<Monitor<SummationBucket?>, LinkFailure> in
            if state.stopped { return .failure(.ownShutdown) }
            guard header.chunk == 0, header.hop == 0 else {
                return .failure(link.violation("chunk \(header.chunk) at hop \(header.hop) to a server"))
            }
            if state.open == nil {
                if let last = state.last, header.exchange <= last {
                    return .failure(link.violation("\(header.exchange) after \(last)"))
                }
                let buckets = (0..<header.buckets).map { _ in Monitor<SummationBucket?>(nil) }
                state.open = Open(tag: header.exchange, buckets: buckets)
                state.last = header.exchange
            }
            guard let open = state.open, open.tag == header.exchange, open.buckets.count == header.buckets else {
                let expected = state.open.map { "\($0.tag) of \($0.buckets.count) buckets" } ?? "none"
                return .failure(
                    link.violation("\(header.exchange) of \(header.buckets) buckets where \(expected) is under way"))
            }
            return .success(open.buckets[header.bucket])
        }
        return try result.get()
    }

    private func add(
        _ header: GradientFrameHeader, _ payload: UnsafeRawBufferPointer, _ store: ByteStore,
        to bucket: Monitor<SummationBucket?>, _ member: Int, _ codec: GradientCodec
    ) throws(LinkFailure) {
        let link = links[member]
        let result = bucket.withLock { bucket -> Result<Void, LinkFailure> in
            do throws(GradientCodecError) {
                guard var sum = bucket else {
                    bucket = try first(header, payload, store, member, codec)
                    return .success(())
                }
                guard sum.shape.pieces == header.pieces, sum.statistics.count == header.statistics.count else {
                    return .failure(link.violation("bucket \(header.bucket) with other pieces than the members before"))
                }
                guard sum.contributed.insert(member).inserted else {
                    return .failure(link.violation("bucket \(header.bucket) twice"))
                }
                for index in sum.statistics.indices { sum.statistics[index].merge(header.statistics[index]) }
                let base = SummationBucket.base(sum.store, elements: header.elements)
                try codec.decode(payload, coding: header.coding, pieces: sum.pieces, into: base, mode: .add)
                pool.give(store)
                bucket = sum
                return .success(())
            } catch {
                return .failure(link.violation("\(error)"))
            }
        }
        try result.get()
    }

    private static func key(_ header: GradientFrameHeader) -> CompressionPolicy.Key {
        CompressionPolicy.Key(buckets: header.buckets, bucket: header.bucket, elements: header.elements)
    }

    /// What a member's frame says of its rows; nil for most.
    private static func rows(_ header: GradientFrameHeader, _ payload: UnsafeRawBufferPointer) -> [PieceRows]? {
        guard header.coding == .entropy else { return nil }
        return GradientCodec.rows(in: payload, pieces: SummationBucket.ranges(header.pieces))
    }

    private func first(
        _ header: GradientFrameHeader, _ payload: UnsafeRawBufferPointer, _ store: ByteStore, _ member: Int,
        _ codec: GradientCodec
    ) throws(GradientCodecError) -> SummationBucket {
        var sum = SummationBucket(
            shape: header, store: store, statistics: header.statistics, contributed: [member])
        guard header.coding != .raw else { return sum }
        sum.store = pool.borrow(4 * header.elements)
        let base = SummationBucket.base(sum.store, elements: header.elements)
        try codec.decode(payload, coding: header.coding, pieces: sum.pieces, into: base, mode: .assign)
        pool.give(store)
        return sum
    }

    // MARK: Summing up

    private func sendIfComplete(_ bucket: Monitor<SummationBucket?>, _ codec: GradientCodec) throws(LinkFailure) {
        let whole = bucket.withLock { bucket -> SummationBucket? in
            guard let sum = bucket, sum.contributed.count == links.count, !sum.isTaken else { return nil }
            bucket?.isTaken = true
            return sum
        }
        guard let whole else { return }
        let frame = encode(whole, codec)
        state.update { state in
            for member in links.indices { state.queues[member].append(frame) }
            state.open?.summed += 1
            if let open = state.open, open.summed == open.buckets.count { state.open = nil }
        }
    }

    private func encode(_ sum: SummationBucket, _ codec: GradientCodec) -> SummedFrame {
        var header = sum.shape
        header.hop = 1
        header.statistics = sum.statistics
        let elements = header.elements
        let key = SummationCore.key(header)
        let (wanted, rows) = state.withLock { state in
            let rows = state.rows[key] ?? []
            return (state.policy.choose(key), rows.count == header.pieces.count ? rows : [])
        }
        let base = UnsafePointer(SummationBucket.base(sum.store, elements: elements))
        let start = ThreadTime.nanoseconds
        var store = sum.store
        var bytes = 0
        if wanted == .raw {
            header.coding = GradientCodec.isZero(base, pieces: sum.pieces) ? .empty : .raw
            if header.coding == .raw { bytes = 4 * elements }
        } else {
            let encoded = codec.encode(base, pieces: sum.pieces, rows: rows, coding: wanted)
            header.coding = encoded.coding
            bytes = encoded.bytes.count
            store = pool.borrow(bytes)
            store.bytes(bytes).copyMemory(from: encoded.bytes)
            pool.give(sum.store)
        }
        let seconds = Double(ThreadTime.nanoseconds - start) * 1e-9
        if header.coding != .empty {
            state.withLock {
                $0.policy.packed(
                    key, coding: wanted, elements: elements, bytes: bytes, packSeconds: seconds)
            }
        }
        // Once for all members.
        header.seal([UnsafeRawBufferPointer(store.bytes(bytes))])
        return SummedFrame(header: header, store: store, byteCount: bytes)
    }

    // MARK: Writing

    /// The thread that sends the sums to one member.
    func write(_ member: Int) {
        let sender = FrameSender(links[member])
        do throws(LinkFailure) {
            while let frame = nextFrame(member) {
                let bytes = try sender.send(frame.header, payload: [frame.payload])
                let cost = FrameCost(
                    bytes: bytes, elements: frame.header.elements, coding: frame.header.coding, packNanoseconds: 0)
                state.withLock { state in
                    state.traffic.sent(cost)
                    if let rate = sender.secondsPerByte { state.policy.link(member, secondsPerByte: rate) }
                }
            }
        } catch {
            fail(member, error)
        }
    }

    private func nextFrame(_ member: Int) -> SummedFrame? {
        let frame = state.wait(
            .untilWoken(by: "the readers, when a sum is whole; the reader of a member that failed; stop()")
        ) { state -> SummedFrame?? in
            if state.stopped || state.failed.contains(member) { return .some(nil) }
            return state.queues[member].popFirst().map { .some($0) }
        }
        return frame ?? nil
    }
}
