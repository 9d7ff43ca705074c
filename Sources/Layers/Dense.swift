import Kernels

// Shapes of this file: B rows of the matrix that holds all shards' blocks, I inputs and O outputs of the layer.

/// A dense layer, with ReLU behind it or none: y = x Wᵀ + b.
///
/// Its parameters lie in the flat buffer of its network. Lanes read them at the same time; only an update, between phases, writes.
public struct Dense: Sendable {
    /// (O, I)
    public let weight: Matrix
    /// (O); nil where a batch norm follows, whose β takes its place, or where the layer is linear through the origin.
    public let bias: Slice<Float>?
    public let isRectified: Bool
    private let arithmetic: Arithmetic

    public init(weight: Matrix, bias: Slice<Float>?, isRectified: Bool, _ arithmetic: Arithmetic) {
        precondition(bias?.count ?? weight.rows == weight.rows, "a bias of another width")
        precondition(bias != nil || !isRectified, "ReLU stands behind what is normalised, not before it")
        self.weight = weight
        self.bias = bias
        self.isRectified = isRectified
        self.arithmetic = arithmetic
    }

    /// Computes the outputs. A library's products are taken shard by shard, since only then are their bits independent of how shards are arranged.
    ///
    /// - Parameters:
    ///   - x: (B, I).
    ///   - y: (B, O), overwritten.
    ///   - blocks: the shards' rows.
    ///   - team: shares the product; for portable products.
    public func forward(_ x: Matrix, into y: Matrix, blocks: RowBlocks, team: ThreadTeam? = nil) {
        precondition(x.rows == blocks.rows && x.columns == weight.columns, "input of (\(x.rows), \(x.columns))")
        guard arithmetic.engine == .openblas else {
            return PortableProducts.forward(
                x, weight, bias: bias, isRectified: isRectified, arithmetic.precision, team: team, into: y)
        }
        for rows in blocks.ranges where !rows.isEmpty {
            let output = y.rows(rows)
            Products.forward(x.rows(rows), weight, into: output)
            guard let bias else { continue }
            if isRectified { Elementwise.addBiasReLU(output, bias) } else { Elementwise.addBias(output, bias) }
        }
    }

    /// Delivers the parameters' gradients shard by shard, the bias' first, and computes that of the input.
    ///
    /// - Parameters:
    ///   - dy: (B, O), of the loss summed over rows; where the layer is rectified, it is overwritten with the gradient before the ReLU, unless it is
    ///     that already.
    ///   - x: (B, I), as in the forward pass.
    ///   - y: (B, O), the output of the forward pass.
    ///   - dx: (B, I), receives the gradient of the input; nil where it is not wanted.
    ///   - delivery: where the gradients go, the weight's tensor being its first; nil where the phase does not change the layer.
    ///   - addition: a further gradient of the weight.
    ///   - tile: for one shard's gradient of the weight, at least O · I, and as much as `WeightProduct` needs.
    ///   - team: shares the products; for portable ones.
    ///   - isBeforeReLU: whether `dy` is already the gradient before the layer's ReLU.
    ///   - entersReLU: whether `x` comes from a ReLU whose derivative `dx` is to have already; for portable products.
    public func backward(
        _ dy: Matrix, input x: Matrix, output y: Matrix, blocks: RowBlocks, into dx: Matrix?, delivery: Delivery?,
        adding addition: Addition? = nil, tile: Slice<Float>, team: ThreadTeam? = nil, isBeforeReLU: Bool = false,
        entersReLU: Bool = false
    ) {
        if isRectified, !isBeforeReLU {
            for rows in blocks.ranges where !rows.isEmpty {
                Elementwise.reluBackward(dy.rows(rows).values, output: y.rows(rows).values)
            }
        }
        if let delivery { deliver(dy, x, blocks, tile, team, addition, to: delivery) }
        guard let dx else { return }
        guard arithmetic.engine == .openblas else {
            return PortableProducts.backwardInput(
                dy, weight, behind: entersReLU ? x : nil, arithmetic.precision, team: team, into: dx)
        }
        precondition(!entersReLU, "a library's products know no ReLU")
        for rows in blocks.ranges where !rows.isEmpty {
            Products.backwardInput(dy.rows(rows), weight, into: dx.rows(rows))
        }
    }

    /// A gradient of the weight that comes from no row. One shard adds it, which must not be empty.
    public struct Addition: Sendable {
        let shard: Int
        /// (O, I)
        let gradient: Matrix

        public init(shard: Int, gradient: Matrix) {
            self.shard = shard
            self.gradient = gradient
        }
    }

    private func deliver(
        _ dy: Matrix, _ x: Matrix, _ blocks: RowBlocks, _ tile: Slice<Float>, _ team: ThreadTeam?, _ addition: Addition?,
        to delivery: Delivery
    ) {
        let (sink, first) = (delivery.sink, delivery.firstTensor)
        if bias != nil {
            for (shard, rows) in zip(blocks.shards, blocks.ranges) {
                if rows.isEmpty {
                    sink.deliverNothing(tensor: first + 1, shard: shard)
                    continue
                }
                let db = tile[0..<dy.columns]
                Elementwise.columnSums(dy.rows(rows), into: db)
                sink.deliver(tensor: first + 1, gradient: db, shard: shard)
            }
        }
        let product = WeightProduct(
            dy: dy, x: x, blocks: blocks, arithmetic: arithmetic, team: team, addition: addition, tile: tile)
        sink.deliver(tensor: first, product: product)
    }
}

/// Where a backward pass delivers, and which of the phase's tensors is the layer's first.
public struct Delivery: Sendable {
    public let sink: any GradientSink
    public let firstTensor: Int

    public init(sink: any GradientSink, firstTensor: Int) {
        self.sink = sink
        self.firstTensor = firstTensor
    }
}
