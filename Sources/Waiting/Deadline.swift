import Glibc

/// A moment of the monotonic clock.
public struct Deadline: Sendable, Comparable {
    /// Of the monotonic clock.
    public let nanoseconds: UInt64

    /// `duration` from now. A negative duration gives now, one past the clock's end gives that end.
    public init(after duration: Duration) {
        let (sum, overflow) = MonotonicTime.nanoseconds.addingReportingOverflow(UInt64(max(0, duration.wholeNanoseconds)))
        nanoseconds = overflow ? .max : sum
    }

    public var hasPassed: Bool { MonotonicTime.nanoseconds >= nanoseconds }

    /// What is left; zero when it has passed.
    public var remaining: Duration { .nanoseconds(Int64(clamping: left)) }

    /// The same for `poll`: whole milliseconds, rounded up.
    var milliseconds: Int32 { Int32(clamping: left / 1_000_000 + (left % 1_000_000 > 0 ? 1 : 0)) }

    /// The same for calls that take a moment.
    @usableFromInline var time: timespec {
        timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
    }

    private var left: UInt64 {
        let now = MonotonicTime.nanoseconds
        return now >= nanoseconds ? 0 : nanoseconds - now
    }

    public static func < (first: Deadline, second: Deadline) -> Bool { first.nanoseconds < second.nanoseconds }
}
