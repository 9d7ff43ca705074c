/// Which rows of the global minibatch a shard holds, and which shards a worker owns (design section 4): the one rule for both.
public enum ShardGeometry {
    /// Rows ⌊sB/S⌋ … ⌊(s+1)B/S⌋−1; empty where B is less than S.
    public static func rows(ofShard shard: Int, minibatch: Int, shards: Int) -> Range<Int> {
        precondition((0..<shards).contains(shard) && minibatch >= 0, "shard \(shard) of \(shards), minibatch \(minibatch)")
        return shard * minibatch / shards..<(shard + 1) * minibatch / shards
    }

    /// The shards of one of `members` workers: contiguous in the order of ranks, and as even as possible (their counts differ by one at most).
    ///
    /// Ranks beyond S are spares and get none. So spares are at the end of a ring; the ring's sums rely on this.
    public static func owned(by rank: Int, of members: Int, shards: Int) -> Range<Int> {
        precondition((0..<members).contains(rank), "rank \(rank) of \(members)")
        let working = min(members, shards)
        guard rank < working else { return shards..<shards }
        return rank * shards / working..<(rank + 1) * shards / working
    }

    /// How many of `members` workers own no shard: the last ranks.
    public static func spares(of members: Int, shards: Int) -> Int { max(0, members - shards) }

    /// The most rows that a shard can hold at this minibatch or a smaller one.
    public static func mostRows(minibatch: Int, shards: Int) -> Int { (minibatch + shards - 1) / shards }
}
