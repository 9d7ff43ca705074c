import Kernels

// Shapes of this file: B rows of one shard, N rows that are normalised together, C columns. Sums are (2 C): the first kind for all columns, then the
// second.

/// Mean and biased variance (C) of the rows that a layer is normalised by.
public struct ColumnMoments: Sendable {
    public let mean: Slice<Float>
    public let variance: Slice<Float>

    /// Moments that are known already, as for an evaluation.
    public init(mean: Slice<Float>, variance: Slice<Float>) {
        precondition(mean.count == variance.count, "moments of \(mean.count) and \(variance.count) columns")
        self.mean = mean
        self.variance = variance
    }

    public init(columns: Int) {
        self.init(mean: Storage<Float>(count: columns).all, variance: Storage<Float>(count: columns).all)
    }

    /// Takes the moments of N rows from the sums of their shards, added in the order of the shards.
    public func set(sums: Slice<Double>, rows: Int) {
        Normalisation.moments(sums: sums, rows: rows, mean: mean, variance: variance)
    }
}

/// Batch norm before an activation: y = γ x̂ + β with x̂ = (x − mean) / √(variance + 1e-5) (Ioffe and Szegedy 2015).
///
/// Each pass has two parts with an exchange between them: first a shard's sums, then its values, from the totals of all N rows. The rows may be the
/// global minibatch, or the shard's own; then nothing is exchanged. The dense layer below has no bias.
public struct BatchNorm: Sendable {
    /// γ (C).
    public let gamma: Slice<Float>
    /// β (C).
    public let beta: Slice<Float>

    public init(gamma: Slice<Float>, beta: Slice<Float>) {
        precondition(gamma.count == beta.count, "γ of \(gamma.count) columns, β of \(beta.count)")
        self.gamma = gamma
        self.beta = beta
    }

    /// Σ x and Σ x² of a shard's rows; zeros for none. `x` (B, C), `sums` (2 C).
    public static func forwardSums(_ x: Matrix, into sums: Slice<Double>) { Normalisation.sums(of: x, into: sums) }

    /// y = γ x̂ + β; `x` (B, C) is kept for the backward pass, so `y` (B, C) must be another matrix.
    public func forward(_ x: Matrix, moments: ColumnMoments, into y: Matrix) {
        Normalisation.forward(x, mean: moments.mean, variance: moments.variance, gamma: gamma, beta: beta, into: y)
    }

    /// Σ dy and Σ dy x̂ of a shard's rows; zeros for none. `dy` and `x` (B, C), `sums` (2 C).
    public static func backwardSums(_ dy: Matrix, x: Matrix, moments: ColumnMoments, into sums: Slice<Double>) {
        Normalisation.backwardSums(dy, x: x, mean: moments.mean, variance: moments.variance, into: sums)
    }

    /// The gradient of the input: γ / √(variance + 1e-5) · (dy − Σ dy / N − x̂ · Σ dy x̂ / N).
    ///
    /// - Parameters:
    ///   - dy: (B, C), as are `x` and `dx`, which may be `dy`.
    ///   - sums: those of `backwardSums` of all shards, added in their order.
    ///   - rows: N.
    public func backward(
        _ dy: Matrix, x: Matrix, moments: ColumnMoments, sums: Slice<Double>, rows: Int, into dx: Matrix
    ) {
        Normalisation.backward(
            dy, x: x, mean: moments.mean, variance: moments.variance, gamma: gamma, sums: sums, rows: rows, into: dx)
    }

    /// Delivers one shard's gradients: β's, then γ's.
    ///
    /// - Parameters:
    ///   - sums: the shard's own, from `backwardSums`.
    ///   - rows: B; 0 delivers nothing.
    ///   - tile: (C), overwritten.
    ///   - delivery: γ is its first tensor, β the next.
    public static func deliver(
        sums: Slice<Double>, shard: Int, rows: Int, tile: Slice<Float>, to delivery: Delivery
    ) {
        let columns = tile.count
        precondition(sums.count == 2 * columns, "\(sums.count) sums of \(columns) columns")
        for (tensor, first) in [(delivery.firstTensor + 1, 0), (delivery.firstTensor, columns)] {
            if rows == 0 {
                delivery.sink.deliverNothing(tensor: tensor, shard: shard)
                continue
            }
            for column in 0..<columns { tile[column] = Float(sums[first + column]) }
            delivery.sink.deliver(tensor: tensor, gradient: tile, shard: shard)
        }
    }
}
