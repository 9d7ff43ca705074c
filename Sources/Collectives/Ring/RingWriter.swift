import Waiting
import Wire

/// Writes to the successor, on a thread of its own or, for a small frame, on the thread that has it. Only the thread that holds the job writes.
final class RingWriter: @unchecked Sendable {
    private let links: RingLinks
    private let writer: FrameWriter
    private let codec = GradientCodec()
    /// The writer's own thread is doing a job, or has just done one.
    private var holds = false

    init(_ links: RingLinks) {
        self.links = links
        writer = FrameWriter(links.successor, compression: links.compression)
    }

    func run() {
        while let task = next() { attempt(task) }
        _ = links.state.update { $0.member.wrote() }
    }

    /// The next job; nil when the reducer was stopped.
    private func next() -> RingLinks.Task? {
        if holds {
            _ = links.state.withLock { $0.member.wrote() }
            // Where a link has ended, the wait for what is lost ends with the last job at hand.
            links.wake(.finish)
        }
        let task = links.state.wait(
            .untilWoken(by: "ready(), the reader with a chunk to send on, who has written a small frame, the link's end, stop()"),
            condition: RingLinks.Waiter.writer.rawValue
        ) { state -> RingLinks.Task?? in
            if state.member.isStopped { return .some(nil) }
            return state.member.nextJob().map { .some(($0, state.sum!)) }
        }
        holds = (task ?? nil) != nil
        return task ?? nil
    }

    /// A task that the calling thread has claimed.
    func carryOutHere(_ task: RingLinks.Task) {
        attempt(task)
        links.wrote()
    }

    private func attempt(_ task: RingLinks.Task) {
        do throws(LinkFailure) {
            try carryOut(task.job, task.sum)
        } catch {
            links.fail(.outgoing, error)
        }
    }

    private func carryOut(_ job: RingMember.Job, _ sum: SummedTensors) throws(LinkFailure) {
        switch job {
        case .send(let bucket, let chunk, let hop, let statistics, let forced):
            let header = links.state.withLock { $0.member.header(bucket, chunk, hop, statistics, view: links.successor.view) }
            let cost = try writer.write(
                header, base: sum.base, pieces: sum.layout.chunks[bucket][chunk], rows: sum.layout.rows[bucket][chunk],
                forced: forced)
            sent(cost, bucket)
        case .forward(let frame):
            let cost = try writer.forward(frame.header, payload: frame.payload)
            links.pool.give(frame.store)
            sent(cost, frame.header.bucket)
        case .absorb(let frame): absorb(frame, sum)
        }
    }

    private func absorb(_ frame: GradientFrame, _ sum: SummedTensors) {
        do throws(GradientCodecError) {
            try codec.decode(
                frame.payload, coding: frame.header.coding, pieces: sum.pieces(frame.header), into: sum.base, mode: .add)
        } catch {
            return links.fail(.incoming, links.predecessor.violation("\(error)"))
        }
        links.pool.give(frame.store)
        // The writer is doing a job already, so none is claimed.
        _ = links.landed(frame.header, sum, forward: nil)
    }

    private func sent(_ cost: FrameCost, _ bucket: Int) {
        links.state.withLock { state in
            state.traffic.sent(cost)
            state.member.sent(bucket)
        }
        links.wake(.finish)
        // A reader that waits because too much is parked waits for this.
        links.wake(.reader)
    }
}
