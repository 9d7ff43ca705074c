/// A request to end the run, and what is done where nothing gets finished after it.
package struct StopRequest: Sendable {
    /// Nil before it was asked for.
    package private(set) var reason: String?
    private(set) var asked: Duration = .zero
    /// One worker finishes the step by itself, since when.
    private var alone: Duration?

    package init() {}

    package var isAsked: Bool { reason != nil }
    package var finishesAlone: Bool { alone != nil }
    package var words: String { reason ?? "asked to stop" }

    package mutating func ask(_ reason: String, at now: Duration) { (self.reason, asked) = (reason, now) }

    /// Whether a stop was asked for and nothing has come of it for `patience`: neither since then nor since the last `progress`.
    package func hasWaited(_ patience: Duration, since progress: Duration, _ now: Duration) -> Bool {
        isAsked && now - max(asked, progress) > patience
    }

    package mutating func finishAlone(at now: Duration) { alone = now }

    /// One finishes alone, for so long at least.
    package func hasBeenAlone(_ patience: Duration, _ now: Duration) -> Bool { alone.map { now - $0 >= patience } ?? false }

    /// Nobody is judged by the time before `now`.
    package mutating func forgetTime(before now: Duration) { asked = max(asked, now) }
}
