/// What a byte costs on a link, from its writes and the length of the socket's send queue before and after each.
///
/// The time a write blocks is not enough: a send queue of megabytes swallows a whole bucket at memory speed on the
/// slowest link. So what counts is what left the queue while it was not empty, whether a write was going on or not.
public struct LinkRate: Sendable, Equatable {
    /// Nothing before `smallestSample` bytes have left.
    public private(set) var secondsPerByte: Double?

    /// Fewer bytes measure the scheduler, not the link.
    static let smallestSample = 16 << 10
    /// A sample of so many bytes weighs as much as all before.
    static let halfLife = 256 << 10

    private var lastSecond = 0.0
    private var lastQueued = 0
    /// Left the queue, and how long that took, since the last sample, the queue never being empty.
    private var bytes = 0
    private var seconds = 0.0

    public init() {}

    /// Before a write, at `second` (monotonic): `queued` bytes have not been acknowledged.
    public mutating func willWrite(queued: Int, at second: Double) {
        let passed = second - lastSecond
        if queued > 0 {
            busy(bytes: lastQueued - queued, seconds: passed)
        } else {
            // The queue ran empty at an unknown moment, so this is only the most that its bytes can have cost.
            let most = lastQueued > 0 ? (seconds + passed) / Double(bytes + lastQueued) : .infinity
            if bytes + lastQueued >= LinkRate.smallestSample, let old = secondsPerByte, most < old {
                learn(most, bytes: bytes + lastQueued)
            }
            (bytes, seconds) = (0, 0)
        }
        (lastSecond, lastQueued) = (second, queued)
    }

    /// After a write of `written` bytes, at `second`.
    public mutating func didWrite(_ written: Int, queued: Int, at second: Double) {
        busy(bytes: lastQueued + written - queued, seconds: second - lastSecond)
        if queued == 0, bytes > 0 { flush() }
        (lastSecond, lastQueued) = (second, queued)
    }

    private mutating func busy(bytes left: Int, seconds passed: Double) {
        bytes += max(0, left)
        seconds += passed
        if bytes >= LinkRate.smallestSample { flush() }
    }

    private mutating func flush() {
        if bytes >= LinkRate.smallestSample { learn(seconds / Double(bytes), bytes: bytes) }
        (bytes, seconds) = (0, 0)
    }

    private mutating func learn(_ sample: Double, bytes: Int) {
        guard let old = secondsPerByte else {
            secondsPerByte = sample
            return
        }
        let weight = Double(bytes) / Double(bytes + LinkRate.halfLife)
        secondsPerByte = old + (sample - old) * weight
    }
}
