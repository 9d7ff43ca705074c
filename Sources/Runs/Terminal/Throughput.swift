import Glibc

/// Recent samples a second: a mean over the time gone by in which a moment counts less the longer ago it is.
///
/// Steps are reported in bursts, so the rate of one step alone says nothing. A pause is no speed, so no interval counts for more than all the
/// time that is remembered.
public struct Throughput: Sendable {
    /// Seconds after which a moment counts for a share of 1/e.
    private static let memory = 3.0

    private var samples = 0.0
    private var seconds = 0.0
    private var last: Duration

    /// - Parameter start: when the first samples were begun, on a monotonic clock.
    public init(since start: Duration) { last = start }

    /// So many samples more are done at this moment.
    public mutating func add(_ count: Int, at now: Duration) {
        let elapsed = max(0, (now - last) / .seconds(1))
        last = max(last, now)
        let kept = exp(-elapsed / Self.memory)
        let counted = Self.memory * (1 - kept)
        samples = samples * kept + Double(count) * (elapsed > 0 ? counted / elapsed : 1)
        seconds = seconds * kept + counted
    }

    /// 0 before any time has gone by.
    public var perSecond: Double { seconds > 0 ? samples / seconds : 0 }
}
