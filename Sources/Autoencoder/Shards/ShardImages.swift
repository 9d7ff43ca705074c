import Kernels

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

extension ShardGeometry {
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
