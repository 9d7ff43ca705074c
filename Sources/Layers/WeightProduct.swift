import Kernels

// Shapes of this file: B rows of the matrix that holds all shards' blocks, I inputs and O outputs of the layer.

/// The gradients of a dense layer's weight, dYᵀ·X of each shard's rows. The sink computes the product, so that it may round it as it is made.
public struct WeightProduct {
    /// (B, O)
    public let dy: Matrix
    /// (B, I)
    public let x: Matrix
    public let blocks: RowBlocks
    public let arithmetic: Arithmetic
    /// Threads that share each product; for portable ones.
    public let team: ThreadTeam?
    /// A further gradient that one shard adds.
    public let addition: Dense.Addition?
    /// For one shard's gradient, at least O · I and `ExactProduct.scratchElements` for each thread.
    public let tile: Slice<Float>

    /// Computes each shard's gradient (O, I), nil for an empty shard, and passes it to `body`, which must not keep it.
    private func eachShard(_ body: (_ shard: Int, _ gradient: Slice<Float>?) -> Void) {
        for (shard, rows) in zip(blocks.shards, blocks.ranges) {
            guard !rows.isEmpty else {
                body(shard, nil)
                continue
            }
            let dw = Matrix(tile[0..<dy.columns * x.columns], rows: dy.columns, columns: x.columns)
            switch arithmetic.engine {
            case .openblas: Products.backwardWeight(dy.rows(rows), x.rows(rows), into: dw)
            case .portable: PortableProducts.backwardWeight(dy.rows(rows), x.rows(rows), arithmetic.precision, team: team, into: dw)
            }
            if let addition, addition.shard == shard { Elementwise.axpy(1, addition.gradient.values, into: dw.values) }
            body(shard, dw.values)
        }
    }

    /// Delivers the shards' gradients one by one.
    func deliverEachShard(to sink: any GradientSink, tensor: Int) {
        eachShard { shard, gradient in
            if let gradient {
                sink.deliver(tensor: tensor, gradient: gradient, shard: shard)
            } else {
                sink.deliverNothing(tensor: tensor, shard: shard)
            }
        }
    }

    /// The same as a product that is added to its exact sum as it is made, and the shards without rows; nil where each gradient has to be computed
    /// first.
    func exact() -> (product: ExactProduct, empty: [Int])? {
        guard arithmetic.engine == .portable, addition == nil else { return nil }
        guard blocks.ranges.allSatisfy({ $0.count <= ExactProduct.mostRows }) else { return nil }
        var (rows, shards, empty) = (blocks.ranges, blocks.shards, [Int]())
        if rows.contains(where: \.isEmpty) {
            let places = rows.indices
            empty = places.filter { rows[$0].isEmpty }.map { shards[$0] }
            shards = places.filter { !rows[$0].isEmpty }.map { shards[$0] }
            rows.removeAll(where: \.isEmpty)
        }
        guard !rows.isEmpty else { return nil }
        let product = ExactProduct(
            dy: dy, x: x, rows: rows, shards: shards, arithmetic.precision, team: team, scratch: tile)
        return (product, empty)
    }
}
