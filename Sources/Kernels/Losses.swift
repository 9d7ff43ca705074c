import CKernels

/// Losses as sums over elements, with their gradients. Nothing is divided by the size of the minibatch: the update does that.
///
/// A sum is made in double precision over fixed lanes; call once a shard and add the shards in their order.
/// `gradient` may be any of the inputs.
extension Elementwise {
    /// Σ (x − y)².
    public static func squaredError(_ x: Slice<Float>, _ y: Slice<Float>) -> Double {
        precondition(x.count == y.count, "Slices differ in length")
        return ck_squared_error(x.base, y.base, x.count)
    }

    /// ½ Σ (y − t)²; gradient y − t.
    public static func halfSquaredError(_ y: Slice<Float>, target: Slice<Float>, gradient: Slice<Float>) -> Double {
        precondition(y.count == target.count && y.count == gradient.count, "Slices differ in length")
        return ck_half_squared_error(y.base, target.base, gradient.base, y.count)
    }

    /// ½ Σ (y − t)² with y = σ(z), which is written to `output`; gradient by the logits z: (y − t) y (1 − y).
    public static func sigmoidHalfSquaredError(
        logits: Slice<Float>, target: Slice<Float>, output: Slice<Float>, gradient: Slice<Float>
    ) -> Double {
        precondition(
            logits.count == target.count && logits.count == gradient.count && logits.count == output.count,
            "Slices differ in length")
        return ck_sigmoid_half_squared_error(logits.base, target.base, output.base, gradient.base, logits.count)
    }

    /// Bernoulli cross-entropy −Σ t log σ(z) + (1 − t) log(1 − σ(z)) from the logits z; gradient σ(z) − t.
    public static func crossEntropy(logits: Slice<Float>, target: Slice<Float>, gradient: Slice<Float>) -> Double {
        precondition(logits.count == target.count && logits.count == gradient.count, "Slices differ in length")
        return ck_cross_entropy(logits.base, target.base, gradient.base, logits.count)
    }

    /// The adversarial log-loss on the discriminator's logits z: −Σ log σ(z) where `real`, else −Σ log(1 − σ(z));
    /// gradient σ(z) − 1 or σ(z) (Goodfellow et al. 2014).
    public static func adversarialLoss(logits: Slice<Float>, real: Bool, gradient: Slice<Float>) -> Double {
        precondition(logits.count == gradient.count, "Slices differ in length")
        return ck_adversarial(logits.base, real ? 1 : 0, gradient.base, logits.count)
    }
}

/// Sums in double precision: element i goes to lane i mod 16, and the lanes are added in one fixed tree.
public enum Sums {
    public static func sum(_ x: Slice<Float>) -> Double { ck_sum(x.base, x.count) }
    public static func sumOfSquares(_ x: Slice<Float>) -> Double { ck_sum_of_squares(x.base, x.count) }
}
