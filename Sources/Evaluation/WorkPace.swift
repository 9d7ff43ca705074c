import Synchronization

/// Told, before each piece of a long work, how much of it is done, from 0 to 1; what it throws ends the work.
///
/// It is called from whichever thread begins a piece, several at once: it must be quick.
public typealias WorkPace = @Sendable (_ done: Double) throws -> Void

/// Counts the pieces of one work for its pace.
final class WorkMeter: Sendable {
    private let total: Int
    private let done = Atomic<Int>(0)
    private let pace: WorkPace

    /// - Parameter total: pieces there are, of whatever size.
    init(total: Int, pace: @escaping WorkPace) {
        self.total = max(1, total)
        self.pace = pace
    }

    /// Before a piece that counts as so many.
    func begin(_ pieces: Int = 1) throws {
        let before = done.add(pieces, ordering: .relaxed).oldValue
        try pace(min(1, Double(before) / Double(total)))
    }
}
