/// This coordinator's generation is being raised above one that a worker has obeyed. Every time sends all workers to dial anew: whoever
/// provokes it again and again does so ever more rarely.
package struct Outranking: Sendable {
    private var isUnderWay = false
    /// Until when nobody's word leads to it again, and for how long the time after.
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
