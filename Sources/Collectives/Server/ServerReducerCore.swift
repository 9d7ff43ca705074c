import DequeModule
import Kernels
import Waiting
import Wire

/// What the callers, the reader and the writer of a `ServerReducer` share, and the two threads' loops.
final class ServerReducerCore: @unchecked Sendable {
    struct State {
        var exchange: ServerExchange?
        var last: ExchangeTag?
        var jobs = Deque<(exchange: ServerExchange, bucket: Int)>()
        var failure: LinkFailure?
        var stopped = false
        var traffic = TrafficCounters()

        var end: LinkFailure? { stopped ? .ownShutdown : failure }
    }

    let link: GradientLink
    /// Of every bucket, among those of all servers: cut alike by all members.
    let part: Int
    let state = Monitor(State())
    private let onFailure: @Sendable (LinkFailure) -> Void

    init(link: GradientLink, part: Int, of parts: Int, onFailure: @escaping @Sendable (LinkFailure) -> Void) {
        precondition((0..<parts).contains(part))
        self.link = link
        self.part = part
        self.onFailure = onFailure
    }

    func begin(_ exchange: ServerExchange) {
        state.update { state in
            if state.end != nil { return }
            precondition(state.exchange == nil, "an exchange is under way")
            precondition(state.last.map { $0 < exchange.tag } ?? true, "\(exchange.tag) is not later than the last")
            state.exchange = exchange
            state.last = exchange.tag
            state.traffic.open()
        }
    }

    func ready(_ bucket: Int) {
        state.update { state in
            guard state.end == nil else { return }
            guard let exchange = state.exchange else { preconditionFailure("ready before begin") }
            precondition(exchange.isReady.indices.contains(bucket), "no bucket \(bucket)")
            precondition(!exchange.isReady[bucket], "bucket \(bucket) is ready twice")
            exchange.isReady[bucket] = true
            exchange.readyCount += 1
            if exchange.readyCount == exchange.buckets { state.traffic.lastReady() }
            state.jobs.append((exchange, bucket))
        }
    }

    func finish() throws(LinkFailure) {
        let start = MonotonicTime.nanoseconds
        let result = state.wait(
            .untilWoken(by: "the reader or the writer, when all is there or the link has ended; stop() on a verdict")
        ) { state -> Result<Void, LinkFailure>? in
            if state.stopped { return .failure(.ownShutdown) }
            guard let exchange = state.exchange else {
                // A link that broke between two exchanges let none begin.
                guard let failure = state.failure else { preconditionFailure("finish before begin") }
                return .failure(failure)
            }
            // A server that is done may leave before this member has waited for what it sent.
            if exchange.isDone { return .success(()) }
            return state.failure.map { .failure($0) }
        }
        state.withLock { state in
            state.traffic.waited(nanoseconds: MonotonicTime.nanoseconds - start)
            if case .success = result { state.exchange = nil }
        }
        try result?.get()
    }

    func stop() {
        state.update { $0.stopped = true }
        link.close()
    }

    /// Ends the exchange under way and those to come; also for what happened to another server's link.
    func fail(_ failure: LinkFailure) {
        let isFirst = state.update { state -> Bool in
            guard state.end == nil else { return false }
            state.failure = failure
            return true
        }
        if isFirst { onFailure(failure) }
    }

    /// The writer's thread: pushes buckets in the order in which they became ready.
    func write(_ compression: LinkCompression) {
        let writer = FrameWriter(link, compression: compression)
        do throws(LinkFailure) {
            while let (exchange, bucket) = nextJob() {
                let header = exchange.header(bucket: bucket, view: link.view)
                let cost = try writer.write(
                    header, base: exchange.base, pieces: exchange.pieces(bucket), rows: exchange.rows(bucket))
                state.update { state in
                    state.traffic.sent(cost)
                    exchange.sentCount += 1
                }
            }
        } catch {
            fail(error)
        }
    }

    private func nextJob() -> (exchange: ServerExchange, bucket: Int)? {
        let job = state.wait(
            .untilWoken(by: "ready(), the link's end, stop()")
        ) { state -> (exchange: ServerExchange, bucket: Int)?? in
            if state.end != nil { return .some(nil) }
            return state.jobs.popFirst().map { .some($0) }
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
                let exchange = try admit(header)
                let pieces = exchange.pieces(header.bucket)
                var unpacked: UInt64 = 0
                if header.coding == .raw {
                    try receiver.assignRaw(header, pieces: pieces, base: exchange.base)
                } else {
                    let payload = try receiver.payload(header, into: landing)
                    let start = MonotonicTime.nanoseconds
                    do throws(GradientCodecError) {
                        try codec.decode(
                            payload, coding: header.coding, pieces: pieces, into: exchange.base, mode: .assign)
                    } catch {
                        throw link.violation("\(error)")
                    }
                    unpacked = MonotonicTime.nanoseconds - start
                }
                for (tensor, statistics) in zip(exchange.completes(header.bucket), header.statistics) {
                    exchange.board[tensor] = statistics
                }
                state.update { state in
                    state.traffic.received(header, unpackNanoseconds: unpacked)
                    exchange.receivedCount += 1
                }
            }
        } catch {
            fail(error)
        }
    }

    private func admit(_ header: GradientFrameHeader) throws(LinkFailure) -> ServerExchange {
        let result = state.withLock { state -> Result<ServerExchange, LinkFailure> in
            if let end = state.end { return .failure(end) }
            guard let exchange = state.exchange else {
                return .failure(link.violation("the sum of \(header.exchange) when nothing is under way"))
            }
            if let reason = exchange.admit(header) { return .failure(link.violation(reason)) }
            return .success(exchange)
        }
        return try result.get()
    }
}
