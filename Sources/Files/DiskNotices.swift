import Synchronization

/// Says once that the records of a run cannot be written, and once that they can again, however many files and lines are affected.
public final class DiskNotices: Sendable {
    private let warn: @Sendable (String) -> Void
    private let failing = Mutex<Set<String>>([])
    private let hasLost = Mutex(false)

    /// - Parameter warn: takes a sentence for the log and the terminal.
    public init(_ warn: @escaping @Sendable (String) -> Void = { _ in }) {
        self.warn = warn
    }

    /// A record could not be written.
    func failed(_ error: DiskError, file: String) {
        let isFirst = failing.withLock { $0.insert(file).inserted && $0.count == 1 }
        guard isFirst else { return }
        let wayOn = error.wayOn.isEmpty ? "" : "; \(error.wayOn)"
        warn("\(error.problem); records wait in memory and the run goes on, but it ends if a checkpoint cannot be written\(wayOn)")
    }

    /// The waiting records are written. `dropped` records were lost, since too many waited.
    func recovered(file: String, dropped: Int) {
        let isLast = failing.withLock { $0.remove(file) != nil && $0.isEmpty }
        if dropped > 0 { warn("\(file) can be written again, without \(dropped) records that were too many to wait") }
        if isLast, dropped == 0 { warn("records can be written again, and none was dropped") }
    }

    /// A file was closed while `records` records could not be written. Only the first such file is reported: the others are in the same state.
    func lost(_ error: DiskError, file: String, records: Int) {
        let isFirst = hasLost.withLock { hasLost in
            defer { hasLost = true }
            return !hasLost
        }
        guard isFirst else { return }
        let what = records > 0 ? "the last records (\(records)) did not reach \(file)" : "the end of \(file) may be missing"
        warn("\(what): \(error.problem); a run that goes on from a checkpoint records the steps after it again")
    }
}
