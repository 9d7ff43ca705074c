import Autoencoder
import Kernels
import SwiftProtobuf
import Waiting
import Wire

import struct Foundation.Data

/// The images of one batch message: packed by the coordinator, unpacked by the worker.
public enum BatchImages {
    /// A worker's shards of a step as a message.
    ///
    /// - Parameters:
    ///   - minibatch: rows of the global minibatch of the images.
    ///   - shards: for every stream that the run has, the same shards in ascending order.
    package static func pack(step: UInt64, minibatch: Int, shards: [Stream: [ShardImages]]) -> ControlBatch {
        let streams = Stream.allCases.compactMap { stream in shards[stream].map { (stream: stream, shards: $0) } }
        return ControlBatch.with { message in
            message.step = step
            message.batch = UInt32(minibatch)
            message.parts = streams.flatMap { stream, shards in
                shards.map { shard in
                    ControlShardPart.with {
                        $0.shard = UInt32(shard.shard)
                        $0.firstRow = UInt32(shard.rows.lowerBound)
                        $0.rows = UInt32(shard.rows.count)
                        $0.stream = UInt32(stream.rawValue)
                    }
                }
            }
            let pixels = streams.flatMap { $0.shards.flatMap(\.images) }
            message.images = pixels.isEmpty ? Data() : Data(Zstd.compress(pixels))
            message.labels = Data(streams.flatMap { $0.shards.flatMap(\.labels) })
        }
    }

    /// Back to shards; every count is checked against the geometry both sides know.
    ///
    /// - Parameters:
    ///   - settings: the run's, which say what streams a step has and how many rows of each.
    ///   - owned: this worker's shards.
    /// - Returns: for every stream that the run has, this worker's shards in ascending order.
    /// - Throws: `LocalError` for a message that is not what this worker's shards need; `ZstdError`.
    package static func unpack(
        _ message: ControlBatch, _ settings: TrainingSettings, shards owned: Range<Int>
    ) throws -> [Stream: [ShardImages]] {
        let streams = try streams(of: message, settings, owned)
        let pixels = settings.pixels
        let rows = message.parts.reduce(0) { $0 + Int($1.rows) }
        guard message.labels.count == rows else {
            throw LocalError("the images of step \(message.step) come with \(message.labels.count) labels for \(rows) rows")
        }
        let bytes = rows == 0 ? [] : try Zstd.decompress([UInt8](message.images), limit: rows * pixels)
        guard bytes.count == rows * pixels else {
            throw LocalError(
                "step \(message.step) brought \(bytes.count) bytes of images where \(rows) rows of \(pixels) pixels are due")
        }
        let labels = [UInt8](message.labels)
        var images = Dictionary(uniqueKeysWithValues: settings.streams.map { ($0, [ShardImages]()) })
        var first = 0
        for (stream, part) in zip(streams, message.parts) {
            let count = Int(part.rows)
            images[stream]?.append(
                ShardImages(
                    shard: Int(part.shard), rows: Int(part.firstRow)..<Int(part.firstRow) + count,
                    images: Array(bytes[first * pixels..<(first + count) * pixels]), labels: Array(labels[first..<first + count])))
            first += count
        }
        // The labels of other streams are never used; only their presence matters.
        let classes = settings.model.classes
        if let label = images[.labelled]?.lazy.flatMap(\.labels).first(where: { $0 >= classes }) {
            throw LocalError("a labelled image of step \(message.step) has the label \(label), of \(classes) classes")
        }
        return images
    }

    /// The stream of each part. Checks the parts' shards and rows before anything is unpacked for them.
    private static func streams(
        of message: ControlBatch, _ settings: TrainingSettings, _ owned: Range<Int>
    ) throws -> [Stream] {
        let known = settings.streams
        let streams = try message.parts.map { part in
            guard let stream = Stream(rawValue: Int(part.stream)), known.contains(stream) else {
                throw LocalError("the images of step \(message.step) are of stream \(part.stream), which this run has not")
            }
            return stream
        }
        for stream in known {
            let parts = zip(streams, message.parts).filter { $0.0 == stream }.map(\.1)
            guard parts.map({ Int($0.shard) }) == Array(owned) else {
                throw LocalError(
                    "the images of step \(message.step) are of shards \(parts.map(\.shard)), this worker owns \(owned)")
            }
            let minibatch = settings.minibatchSize(of: stream, ofStep: message.step)
            let isCutAlike = parts.allSatisfy { part in
                let rows = ShardGeometry.rows(ofShard: Int(part.shard), minibatch: minibatch, shards: settings.shards)
                return rows == Int(part.firstRow)..<Int(part.firstRow) + Int(part.rows)
            }
            guard isCutAlike, stream != .images || message.batch == UInt32(minibatch) else {
                throw LocalError("the images of step \(message.step) are cut in another way than this run's")
            }
        }
        return streams
    }
}
