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
    /// - Throws: `PieceFault` for one that does not follow on the last, is longer than what was announced, or announces what cannot be.
    package mutating func advance(by piece: PiecePlace) throws(PieceFault) {
        guard piece.total <= limit else {
            throw .tooLong(announced: piece.total, limit: limit)
        }
        guard total ?? piece.total == piece.total, piece.offset == offset, piece.count > 0 || piece.total == 0,
            piece.count <= piece.total - piece.offset
        else {
            throw .outOfOrder(piece, came: offset, of: total ?? piece.total)
        }
        total = piece.total
        offset += piece.count
    }
}

/// Where in its stream a piece lies, in bytes, as its sender says.
package struct PiecePlace: Sendable, Equatable {
    package var offset: UInt64
    package var count: UInt64
    package var total: UInt64

    package init(offset: UInt64, count: UInt64, total: UInt64) {
        self.offset = offset
        self.count = count
        self.total = total
    }
}

/// A piece that is not the next of its stream.
package enum PieceFault: Error, Equatable, Sendable {
    /// It announces too many bytes.
    case tooLong(announced: UInt64, limit: UInt64)
    case outOfOrder(PiecePlace, came: UInt64, of: UInt64)
    /// It belongs to another step's state, or to the sum of other phases.
    case another(UInt64, wanted: UInt64)
}

extension PieceFault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .tooLong(let announced, let limit): "it announces \(announced) bytes where there can be \(limit)"
        case .outOfOrder(let piece, let came, let total):
            "its piece at \(piece.offset) of \(piece.total) bytes does not follow on the \(came) of \(total) that came before"
        case .another(let what, let wanted): "it sends what belongs to \(what) where \(wanted) was asked for"
        }
    }
}

extension ControlStateChunk {
    var place: PiecePlace { PiecePlace(offset: offset, count: UInt64(data.count), total: total) }
}

extension ControlSumChunk {
    var place: PiecePlace { PiecePlace(offset: offset, count: UInt64(data.count), total: total) }
}
