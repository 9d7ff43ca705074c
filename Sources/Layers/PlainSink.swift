import Kernels
import Synchronization

/// Adds gradients as plain floats, in shard order whatever their order of arrival; for tests.
public final class PlainSink: GradientSink {
    private let tensors: [TensorSpec]
    private let parts = Mutex<[Int: Storage<Float>]>([:])

    /// - Parameter tensors: the phase's tensors with their ranges in its flat gradient.
    public init(tensors: [TensorSpec]) {
        self.tensors = tensors
    }

    public func deliver(tensor: Int, gradient: Slice<Float>, shard: Int) {
        let range = tensors[tensor].range
        precondition(gradient.count == range.count, "\(tensors[tensor].name): \(gradient.count) values")
        parts.withLock { parts in
            let part = parts[shard] ?? Storage<Float>(count: tensors.last!.range.upperBound)
            parts[shard] = part
            part[range].copy(from: gradient)
        }
    }

    public func deliverNothing(tensor: Int, shard: Int) {}

    /// The flat gradient: the shards' parts added in order of shard.
    public func sum() -> [Float] {
        parts.withLock { parts in
            var sum = [Float](repeating: 0, count: tensors.last?.range.upperBound ?? 0)
            for shard in parts.keys.sorted() {
                for (index, value) in parts[shard]!.all.array.enumerated() { sum[index] += value }
            }
            return sum
        }
    }
}
