import Glibc

/// The clock that only goes forward, however the calendar is set.
public enum MonotonicTime {
    private static let origin = nanoseconds

    /// Since this process first asked: the `now` of the state machines.
    public static var now: Duration {
        // The origin is read first: the very first call sets it.
        let origin = origin
        return .nanoseconds(Int64(nanoseconds - origin))
    }

    /// Since an arbitrary moment that all processes of this machine share.
    public static var nanoseconds: UInt64 { read(CLOCK_MONOTONIC) }

    fileprivate static func read(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

/// CPU time of the calling thread: a cost that holds on a machine that is busy with other things too.
public enum ThreadTime {
    public static var nanoseconds: UInt64 { MonotonicTime.read(CLOCK_THREAD_CPUTIME_ID) }
}

extension Duration {
    /// Rounded towards zero; beyond 292 years, the nearest there is.
    public var wholeNanoseconds: Int64 {
        let (product, overflow) = components.seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, overflows) = product.addingReportingOverflow(components.attoseconds / 1_000_000_000)
        return overflow || overflows ? (components.seconds < 0 ? .min : .max) : sum
    }

    /// As a real number of seconds: 8, 0.25.
    public var seconds: Double { Double(wholeNanoseconds) / 1e9 }

    /// As a real number of milliseconds.
    public var milliseconds: Double { Double(wholeNanoseconds) / 1e6 }
}
