/// How long a call may wait. Every call that waits asks for one, and none has a default: the answer to "who wakes it if
/// the other side dies?" stands at the call.
public enum Patience: Sendable {
    /// So long from the call on; not at all where it is zero or less.
    case atMost(Duration)
    /// Until that moment, which several waits may share.
    case until(Deadline)
    /// Without a time limit. That is right only where a wake-up is certain: an idle thread that `close()` wakes, a child that
    /// the kernel ends. The words say who wakes the caller and why that cannot fail; they cost nothing at the call.
    case untilWoken(by: StaticString)

    /// The moment at which it is over, counted from now; nil for never.
    @inlinable public var deadline: Deadline? {
        switch self {
        case .atMost(let duration): Deadline(after: duration)
        case .until(let deadline): deadline
        case .untilWoken: nil
        }
    }

    /// The same, counted from now, for a call that waits several times.
    public var fixed: Patience { deadline.map { .until($0) } ?? self }
}
