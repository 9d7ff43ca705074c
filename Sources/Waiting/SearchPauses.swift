/// The pauses of a process that looks for a service again and again: none after a connection that has lasted, and longer each time where
/// nobody is there or connections end as soon as they are made.
public struct SearchPauses: Sendable {
    /// Before the second try; from there they double.
    public static let first: Duration = .milliseconds(50)
    public static let longest: Duration = .seconds(5)
    /// The longest for a process that was taken in before: a service that comes back is to be found within a second.
    public static let longestOfOrphan: Duration = .milliseconds(500)
    /// A connection that lived so long was no mistake.
    public static let soundConnection: Duration = .seconds(3)

    private var next = SearchPauses.first
    private var isOrphan = false
    /// When it was last taken in; nil while it is not.
    private var welcomed: Duration?

    public init() {}

    /// A search begins, the first or after a connection that has ended: the pause before its first try.
    public mutating func begin(at now: Duration) -> Duration {
        if let since = welcomed {
            welcomed = nil
            // After a connection that held for a while the next pause is short; after one that ended at once it grows.
            next = now - since >= Self.soundConnection ? Self.first : min(next * 2, Self.longest)
        }
        return isOrphan && next > Self.longestOfOrphan ? next : .zero
    }

    /// The service took this one in.
    public mutating func wasWelcomed(at now: Duration) {
        isOrphan = true
        welcomed = now
    }

    /// A try has failed: the pause before the next.
    public mutating func failed() -> Duration {
        let pause = next
        next = max(pause, min(pause * 2, isOrphan ? Self.longestOfOrphan : Self.longest))
        return pause
    }
}
