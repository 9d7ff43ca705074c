/// The rows of several shards, one shard after the other, in a matrix of B rows.
///
/// Products are made block by block, so that a shard's gradient does not depend on its neighbours.
public struct RowBlocks: Sendable, Hashable {
    /// Numbers of the shards in the global minibatch.
    public let shards: [Int]
    /// Rows of each shard; contiguous from 0; may be empty.
    public let ranges: [Range<Int>]

    public init(shards: [Int], counts: [Int]) {
        precondition(shards.count == counts.count, "one count a shard")
        self.shards = shards
        var next = 0
        self.ranges = counts.map { count in
            defer { next += count }
            return next..<next + count
        }
    }

    /// B, the rows of all blocks.
    public var rows: Int { ranges.last?.upperBound ?? 0 }

    /// The same shards with `factor` times as many rows each.
    public func scaled(by factor: Int) -> RowBlocks {
        RowBlocks(shards: shards, counts: ranges.map { $0.count * factor })
    }
}
