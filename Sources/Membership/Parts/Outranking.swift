/// Raises this coordinator's generation above one that a worker has obeyed. Each time all workers have to dial anew, so the pause after it
/// doubles: a peer that provokes it again and again can do so ever more rarely.
package struct Outranking: Sendable {
    private var isUnderWay = false
    /// Until when it is not begun again, and for how long the next time.
    private var pause: (until: Duration, next: Duration) = (.zero, .seconds(5))
    private static let longest: Duration = .seconds(600)

    package init() {}

    /// Begins, unless it is under way or was not long ago.
    package mutating func begin(at now: Duration) -> Bool {
        guard !isUnderWay, now >= pause.until else { return false }
        isUnderWay = true
        return true
    }

    package mutating func end(at now: Duration) {
        isUnderWay = false
        pause = (now + pause.next, min(pause.next * 2, Self.longest))
    }
}
