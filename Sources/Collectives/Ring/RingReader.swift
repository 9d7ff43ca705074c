import DequeModule
import Waiting
import Wire

/// The thread that reads from the predecessor.
final class RingReader {
    private let core: RingCore
    private let writer: RingWriter
    private let receiver: FrameReceiver
    private let codec = GradientCodec()
    private let landing = ByteStore()

    /// What becomes of a frame whose header has been read.
    private enum Place {
        case use(RingExchange)
        /// `admitted`: checked against the exchange under way; else it is for one that has not begun.
        case park(admitted: Bool)
    }

    init(_ core: RingCore, _ writer: RingWriter) {
        self.core = core
        self.writer = writer
        receiver = FrameReceiver(core.predecessor, watching: core.successor) { core.fail(.outgoing, $0) }
    }

    func run() {
        do throws(LinkFailure) {
            while true {
                let header = try receiver.next()
                letLeave(header)
                switch try place(header) {
                case .use(let exchange): try use(header, exchange)
                case .park(let admitted): try park(header, admitted: admitted)
                }
            }
        } catch {
            core.fail(.incoming, error)
        }
    }

    /// Of a direct exchange: how long a frame may stay in the socket while this member's own part leaves, since it can be added from there without
    /// another copy.
    private static let leaving: Duration = .milliseconds(2)

    /// Waits a moment where this member's own part of the bucket is leaving.
    private func letLeave(_ header: GradientFrameHeader) {
        guard core.geometry.isDirect else { return }
        _ = core.state.wait(.atMost(Self.leaving), condition: RingCore.Waiter.reader.rawValue) { state -> Void? in
            guard !state.stopped, let exchange = state.exchange, exchange.tag == header.exchange,
                exchange.isReady.indices.contains(header.bucket), exchange.isReady[header.bucket]
            else { return () }
            return exchange.isSent[header.bucket] ? () : nil
        }
    }

    /// Checks the frame against what is due. Where too much is parked already, waits until this member has caught up.
    private func place(_ header: GradientFrameHeader) throws(LinkFailure) -> Place {
        var admitted = false
        let place = core.state.wait(
            .untilWoken(by: "this member's own begin() and ready(), for which it computes; stop()"),
            condition: RingCore.Waiter.reader.rawValue
        ) { state -> Result<Place, LinkFailure>? in
            if state.stopped { return .failure(.ownShutdown) }
            if let exchange = state.exchange, exchange.tag == header.exchange {
                if !admitted, let reason = exchange.admit(header) {
                    return .failure(self.core.predecessor.violation(reason))
                }
                admitted = true
                if exchange.takes(header.bucket) { return .success(.use(exchange)) }
            } else if let last = state.last, header.exchange <= last {
                return .failure(self.core.predecessor.violation("\(header.exchange) after \(last)"))
            }
            guard state.parkedBytes + header.payloadBytes <= Limits.parkedGradientBytes else { return nil }
            state.parkedBytes += header.payloadBytes
            return .success(.park(admitted: admitted))
        }
        guard let place else { throw .ownShutdown }
        return try place.get()
    }

    private func use(_ header: GradientFrameHeader, _ exchange: RingExchange) throws(LinkFailure) {
        let pieces = exchange.layout.chunks[header.bucket][header.chunk]
        let reduces = core.geometry.reduces(header.hop)
        var kept: ByteStore?
        var unpacked: UInt64 = 0
        if header.coding == .raw {
            if reduces {
                try receiver.addRaw(header, pieces: pieces, base: exchange.base)
            } else {
                try receiver.assignRaw(header, pieces: pieces, base: exchange.base)
            }
        } else {
            let goesOn = !reduces && !core.geometry.isLast(header.hop) && header.coding != .empty
            let store = goesOn ? core.pool.borrow(header.payloadBytes) : landing
            let payload = try receiver.payload(header, into: store)
            let start = MonotonicTime.nanoseconds
            do throws(GradientCodecError) {
                try codec.decode(
                    payload, coding: header.coding, pieces: pieces, into: exchange.base, mode: reduces ? .add : .assign)
            } catch {
                throw core.predecessor.violation("\(error)")
            }
            unpacked = MonotonicTime.nanoseconds - start
            if goesOn { kept = store }
        }
        core.state.withLock { state in
            state.traffic.received(header, unpackNanoseconds: unpacked)
            exchange.framesRead += 1
        }
        if let job = core.landed(header, exchange, forward: kept) { writer.carryOutHere(job) }
    }

    /// Keeps the frame until its bucket can take it; if that came about while it was read, it is used at once.
    private func park(_ header: GradientFrameHeader, admitted: Bool) throws(LinkFailure) {
        let store = core.pool.borrow(header.payloadBytes)
        _ = try receiver.payload(header, into: store)
        let frame = ParkedFrame(header: header, store: store)
        let result = core.state.withLock { state -> Result<RingExchange?, LinkFailure> in
            guard let exchange = state.exchange, exchange.tag == header.exchange else {
                state.early.append(frame)
                state.traffic.receivedEarly(header)
                return .success(nil)
            }
            state.traffic.received(header)
            exchange.framesRead += 1
            // The exchange may have begun while the frame was read: then it has not been checked against it yet.
            if !admitted, let reason = exchange.admit(header) {
                return .failure(core.predecessor.violation(reason))
            }
            guard exchange.isReady[header.bucket] else {
                exchange.parked[header.bucket].append(frame)
                return .success(nil)
            }
            state.parkedBytes -= header.payloadBytes
            if exchange.takes(header.bucket) { return .success(exchange) }
            // This member's own part of it is about to leave, and the writer comes to this behind it.
            state.jobs.append(.absorb(exchange, frame))
            return .success(nil)
        }
        core.wake(.writer)
        core.wake(.finish)
        guard let exchange = try result.get() else { return }
        do throws(GradientCodecError) {
            try codec.decode(
                frame.payload, coding: header.coding, pieces: exchange.layout.chunks[header.bucket][header.chunk],
                into: exchange.base, mode: .add)
        } catch {
            throw core.predecessor.violation("\(error)")
        }
        core.pool.give(store)
        if let job = core.landed(header, exchange, forward: nil) { writer.carryOutHere(job) }
    }
}
