/// Copies of the state that were asked for and are on their way in: which pieces belong to them.
package struct IncomingCopies: Sendable {
    package enum Outcome: Equatable, Sendable {
        /// Of a copy that nobody waits for any more, or the rest of a stream that was given up.
        case unwanted
        /// The next piece; one at 0 begins the copy, whatever came of it before.
        case more
        /// The last piece, and what the copy was asked for.
        case whole(SnapshotPurposes)
    }

    private struct Copy: Sendable {
        var purposes: SnapshotPurposes
        /// Nil before the first piece.
        var progress: StreamProgress?
    }

    private var copies: [UInt64: Copy] = [:]
    private let limit: UInt64

    /// - Parameter limit: bytes of the longest copy there can be.
    package init(limit: UInt64) { self.limit = limit }

    /// The copy after `step` steps was asked for; its stream begins anew.
    package mutating func expect(step: UInt64, _ purposes: SnapshotPurposes) { copies[step] = Copy(purposes: purposes) }

    /// The copy will not come.
    package mutating func forget(step: UInt64) { copies[step] = nil }

    /// - Throws: `PieceFault` for a piece that does not follow on the last, or past the announced length.
    package mutating func receive(step: UInt64, _ piece: PiecePlace) throws(PieceFault) -> Outcome {
        guard var copy = copies[step], copy.progress != nil || piece.offset == 0 else { return .unwanted }
        var progress = piece.offset == 0 ? StreamProgress(limit: limit) : copy.progress!
        try progress.advance(by: piece)
        copy.progress = progress
        copies[step] = progress.isWhole ? nil : copy
        return progress.isWhole ? .whole(copy.purposes) : .more
    }
}
