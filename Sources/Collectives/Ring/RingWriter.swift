import DequeModule
import Waiting
import Wire

/// Writes to the successor: a thread of its own, or for a small frame whoever has it. One at a time: who has set `isWriting`.
final class RingWriter: @unchecked Sendable {
    private let core: RingCore
    private let writer: FrameWriter
    private let codec = GradientCodec()
    /// The writer's own thread is at a job, or has just done one.
    private var holds = false

    init(_ core: RingCore) {
        self.core = core
        writer = FrameWriter(core.successor, compression: core.compression)
    }

    func run() {
        while let job = next() {
            do throws(LinkFailure) {
                try carryOut(job)
            } catch {
                core.fail(.outgoing, error)
            }
        }
        core.state.update { $0.isWriting = false }
    }

    /// The next job; nil when the reducer was stopped. When the link has ended, frames that have come are added all the same: a neighbour that is
    /// done may have left, and with nothing more to be sent they are all that is missing.
    private func next() -> RingCore.Job? {
        if holds {
            core.state.withLock { $0.isWriting = false }
            // Where a link has ended, the wait for what is lost ends with the last job at hand.
            core.wake(.finish)
        }
        let job = core.state.wait(
            .untilWoken(by: "ready(), the reader with a chunk to send on, who has written a small frame, the link's end, stop()"),
            condition: RingCore.Waiter.writer.rawValue
        ) { state -> RingCore.Job?? in
            if state.stopped { return .some(nil) }
            guard !state.isWriting else { return nil }
            var job = state.jobs.popFirst()
            if state.ended[.outgoing] != nil { while let sending = job, !sending.isLocal { job = state.jobs.popFirst() } }
            state.isWriting = job != nil
            return job.map { .some($0) }
        }
        holds = (job ?? nil) != nil
        return job ?? nil
    }

    /// A job that the calling thread has claimed.
    func carryOutHere(_ job: RingCore.Job) {
        do throws(LinkFailure) {
            try carryOut(job)
        } catch {
            core.fail(.outgoing, error)
        }
        core.wrote()
    }

    private func carryOut(_ job: RingCore.Job) throws(LinkFailure) {
        switch job {
        case .send(let exchange, let bucket, let chunk, let hop, let statistics, let forced):
            let header = exchange.header(
                bucket: bucket, chunk: chunk, hop: hop, statistics: statistics, view: core.successor.view)
            let pieces = exchange.layout.chunks[bucket][chunk]
            let cost = try writer.write(
                header, base: exchange.base, pieces: pieces, rows: exchange.layout.rows[bucket][chunk], forced: forced)
            sent(cost, exchange, bucket: bucket)
        case .forward(let exchange, let header, let store):
            let payload = UnsafeRawBufferPointer(store.bytes(header.payloadBytes))
            let cost = try writer.forward(header, payload: payload)
            core.pool.give(store)
            sent(cost, exchange, bucket: header.bucket)
        case .absorb(let exchange, let frame):
            try absorb(frame, exchange)
        }
    }

    private func absorb(_ frame: ParkedFrame, _ exchange: RingExchange) throws(LinkFailure) {
        let header = frame.header
        do throws(GradientCodecError) {
            try codec.decode(
                frame.payload, coding: header.coding, pieces: exchange.layout.chunks[header.bucket][header.chunk],
                into: exchange.base, mode: .add)
        } catch {
            core.fail(.incoming, core.predecessor.violation("\(error)"))
            return
        }
        core.pool.give(frame.store)
        // The writer is at a job already, so that none is claimed.
        _ = core.landed(header, exchange, forward: nil)
    }

    private func sent(_ cost: FrameCost, _ exchange: RingExchange, bucket: Int) {
        core.state.withLock { state in
            state.traffic.sent(cost)
            exchange.framesSent += 1
            exchange.isSent[bucket] = true
        }
        core.wake(.finish)
        // Where too much is parked, it waits for this.
        core.wake(.reader)
    }
}
