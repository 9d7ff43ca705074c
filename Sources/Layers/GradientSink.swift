import Kernels

/// Where a backward pass delivers the gradient of one tensor from one shard.
///
/// Two of them exist: the integer accumulator of the exact sum, and plain floats for tests and replay.
public protocol GradientSink: AnyObject, Sendable {
    /// Takes a gradient, the sum over the shard's rows. Called from any lane's thread; `gradient` is reused afterwards.
    ///
    /// - Parameters:
    ///   - tensor: index among the phase's tensors.
    ///   - shard: number in the global minibatch.
    func deliver(tensor: Int, gradient: Slice<Float>, shard: Int)

    /// An empty shard's delivery: it is counted and adds nothing.
    func deliverNothing(tensor: Int, shard: Int)

    /// Takes the gradients of a weight of all shards of a lane.
    func deliver(tensor: Int, product: WeightProduct)
}

extension GradientSink {
    public func deliver(tensor: Int, product: WeightProduct) {
        product.deliverEachShard(to: self, tensor: tensor)
    }
}
