/// Who gets the pieces of sums and states that members stream for a regrouping: the coordinator hands them on, where they are what
/// was asked for.
package struct Relay {
    package enum Kind: Hashable, Sendable { case sum, state }

    private struct Way: Hashable {
        var kind: Kind
        var from: ConnectionID
    }

    private struct Stream {
        var targets: [ConnectionID]
        /// The step whose state, or the applied phases whose sum, was asked for.
        var what: UInt64
        var progress: StreamProgress
    }

    private var streams: [Way: Stream]
    private let order: UInt64

    /// - Parameters:
    ///   - what: the step whose state, or the applied phases whose sum, the source was asked for.
    ///   - order: the levelling it belongs to.
    ///   - limit: bytes of the longest such stream there can be.
    ///   - other: what is under way already; it goes on beside this where it is of the same order, and is over otherwise.
    package init(
        _ kind: Kind, of what: UInt64, from source: ConnectionID, to targets: [ConnectionID], order: UInt64, limit: UInt64,
        with other: Relay?
    ) {
        streams = other.flatMap { $0.order == order ? $0.streams : nil } ?? [:]
        self.order = order
        streams[Way(kind: kind, from: source)] = Stream(targets: targets, what: what, progress: StreamProgress(limit: limit))
    }

    /// Who is to have a piece that `source` has sent for `order`; nobody where it was not asked for it, or no longer.
    ///
    /// - Throws: `PieceFault` where the piece is not the next of what was asked for: nobody gets it, nor what follows.
    package mutating func receivers(
        _ kind: Kind, of what: UInt64, from source: ConnectionID, order: UInt64, _ piece: PiecePlace
    ) throws(PieceFault) -> [ConnectionID] {
        let way = Way(kind: kind, from: source)
        guard order == self.order, var stream = streams.removeValue(forKey: way) else { return [] }
        guard what == stream.what else {
            throw .another(what, wanted: stream.what)
        }
        try stream.progress.advance(by: piece)
        if !stream.progress.isWhole { streams[way] = stream }
        return stream.targets
    }
}
