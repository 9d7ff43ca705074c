/// Which rows of the global minibatch a shard holds, and which shards a worker owns (design section 4).
public enum ShardGeometry {
    /// Rows ⌊sB/S⌋ … ⌊(s+1)B/S⌋−1; empty where B is less than S.
    public static func rows(ofShard shard: Int, minibatch: Int, shards: Int) -> Range<Int> {
        precondition((0..<shards).contains(shard) && minibatch >= 0, "shard \(shard) of \(shards), minibatch \(minibatch)")
        return shard * minibatch / shards..<(shard + 1) * minibatch / shards
    }

    /// The contiguous shards of one of `members` workers; empty for workers beyond S, the hot spares.
    public static func owned(by rank: Int, of members: Int, shards: Int) -> Range<Int> {
        precondition((0..<members).contains(rank), "rank \(rank) of \(members)")
        let working = min(members, shards)
        guard rank < working else { return shards..<shards }
        return rank * shards / working..<(rank + 1) * shards / working
    }

    /// The most rows that a shard can hold at this minibatch or a smaller one.
    public static func mostRows(minibatch: Int, shards: Int) -> Int { (minibatch + shards - 1) / shards }

    /// Cuts a whole minibatch into its shards.
    ///
    /// - Parameters:
    ///   - images: rows × pixels bytes.
    ///   - labels: one a row.
    public static func cut(images: [UInt8], labels: [UInt8], pixels: Int, shards: Int) -> [ShardImages] {
        precondition(images.count == labels.count * pixels, "\(images.count) bytes for \(labels.count) images of \(pixels)")
        return (0..<shards).map { shard in
            let rows = rows(ofShard: shard, minibatch: labels.count, shards: shards)
            return ShardImages(
                shard: shard, rows: rows, images: Array(images[rows.lowerBound * pixels..<rows.upperBound * pixels]),
                labels: Array(labels[rows]))
        }
    }
}

/// One shard's part of a minibatch.
public struct ShardImages: Sendable {
    public let shard: Int
    /// Rows of the global minibatch.
    public let rows: Range<Int>
    /// rows × pixels bytes, 255 = 1.
    public let images: [UInt8]
    /// One a row.
    public let labels: [UInt8]

    public init(shard: Int, rows: Range<Int>, images: [UInt8], labels: [UInt8]) {
        precondition(labels.count == rows.count, "\(labels.count) labels for \(rows.count) rows")
        self.shard = shard
        self.rows = rows
        self.images = images
        self.labels = labels
    }
}
