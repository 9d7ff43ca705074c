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
    /// The weight as portable products read it; nil where a library's are taken.
    private let panels: PortableProducts.Panels?

    /// - Parameter panels: of the weight, packed, for portable products.
    public init(weight: Matrix, bias: Slice<Float>?, isRectified: Bool, panels: PortableProducts.Panels? = nil) {
        precondition(bias?.count ?? weight.rows == weight.rows, "a bias of another width")
        precondition(bias != nil || !isRectified, "ReLU stands behind what is normalised, not before it")
        self.weight = weight
        self.bias = bias
        self.isRectified = isRectified
        self.panels = panels
    }

    /// The outputs; a library's products are taken shard by shard: only then does no bit of them depend on how shards lie together.
    ///
    /// - Parameters:
    ///   - x: (B, I).
    ///   - y: (B, O), overwritten.
    ///   - blocks: the shards' rows.
    public func forward(_ x: Matrix, into y: Matrix, blocks: RowBlocks) {
        precondition(x.rows == blocks.rows && x.columns == weight.columns, "input of (\(x.rows), \(x.columns))")
        if let panels { return PortableProducts.forward(x, panels, bias: bias, isRectified: isRectified, into: y) }
        for rows in blocks.ranges where !rows.isEmpty {
            let output = y.rows(rows)
            Products.forward(x.rows(rows), weight, into: output)
            guard let bias else { continue }
            if isRectified { Elementwise.addBiasReLU(output, bias) } else { Elementwise.addBias(output, bias) }
        }
    }

    /// Delivers the parameters' gradients shard by shard, the bias' first, and gives that of the input.
    ///
    /// - Parameters:
    ///   - dy: (B, O), of the loss summed over rows; where the layer is rectified, it is overwritten by the gradient before the ReLU.
    ///   - x: (B, I), as in the forward pass.
    ///   - y: (B, O), what that gave.
    ///   - dx: (B, I), receives the gradient of the input; nil where nobody wants it.
    ///   - delivery: where the gradients go, the weight's tensor being its first; nil where the phase does not change the layer.
    ///   - addition: what the weight gets beside.
    ///   - tile: for one shard's gradient of the weight, at least O · I.
    public func backward(
        _ dy: Matrix, input x: Matrix, output y: Matrix, blocks: RowBlocks, into dx: Matrix?, delivery: Delivery?,
        adding addition: Addition? = nil, tile: Slice<Float>
    ) {
        if isRectified {
            for rows in blocks.ranges where !rows.isEmpty {
                Elementwise.reluBackward(dy.rows(rows).values, output: y.rows(rows).values)
            }
        }
        if let delivery { deliver(dy, x, blocks, tile, addition, to: delivery) }
        guard let dx else { return }
        guard panels == nil else { return PortableProducts.backwardInput(dy, weight, into: dx) }
        for rows in blocks.ranges where !rows.isEmpty {
            Products.backwardInput(dy.rows(rows), weight, into: dx.rows(rows))
        }
    }

    /// A gradient of the weight that comes from no row: one shard brings it, which must not be empty.
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
        _ dy: Matrix, _ x: Matrix, _ blocks: RowBlocks, _ tile: Slice<Float>, _ addition: Addition?, to delivery: Delivery
    ) {
        let (sink, first) = (delivery.sink, delivery.firstTensor)
        for (shard, rows) in zip(blocks.shards, blocks.ranges) {
            if rows.isEmpty {
                if bias != nil { sink.deliverNothing(tensor: first + 1, shard: shard) }
                sink.deliverNothing(tensor: first, shard: shard)
                continue
            }
            if bias != nil {
                let db = tile[0..<dy.columns]
                Elementwise.columnSums(dy.rows(rows), into: db)
                sink.deliver(tensor: first + 1, gradient: db, shard: shard)
            }
            let dw = Matrix(tile[0..<dy.columns * x.columns], rows: dy.columns, columns: x.columns)
            if panels == nil {
                Products.backwardWeight(dy.rows(rows), x.rows(rows), into: dw)
            } else {
                PortableProducts.backwardWeight(dy.rows(rows), x.rows(rows), into: dw)
            }
            if let addition, addition.shard == shard { Elementwise.axpy(1, addition.gradient.values, into: dw.values) }
            sink.deliver(tensor: first, gradient: dw.values, shard: shard)
        }
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
