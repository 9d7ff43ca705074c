/// What the parent says of the children that are this run's workers on one machine, and what they said of themselves.
package struct ChildRecords: Sendable {
    /// Children that have said hello.
    private var arrived: Set<UInt32> = []
    /// Why workers said, before the run began, that they cannot go on; by pid.
    private var lastWords: [UInt32: String] = [:]
    /// How they ended, by pid.
    private var ends: [UInt32: ChildEnd] = [:]
    /// Why no dead worker is replaced any more; nil while they are.
    package private(set) var noReplacement: String?
    /// How many dead workers are not.
    package private(set) var unreplaced = 0

    private static let mostWords = RunPlan.maximumWorkers
    /// How the last line of a worker's log is introduced.
    package static let logWords = "its log ends with: "

    package init() {}

    package func end(of pid: UInt32) -> ChildEnd? { ends[pid] }
    package func hasArrived(_ pid: UInt32) -> Bool { arrived.contains(pid) }
    package func words(of pid: UInt32) -> String? { lastWords[pid] }

    package mutating func arrives(_ pid: UInt32) { if arrived.count < ProcessHistory.most { arrived.insert(pid) } }

    package mutating func ended(_ pid: UInt32, _ end: ChildEnd) { ends[pid] = end }

    /// It has told the coordinator why it cannot go on.
    package mutating func said(_ pid: UInt32, _ words: String) { if lastWords.count < Self.mostWords { lastWords[pid] = words } }

    /// The last line of the child's log. What the child told the coordinator itself goes before it, since that names the worker as well.
    package mutating func logged(_ pid: UInt32, _ words: String) { if lastWords[pid] == nil { said(pid, Self.logWords + words) } }

    package mutating func isNotReplaced(_ reason: String) {
        noReplacement = reason
        unreplaced += 1
    }
}
