import Autoencoder
import Foundation
import Wire

/// The images of one batch message: packed by the coordinator, unpacked by the worker.
enum BatchImages {
    /// A worker's shards of one minibatch as a message.
    static func pack(step: UInt64, minibatch: Int, shards: [ShardImages]) -> ControlBatch {
        ControlBatch.with { message in
            message.step = step
            message.batch = UInt32(minibatch)
            message.parts = shards.map { shard in
                ControlShardPart.with {
                    $0.shard = UInt32(shard.shard)
                    $0.firstRow = UInt32(shard.rows.lowerBound)
                    $0.rows = UInt32(shard.rows.count)
                }
            }
            let pixels = shards.flatMap(\.images)
            message.images = pixels.isEmpty ? Data() : Data(Zstd.compress(pixels))
            message.labels = Data(shards.flatMap(\.labels))
        }
    }

    /// Back to shards; every count is checked against the geometry both sides know.
    ///
    /// - Throws: `LocalError` for a message that is not what this worker's shards need; `ZstdError`.
    static func unpack(_ message: ControlBatch, pixels: Int, shards owned: Range<Int>) throws -> [ShardImages] {
        guard message.parts.map({ Int($0.shard) }) == Array(owned) else {
            throw LocalError(
                "the images of step \(message.step) are of shards \(message.parts.map(\.shard)), this worker owns \(owned)")
        }
        let rows = message.parts.reduce(0) { $0 + Int($1.rows) }
        guard rows <= Int(message.batch), message.labels.count == rows else {
            throw LocalError("the images of step \(message.step) come with \(message.labels.count) labels for \(rows) rows")
        }
        let bytes = rows == 0 ? [] : try Zstd.decompress([UInt8](message.images), limit: rows * pixels)
        guard bytes.count == rows * pixels else {
            throw LocalError(
                "step \(message.step) brought \(bytes.count) bytes of images where \(rows) rows of \(pixels) pixels are due")
        }
        let labels = [UInt8](message.labels)
        var first = 0
        return message.parts.map { part in
            let count = Int(part.rows)
            defer { first += count }
            return ShardImages(
                shard: Int(part.shard), rows: Int(part.firstRow)..<Int(part.firstRow) + count,
                images: Array(bytes[first * pixels..<(first + count) * pixels]), labels: Array(labels[first..<first + count]))
        }
    }
}
