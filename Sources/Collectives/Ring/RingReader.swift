import Waiting
import Wire

/// The thread that reads from the predecessor.
final class RingReader {
    private let links: RingLinks
    private let writer: RingWriter
    private let receiver: FrameReceiver
    private let codec = GradientCodec()
    private let landing = ByteStore()

    /// What becomes of a frame, and the sum that it is used for.
    private enum Place {
        case use(SummedTensors)
        case park(admitted: Bool)
    }

    init(_ links: RingLinks, _ writer: RingWriter) {
        self.links = links
        self.writer = writer
        receiver = FrameReceiver(links.predecessor, watching: links.successor) { links.fail(.outgoing, $0) }
    }

    func run() {
        do throws(LinkFailure) {
            while true {
                let header = try receiver.next()
                letLeave(header)
                switch try place(header) {
                case .use(let sum): try use(header, sum)
                case .park(let admitted): try park(header, admitted: admitted)
                }
            }
        } catch {
            links.fail(.incoming, error)
        }
    }

    /// In a direct exchange: how long a frame may stay in the socket while this member's own part leaves. From there it can be added
    /// without another copy.
    private static let leaving: Duration = .milliseconds(2)

    /// Waits a moment where this member's own part of the bucket is leaving.
    private func letLeave(_ header: GradientFrameHeader) {
        guard links.geometry.isDirect else { return }
        _ = links.state.wait(.atMost(Self.leaving), condition: RingLinks.Waiter.reader.rawValue) { state -> Void? in
            state.member.isLeaving(header) ? nil : ()
        }
    }

    /// Checks the frame against what is due. Where too much is parked already, waits until this member has caught up.
    private func place(_ header: GradientFrameHeader) throws(LinkFailure) -> Place {
        let place = links.state.wait(
            .untilWoken(by: "this member's own begin() and ready(), for which it computes; stop()"),
            condition: RingLinks.Waiter.reader.rawValue
        ) { state -> Result<Place, LinkFailure>? in
            if state.member.isStopped { return .failure(.ownShutdown) }
            switch state.member.place(header) {
            case .use: return .success(.use(state.sum!))
            case .park(let admitted): return .success(.park(admitted: admitted))
            case .refuse(let reason): return .failure(links.predecessor.violation(reason))
            case nil: return nil
            }
        }
        guard let place else { throw .ownShutdown }
        return try place.get()
    }

    private func use(_ header: GradientFrameHeader, _ sum: SummedTensors) throws(LinkFailure) {
        let reduces = links.geometry.reduces(header.hop)
        var kept: ByteStore?
        var unpacked: UInt64 = 0
        if header.coding == .raw {
            if reduces {
                try receiver.addRaw(header, pieces: sum.pieces(header), base: sum.base)
            } else {
                try receiver.assignRaw(header, pieces: sum.pieces(header), base: sum.base)
            }
        } else {
            let goesOn = !reduces && !links.geometry.isLast(header.hop) && header.coding != .empty
            let store = goesOn ? links.pool.borrow(header.payloadBytes) : landing
            let payload = try receiver.payload(header, into: store)
            let start = MonotonicTime.nanoseconds
            try decode(header, payload, sum, reduces ? .add : .assign)
            unpacked = MonotonicTime.nanoseconds - start
            if goesOn { kept = store }
        }
        links.state.withLock { state in
            state.traffic.received(header, unpackNanoseconds: unpacked)
            state.member.read()
        }
        if let task = links.landed(header, sum, forward: kept) { writer.carryOutHere(task) }
    }

    /// Keeps the frame until its bucket can take it; if it can by the time the frame is read, the frame is used at once.
    private func park(_ header: GradientFrameHeader, admitted: Bool) throws(LinkFailure) {
        let store = links.pool.borrow(header.payloadBytes)
        let payload = try receiver.payload(header, into: store)
        let result = links.state.withLock { state -> Result<SummedTensors?, LinkFailure> in
            let parked = state.member.park(GradientFrame(header, store), admitted: admitted)
            if case .kept(early: true) = parked { state.traffic.receivedEarly(header) } else { state.traffic.received(header) }
            return switch parked {
            case .kept: .success(nil)
            case .use: .success(state.sum)
            case .refuse(let reason): .failure(links.predecessor.violation(reason))
            }
        }
        links.wake(.writer)
        links.wake(.finish)
        guard let sum = try result.get() else { return }
        try decode(header, payload, sum, .add)
        links.pool.give(store)
        if let task = links.landed(header, sum, forward: nil) { writer.carryOutHere(task) }
    }

    private func decode(
        _ header: GradientFrameHeader, _ payload: UnsafeRawBufferPointer, _ sum: SummedTensors, _ mode: GradientCodec.Mode
    ) throws(LinkFailure) {
        do throws(GradientCodecError) {
            try codec.decode(payload, coding: header.coding, pieces: sum.pieces(header), into: sum.base, mode: mode)
        } catch {
            throw links.predecessor.violation("\(error)")
        }
    }
}
