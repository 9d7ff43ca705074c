/// Which dead children are started again, and when.
///
/// A killed child is started at once; one that dies young again and again after growing pauses; and one that has died young
/// more often than is allowed not at all. After a child has lived for a minute, the count begins anew.
package struct Replacements<Place: Hashable> {
    private struct History {
        var started: Duration = .zero
        var earlyDeaths = 0
        /// Deaths within a second of the start, one after the other.
        var immediateDeaths = 0
    }

    let limit: Int
    private var histories: [Place: History] = [:]
    private var scheduled: [Place: Duration] = [:]

    package init(limit: Int) { self.limit = limit }

    /// When the next replacement is due.
    package var next: Duration? { scheduled.values.min() }

    /// Whether a place is empty for now and will be filled.
    package func isAwaited(_ place: Place) -> Bool { scheduled[place] != nil }

    /// The places whose replacement is due; they count as started.
    package mutating func due(at now: Duration) -> [Place] {
        let places = scheduled.filter { $0.value <= now }.map(\.key)
        for place in places {
            scheduled[place] = nil
            histories[place, default: History()].started = now
        }
        return places
    }

    /// Notes a death; false where this place is not filled any more.
    package mutating func schedule(_ place: Place, after ending: ChildProcess.Ending, at now: Duration) -> Bool {
        var history = histories[place, default: History()]
        let lived = now - history.started
        if lived >= RestartPauses.settled { history.earlyDeaths = 0 }
        history.earlyDeaths += 1
        history.immediateDeaths = lived < RestartPauses.immediate ? history.immediateDeaths + 1 : 0
        histories[place] = history
        guard history.earlyDeaths <= limit else { return false }
        scheduled[place] = now + pause(after: ending, history)
        return true
    }

    /// A child that fails by itself will most likely fail again, and the run may be ending with the same error. A killed child will not.
    private func pause(after ending: ChildProcess.Ending, _ history: History) -> Duration {
        if case .exited = ending { return min(.seconds(1) * history.earlyDeaths, RestartPauses.longestPause) }
        guard history.immediateDeaths > 3 else { return .zero }
        return min(RestartPauses.firstPause * (1 << min(history.immediateDeaths - 3, 10)), RestartPauses.longestPause)
    }
}

private enum RestartPauses {
    static let settled: Duration = .seconds(60)
    static let immediate: Duration = .seconds(1)
    static let firstPause: Duration = .milliseconds(100)
    static let longestPause: Duration = .seconds(5)
}

extension ChildProcess.Ending {
    /// A worker that ended by itself with success, was refused, or was called wrongly is not started again.
    package var isAccident: Bool {
        switch self {
        case .exited(let status): status != 0 && status != 64 && status != 78
        case .killed: true
        }
    }
}
