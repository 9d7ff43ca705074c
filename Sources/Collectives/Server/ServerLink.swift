import Kernels
import Waiting
import Wire

/// The link of a `ServerMember`: what the callers, the reader and the writer of a `ServerReducer` share, and the two threads' loops.
final class ServerLink: @unchecked Sendable {
    struct State {
        var member: ServerMember
        /// The sum of the exchange last begun. The writer owns this server's part of a bucket until it has been pushed, and the reader from then on.
        var sum: SummedTensors?
        var traffic = TrafficCounters()
    }

    let link: GradientLink
    let state: Monitor<State>
    private let part: Int
    private let onFailure: @Sendable (LinkFailure) -> Void

    init(link: GradientLink, part: Int, of parts: Int, onFailure: @escaping @Sendable (LinkFailure) -> Void) {
        precondition((0..<parts).contains(part))
        self.link = link
        self.part = part
        state = Monitor(State(member: ServerMember(part: part)))
        self.onFailure = onFailure
    }

    func begin(_ tag: ExchangeTag, _ sum: SummedTensors) {
        state.update { state in
            if state.member.end != nil { return }
            state.member.begin(tag, sum.layout.shape, sum.board)
            state.sum = sum
            state.traffic.open()
        }
    }

    func ready(_ bucket: Int) {
        state.update { state in
            state.member.ready(bucket)
            if state.member.isAllReady { state.traffic.lastReady() }
        }
    }

    func finish() throws(LinkFailure) {
        let start = MonotonicTime.nanoseconds
        let result = state.wait(
            .untilWoken(by: "the reader or the writer, when all is there or the link has ended; stop() on a verdict")
        ) { $0.member.finish() }
        state.withLock { $0.traffic.waited(nanoseconds: MonotonicTime.nanoseconds - start) }
        try result?.get()
    }

    func stop() {
        state.update { $0.member.stop() }
        link.close()
    }

    func fail(_ failure: LinkFailure) {
        if state.update({ $0.member.fail(failure) }) { onFailure(failure) }
    }

    /// The writer's thread.
    func write(_ compression: LinkCompression) {
        let writer = FrameWriter(link, compression: compression)
        do throws(LinkFailure) {
            while let (header, sum) = nextJob() {
                let cost = try writer.write(
                    header, base: sum.base, pieces: sum.layout.chunks[header.bucket][part],
                    rows: sum.layout.rows[header.bucket][part])
                state.update { state in
                    state.traffic.sent(cost)
                    state.member.sent()
                }
            }
        } catch {
            fail(error)
        }
    }

    private func nextJob() -> (GradientFrameHeader, SummedTensors)? {
        let job = state.wait(
            .untilWoken(by: "ready(), the link's end, stop()")
        ) { state -> (GradientFrameHeader, SummedTensors)?? in
            if state.member.end != nil { return .some(nil) }
            guard let bucket = state.member.nextJob() else { return nil }
            return .some((state.member.header(bucket, view: link.view), state.sum!))
        }
        return job ?? nil
    }

    /// The reader's thread: puts the sums where the parts were.
    func read() {
        let receiver = FrameReceiver(link)
        let codec = GradientCodec()
        let landing = ByteStore()
        do throws(LinkFailure) {
            while true {
                let header = try receiver.next()
                let sum = try admit(header)
                let pieces = sum.layout.chunks[header.bucket][part]
                var unpacked: UInt64 = 0
                if header.coding == .raw {
                    try receiver.assignRaw(header, pieces: pieces, base: sum.base)
                } else {
                    let payload = try receiver.payload(header, into: landing)
                    let start = MonotonicTime.nanoseconds
                    do throws(GradientCodecError) {
                        try codec.decode(payload, coding: header.coding, pieces: pieces, into: sum.base, mode: .assign)
                    } catch {
                        throw link.violation("\(error)")
                    }
                    unpacked = MonotonicTime.nanoseconds - start
                }
                state.update { state in
                    state.traffic.received(header, unpackNanoseconds: unpacked)
                    state.member.landed(header)
                }
            }
        } catch {
            fail(error)
        }
    }

    private func admit(_ header: GradientFrameHeader) throws(LinkFailure) -> SummedTensors {
        let result = state.withLock { state -> Result<SummedTensors, LinkFailure> in
            if let end = state.member.end { return .failure(end) }
            if let reason = state.member.admit(header) { return .failure(link.violation(reason)) }
            return .success(state.sum!)
        }
        return try result.get()
    }
}
