import Wire

/// How far a stream of pieces has come, by the bytes taken: what follows must be its next piece.
package struct StreamProgress: Sendable {
    package private(set) var offset: UInt64 = 0
    private var total: UInt64?
    private let limit: UInt64

    /// - Parameter limit: bytes that such a stream can have at most.
    package init(limit: UInt64) { self.limit = limit }

    package var isWhole: Bool { total == offset }

    /// Counts a piece.
    ///
    /// - Throws: `LocalError` for one that does not follow on the last, is longer than what was announced, or announces what cannot be.
    package mutating func take(_ piece: PiecePlace) throws {
        guard piece.total <= limit else {
            throw LocalError("it announces \(piece.total) bytes where there can be \(limit)")
        }
        guard total ?? piece.total == piece.total, piece.offset == offset, piece.count > 0 || piece.total == 0,
            piece.count <= piece.total - piece.offset
        else {
            throw LocalError(
                "its piece at \(piece.offset) of \(piece.total) bytes does not follow on the \(offset) of \(total ?? piece.total) that came before"
            )
        }
        total = piece.total
        offset += piece.count
    }
}

/// Where in its stream a piece lies, in bytes, as its sender says.
package struct PiecePlace: Sendable {
    package var offset: UInt64
    package var count: UInt64
    package var total: UInt64

    package init(offset: UInt64, count: UInt64, total: UInt64) {
        self.offset = offset
        self.count = count
        self.total = total
    }
}

extension ControlStateChunk {
    var place: PiecePlace { PiecePlace(offset: offset, count: UInt64(data.count), total: total) }
}

extension ControlSumChunk {
    var place: PiecePlace { PiecePlace(offset: offset, count: UInt64(data.count), total: total) }
}
