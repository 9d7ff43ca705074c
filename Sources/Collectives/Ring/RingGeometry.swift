/// Who sends what to whom on a ring of `world` members, seen from `rank`.
///
/// At hop h, 0 ≤ h < 2·(world − 1), the member of rank (b + h) mod world sends chunk c to its successor, where b is the rank at which the chunk
/// begins. The first world − 1 hops are the reduce-scatter (the receiver adds), the others the all-gather (the receiver replaces and forwards).
///
/// Where every member has a part of the sum, chunk c begins at rank c, so that all links carry as much. Where the last ranks are spares, whose
/// part is zero, every chunk begins at the first of them. A chunk of zeros is a header alone, so a partial sum crosses no link between spares,
/// and the whole sum crosses each link once. Either way a chunk passes every member before it is whole: nobody comes two phases ahead of another.
///
/// Two members with something to add are a case of their own: each sends all that it has, in one hop, and adds what comes. Each link carries
/// as many elements as before, and parts are shorter than sums.
package struct RingGeometry: Sendable {
    package let rank: Int
    package let world: Int
    /// Ranks from here on have nothing to add.
    package let active: Int

    package init(rank: Int, world: Int, spares: Int = 0) {
        precondition(spares >= 0 && spares < world, "\(spares) of \(world) members without a part")
        self.rank = rank
        self.world = world
        active = world - spares
    }

    /// Two members that send each other all they have.
    var isDirect: Bool { world == 2 && active == world }
    /// Chunks that a bucket is cut into.
    package var chunks: Int { isDirect ? 1 : world }

    /// The rank at which a chunk begins.
    private func beginning(_ chunk: Int) -> Int { active == world ? chunk : active }
    /// The chunks that this member sends first.
    var own: Range<Int> {
        if isDirect { return 0..<1 }
        return active == world ? rank..<rank + 1 : rank == active ? 0..<world : 0..<0
    }
    /// Frames of a bucket that this member sends.
    var sends: Int { isDirect ? 1 : (0..<world).reduce(0) { $0 + visits(from: beginning($1), at: rank) } }
    /// Frames of a bucket that come to it.
    var receives: Int { isDirect ? 1 : (0..<world).reduce(0) { $0 + visits(from: beginning($1) + 1, at: rank) } }

    /// How many of the hops pass a rank, where the first is at `start`.
    private func visits(from start: Int, at rank: Int) -> Int {
        let first = ((rank - start) % world + world) % world
        return first + world < hops ? 2 : first < hops ? 1 : 0
    }

    package var hops: Int { isDirect ? 1 : 2 * (world - 1) }
    package func reduces(_ hop: Int) -> Bool { hop < world - 1 }
    /// Whether a chunk arrives here at this hop.
    func arrives(_ chunk: Int, hop: Int) -> Bool { isDirect || (beginning(chunk) + hop + 1) % world == rank }
    /// Whether the chunk is the whole sum here after this hop.
    func completes(_ hop: Int) -> Bool { hop >= world - 2 }
    package func isLast(_ hop: Int) -> Bool { hop == hops - 1 }
}
