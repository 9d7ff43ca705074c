/// Which members can stand in a ring, and in which order, when some pairs have failed each other.
package struct RingOrder {
    /// Members by worker number, in order.
    let members: [UInt32]
    /// (dialler, dialled) that may not be neighbours in this direction.
    let barred: Set<Pair>

    /// One worker dials another.
    package struct Pair: Hashable, Sendable {
        package var from: UInt32
        package var to: UInt32

        package init(from: UInt32, to: UInt32) {
            self.from = from
            self.to = to
        }

        var reversed: Pair { Pair(from: to, to: from) }
        /// The same two, whoever dials; the summation server (0) last.
        var unordered: Pair { to != 0 && (from == 0 || from > to) ? reversed : self }
    }

    package init(members: [UInt32], barred: Set<Pair>) {
        self.members = members
        self.barred = barred
    }

    /// Steps of the search before it gives a set of members up: far more than a few bad pairs need.
    private static let budget = 20_000

    /// The largest ring it finds, in order of rank, without the members that are in the most barred pairs.
    package func arranged() -> [UInt32] {
        var remaining = members
        while remaining.count > 1 {
            if let ring = ring(of: remaining) { return ring }
            let trouble = { (member: UInt32) in
                barred.count { ($0.from == member || $0.to == member) && remaining.contains($0.from) && remaining.contains($0.to) }
            }
            // Among equals, the one that came last stands aside.
            guard let worst = remaining.max(by: { (trouble($0), $0) < (trouble($1), $1) }) else { break }
            remaining.removeAll { $0 == worst }
        }
        return remaining
    }

    private func ring(of members: [UInt32]) -> [UInt32]? {
        if barred.isEmpty { return members }
        var path = [members[0]]
        var rest = Array(members.dropFirst())
        var steps = 0
        return extend(&path, &rest, &steps) ? path : nil
    }

    /// Depth first: each next member must be one that the last may dial, and the last one may dial the first.
    private func extend(_ path: inout [UInt32], _ rest: inout [UInt32], _ steps: inout Int) -> Bool {
        steps += 1
        guard steps < Self.budget else { return false }
        if rest.isEmpty { return !barred.contains(Pair(from: path[path.count - 1], to: path[0])) }
        for index in rest.indices where !barred.contains(Pair(from: path[path.count - 1], to: rest[index])) {
            let next = rest.remove(at: index)
            path.append(next)
            if extend(&path, &rest, &steps) { return true }
            path.removeLast()
            rest.insert(next, at: index)
        }
        return false
    }
}
