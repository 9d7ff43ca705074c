import Synchronization

/// Called before each piece of a long computation with the share that is done, from 0 to 1; throwing ends the computation.
///
/// The thread that begins a piece calls it, several at once: it must be quick.
public typealias WorkPace = @Sendable (_ done: Double) throws -> Void

/// Counts the pieces of one work for its pace.
final class WorkMeter: Sendable {
    private let total: Int
    private let done = Atomic<Int>(0)
    private let pace: WorkPace

    /// - Parameter total: the number of pieces, in any unit.
    init(total: Int, pace: @escaping WorkPace) {
        self.total = max(1, total)
        self.pace = pace
    }

    /// Called before a piece that counts as `pieces`.
    func begin(_ pieces: Int = 1) throws {
        let before = done.add(pieces, ordering: .relaxed).oldValue
        try pace(min(1, Double(before) / Double(total)))
    }
}
