/// Who gets the pieces of sums and states that members stream for a regrouping: the coordinator only hands them on.
package struct Relay {
    package enum Kind: Hashable, Sendable { case sum, state }

    private struct Way: Hashable {
        var kind: Kind
        var from: ConnectionID
    }

    private var targets: [Way: [ConnectionID]]
    private let order: UInt64

    /// - Parameters:
    ///   - order: the levelling it belongs to.
    ///   - other: what is under way already; it goes on beside this where it is of the same order, and is over otherwise.
    package init(_ kind: Kind, from source: ConnectionID, to targets: [ConnectionID], order: UInt64, with other: Relay?) {
        self.targets = other.flatMap { $0.order == order ? $0.targets : nil } ?? [:]
        self.order = order
        self.targets[Way(kind: kind, from: source)] = targets
    }

    /// Who is to have a piece that `source` has sent for `order`; nobody where it was not asked for it, or no longer.
    package func targets(_ kind: Kind, from source: ConnectionID, order: UInt64) -> [ConnectionID] {
        order == self.order ? targets[Way(kind: kind, from: source)] ?? [] : []
    }
}
