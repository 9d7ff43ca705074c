/// What is remembered of worker processes, whichever connection they come on: each has a random number of its own.
package struct ProcessHistory: Sendable {
    /// Processes that were in a view of this coordinator.
    private var members: Set<UInt64> = []
    /// Processes that were members, answered, and got nothing done, perhaps because their way to this coordinator carries small messages
    /// only. Until when the others go on without them, and for how long the next time.
    private var penances: [UInt64: (until: Duration, next: Duration)] = [:]
    /// How often in a row a process was welcomed, said nothing on it, and ended the connection itself.
    private var unwelcomed: [UInt64: Int] = [:]

    /// Processes remembered: more than come and go in a long run.
    package static let most = 1 << 16
    private static let mostPenances = RunPlan.maximumWorkers
    /// How long the others first go on without one that answered and got nothing done.
    private static let firstPenance: Duration = .seconds(10)
    private static let longestPenance: Duration = .seconds(600)

    package init() {}

    package func wasMember(_ process: UInt64) -> Bool { members.contains(process) }

    package mutating func isMember(_ process: UInt64) { if members.count < Self.most { members.insert(process) } }

    /// Until when the run goes on without this process, and for how long the next time; nil where it does not.
    package func penance(of process: UInt64, at now: Duration) -> (until: Duration, next: Duration)? {
        penances[process].flatMap { $0.until > now ? $0 : nil }
    }

    /// The run goes on without this process for a while, twice as long the next time.
    package mutating func doPenance(_ process: UInt64, at now: Duration) {
        let length = penances[process]?.next ?? Self.firstPenance
        if penances.count >= Self.mostPenances { penances = penances.filter { $0.value.until > now } }
        penances[process] = (now + length, min(length * 2, Self.longestPenance))
    }

    /// How often in a row it has said nothing on its welcome.
    package func unwelcomed(_ process: UInt64) -> Int { unwelcomed[process, default: 0] }

    package mutating func leftUnwelcomed(_ process: UInt64) {
        if unwelcomed.count >= Self.most { unwelcomed = [:] }
        unwelcomed[process, default: 0] += 1
    }

    package mutating func isWelcomed(_ process: UInt64) { unwelcomed[process] = nil }
}
