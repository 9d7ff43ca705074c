import Kernels
import Waiting
import Wire

/// The links of a `SummationRound`'s members, and what the threads of a `SummationServer` share.
final class SummationLinks: @unchecked Sendable {
    struct State {
        var round: SummationRound
        /// What has been added so far, by bucket of the exchange under way.
        var sums: [Monitor<ByteStore?>] = []
        var traffic = TrafficCounters()
        var policy: CompressionPolicy
        /// How pieces lie in their tensors' rows, as members' frames say: a server knows no plan. If this is wrong, the sums only get longer.
        var rows: [CompressionPolicy.Key: [PieceRows]] = [:]

        /// A member packs a piece that coding would not shorten: the rows of such a piece are known from another frame, if at all.
        mutating func learn(_ new: [PieceRows], _ key: CompressionPolicy.Key) {
            if rows.count >= CompressionPolicy.mostBuckets { rows.removeAll() }
            let old = rows[key] ?? []
            rows[key] = old.count == new.count ? zip(old, new).map { $1 == .none ? $0 : $1 } : new
        }
    }

    let members: [GradientLink]
    let state: Monitor<State>
    private let pool = StorePool()
    private let onFailure: (@Sendable (LinkFailure) -> Void)?

    init(_ members: [GradientLink], compression: LinkCompression, onFailure: (@Sendable (LinkFailure) -> Void)?) {
        self.members = members
        self.onFailure = onFailure
        state = Monitor(State(round: SummationRound(members: members.count), policy: CompressionPolicy(compression)))
    }

    func stop() {
        state.update { $0.round.stop() }
        for link in members { link.close() }
    }

    private func fail(_ member: Int, _ failure: LinkFailure) {
        guard failure.isSuspicion, state.update({ $0.round.fail(member) }) else { return }
        onFailure?(failure)
    }

    // MARK: Reading

    /// The thread that takes in one member's buckets.
    func read(_ member: Int) {
        let receiver = FrameReceiver(members[member])
        let codec = GradientCodec()
        do throws(LinkFailure) {
            while true {
                let header = try receiver.next()
                let sum = try admit(header, member)
                // A raw payload has the layout of the sum, so the first one becomes the sum where it landed.
                let store = pool.borrow(max(header.payloadBytes, 4 * header.elements))
                let payload = try receiver.payload(header, into: store)
                let rows = rows(header, payload)
                let start = MonotonicTime.nanoseconds
                if let error = sum.withLock({ add(header, payload, store, to: &$0, codec) }) {
                    throw members[member].violation("\(error)")
                }
                let unpacked = MonotonicTime.nanoseconds - start
                let whole = state.withLock { state in
                    state.traffic.received(header, unpackNanoseconds: unpacked)
                    if let rows { state.learn(rows, key(header)) }
                    return state.round.added(header)
                }
                guard let whole, let store = sum.withLock({ $0.take() }) else { continue }
                let frame = encode(whole, store, codec)
                state.update { $0.round.sends(frame) }
            }
        } catch {
            fail(member, error)
        }
    }

    /// Where a contribution is added; the first one opens the exchange.
    private func admit(_ header: GradientFrameHeader, _ member: Int) throws(LinkFailure) -> Monitor<ByteStore?> {
        let result = state.withLock { state -> Result<Monitor<ByteStore?>, LinkFailure> in
            if state.round.isStopped { return .failure(.ownShutdown) }
            switch state.round.admit(header, member) {
            case .opens: state.sums = (0..<header.buckets).map { _ in Monitor(nil) }
            case .joins: break
            case .refuse(let reason): return .failure(members[member].violation(reason))
            }
            return .success(state.sums[header.bucket])
        }
        return try result.get()
    }

    /// Adds a contribution. Returns what is wrong with its bytes.
    private func add(
        _ header: GradientFrameHeader, _ payload: UnsafeRawBufferPointer, _ store: ByteStore, to sum: inout ByteStore?,
        _ codec: GradientCodec
    ) -> GradientCodecError? {
        let isFirst = sum == nil
        if isFirst, header.coding == .raw {
            sum = store
            return nil
        }
        let whole = sum ?? pool.borrow(4 * header.elements)
        do throws(GradientCodecError) {
            try codec.decode(
                payload, coding: header.coding, pieces: Self.ranges(header.pieces),
                into: Self.base(whole, elements: header.elements),
                mode: isFirst ? .assign : .add)
        } catch {
            return error
        }
        sum = whole
        pool.give(store)
        return nil
    }

    /// Where pieces stand in a store, one after the other.
    private static func ranges(_ counts: [Int]) -> [Range<Int>] {
        var start = 0
        return counts.map { count in
            defer { start += count }
            return start..<(start + count)
        }
    }

    private static func base(_ store: ByteStore, elements: Int) -> UnsafeMutablePointer<Int32> {
        store.bytes(4 * elements).baseAddress!.bindMemory(to: Int32.self, capacity: elements)
    }

    private func key(_ header: GradientFrameHeader) -> CompressionPolicy.Key {
        CompressionPolicy.Key(buckets: header.buckets, bucket: header.bucket, elements: header.elements)
    }

    /// What a member's frame says of its rows; nil for most.
    private func rows(_ header: GradientFrameHeader, _ payload: UnsafeRawBufferPointer) -> [PieceRows]? {
        guard header.coding == .entropy else { return nil }
        return GradientCodec.rows(in: payload, pieces: Self.ranges(header.pieces))
    }

    // MARK: Summing up

    /// Codes a sum once, for all members.
    private func encode(_ shape: GradientFrameHeader, _ sum: ByteStore, _ codec: GradientCodec) -> GradientFrame {
        var header = shape
        let elements = header.elements
        let key = key(header)
        let (wanted, rows) = state.withLock { state in
            let rows = state.rows[key] ?? []
            return (state.policy.choose(key), rows.count == header.pieces.count ? rows : [])
        }
        let pieces = Self.ranges(header.pieces)
        let base = UnsafePointer(Self.base(sum, elements: elements))
        let start = ThreadTime.nanoseconds
        var store = sum
        var bytes = 0
        if wanted == .raw {
            header.coding = GradientCodec.isZero(base, pieces: pieces) ? .empty : .raw
            if header.coding == .raw { bytes = 4 * elements }
        } else {
            let encoded = codec.encode(base, pieces: pieces, rows: rows, coding: wanted)
            header.coding = encoded.coding
            bytes = encoded.bytes.count
            store = pool.borrow(bytes)
            store.bytes(bytes).copyMemory(from: encoded.bytes)
            pool.give(sum)
        }
        let seconds = Double(ThreadTime.nanoseconds - start) * 1e-9
        if header.coding != .empty {
            state.withLock {
                $0.policy.packed(
                    key, coding: wanted, elements: elements, bytes: bytes, packSeconds: seconds)
            }
        }
        header.seal([UnsafeRawBufferPointer(store.bytes(bytes))])
        return GradientFrame(header, store)
    }

    // MARK: Writing

    /// The thread that sends the sums to one member.
    func write(_ member: Int) {
        let sender = FrameSender(members[member])
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

    private func nextFrame(_ member: Int) -> GradientFrame? {
        let frame = state.wait(
            .untilWoken(by: "the readers, when a sum is whole; the reader of a member that failed; stop()")
        ) { state -> GradientFrame?? in
            if state.round.isOver(member) { return .some(nil) }
            return state.round.next(to: member).map { .some($0) }
        }
        return frame ?? nil
    }
}
