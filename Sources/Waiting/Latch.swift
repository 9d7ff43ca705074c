/// Opens, for good, when it has been counted down as often as it was told.
public final class Latch: Sendable {
    private let missing: Monitor<Int>

    public init(_ count: Int = 1) {
        precondition(count >= 0, "a latch counts down")
        missing = Monitor(count)
    }

    /// Counts down by one; calls beyond the count do no harm.
    public func countDown() { missing.update { $0 = max(0, $0 - 1) } }

    /// Whether it opened before the patience was over.
    public func wait(_ patience: Patience) -> Bool {
        missing.wait(patience) { $0 == 0 ? () : nil } != nil
    }
}

/// A fixed number of places; a taker gives its place back.
public final class Slots: Sendable {
    private let free: Monitor<Int>

    public init(_ count: Int) {
        precondition(count >= 1, "without a place everybody would wait for ever")
        free = Monitor(count)
    }

    /// Whether a place was free before the patience was over; it is the caller's then.
    public func take(_ patience: Patience) -> Bool {
        free.wait(patience) { free -> Void? in
            guard free > 0 else { return nil }
            free -= 1
            return ()
        } != nil
    }

    public func give() { free.update { $0 += 1 } }
}
