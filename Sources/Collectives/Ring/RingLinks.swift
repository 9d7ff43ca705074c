import Kernels
import Waiting
import Wire

/// The two links of a `RingMember`, and what its callers, its reader and its writer share.
final class RingLinks: @unchecked Sendable {
    struct State {
        var member: RingMember
        /// The sum of the exchange last begun.
        var sum: SummedTensors?
        var traffic = TrafficCounters()
    }

    /// A job and the sum that it is about.
    typealias Task = (job: RingMember.Job, sum: SummedTensors)

    /// The threads that wait, each for something else.
    enum Waiter: Int, CaseIterable { case writer, finish, reader }

    /// A frame of so few elements is sent by the thread that has it, if the writer is idle and the link takes it at once: waking the
    /// writer would take longer.
    private static let smallElements = 4096
    private static let smallUnacknowledged = 16 << 10

    let geometry: RingGeometry
    let successor: GradientLink
    let predecessor: GradientLink
    let compression: LinkCompression
    let layouts: ExchangeLayouts
    let state: Monitor<State>
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
        state = Monitor(State(member: RingMember(geometry)), conditions: Waiter.allCases.count)
        self.onFailure = onFailure
    }

    func wake(_ waiter: Waiter) { state.wake(waiter.rawValue) }

    /// Whether the thread that has a job writes its frame here and now.
    private func takesAtOnce(_ job: RingMember.Job, _ sum: SummedTensors) -> Bool {
        let elements =
            switch job {
            case .send(let bucket, let chunk, _, _, _): sum.layout.elements[bucket][chunk]
            case .forward(let frame), .absorb(let frame): frame.header.elements
            }
        return elements <= Self.smallElements && successor.socket.unacknowledgedBytes <= Self.smallUnacknowledged
    }

    /// The claimed job is done.
    func wrote() {
        if state.withLock({ $0.member.wrote() }) { wake(.writer) }
        wake(.finish)
    }

    func begin(_ tag: ExchangeTag, _ sum: SummedTensors) {
        let violation = state.update { state -> String? in
            if state.member.isStopped { return nil }
            state.sum = sum
            state.traffic.open()
            return state.member.begin(tag, sum.layout.shape, sum.board)
        }
        if let violation { fail(.incoming, predecessor.violation(violation)) }
    }

    /// A task for the calling thread, which `wrote()` ends, or nil.
    func ready(_ bucket: Int) -> Task? {
        let claimed = state.withLock { state -> Task? in
            guard let sum = state.sum else {
                precondition(state.member.isStopped, "ready before begin")
                return nil
            }
            let job = state.member.ready(bucket) { takesAtOnce($0, sum) }
            if state.member.isAllReady { state.traffic.lastReady() }
            return job.map { ($0, sum) }
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
        ) { $0.member.finish() }
        state.withLock { $0.traffic.waited(nanoseconds: MonotonicTime.nanoseconds - start) }
        try result?.get()
    }

    func stop() {
        state.update { $0.member.stop() }
        successor.close()
        predecessor.close()
    }

    /// A link has ended. The other stays open until `stop`, so that one death does not look like several.
    func fail(_ direction: RingMember.Direction, _ failure: LinkFailure) {
        if state.update({ $0.member.fail(direction, failure) }) { onFailure?(failure) }
    }

    /// A chunk has arrived and was added or put in its place. A task for the calling thread, which `wrote()` ends, or nil.
    func landed(_ header: GradientFrameHeader, _ sum: SummedTensors, forward store: ByteStore?) -> Task? {
        let isLast = geometry.isLast(header.hop)
        if isLast, let store { pool.give(store) }
        let claimed = state.withLock { $0.member.landed(header, forward: isLast ? nil : store) { takesAtOnce($0, sum) } }
        if !isLast, claimed == nil { wake(.writer) }
        wake(.finish)
        return claimed.map { ($0, sum) }
    }
}
