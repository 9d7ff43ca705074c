import CKernels

// Shapes of this file: B rows, Z code. A row of a head (B, 2 Z) has Z means μ, then Z log-variances log σ².

/// The Gaussian posterior N(μ, σ²) of each row (Kingma and Welling 2014).
public enum Posterior {
    /// z = μ + e^(½ log σ²) ε; `head` (B, 2 Z), `noise` ε and `z` (B, Z).
    public static func forward(_ head: Matrix, noise: Matrix, into z: Matrix) {
        check(head, noise)
        check(head, z)
        ck_posterior(head.values.base, noise.values.base, z.values.base, z.rows, z.columns)
    }

    /// The gradient by μ is dz; by log σ² it is dz · ½ e^(½ log σ²) ε. `dz` and `noise` (B, Z); `gradient` (B, 2 Z) may be `head`.
    public static func backward(_ dz: Matrix, head: Matrix, noise: Matrix, into gradient: Matrix) {
        check(head, dz)
        check(head, noise)
        check(gradient, dz)
        ck_posterior_backward(
            dz.values.base, head.values.base, noise.values.base, gradient.values.base, dz.rows, dz.columns)
    }

    /// The parts of −H(q) and of the cross-entropy of q with N(0, 1 / precision) that depend on the head, and the gradient of their sum: by μ, μ p;
    /// by log σ², ½ (σ² p − 1).
    ///
    /// - Parameters:
    ///   - head: (B, 2 Z).
    ///   - precision: p; 0 leaves only the entropy.
    ///   - gradient: (B, 2 Z), may be the head.
    /// - Returns: ½ Σ (μ² + σ²) p, and Σ log σ².
    public static func divergence(_ head: Matrix, precision: Float, gradient: Matrix) -> (energy: Double, logVariances: Double) {
        precondition(head.columns % 2 == 0, "A head has a mean and a log-variance for each dimension")
        precondition(gradient.rows == head.rows && gradient.columns == head.columns, "Head and gradient differ in shape")
        var logVariances = 0.0
        let energy = ck_posterior_divergence(
            head.values.base, precision, gradient.values.base, head.rows, head.columns / 2, &logVariances)
        return (energy, logVariances)
    }

    private static func check(_ head: Matrix, _ code: Matrix) {
        precondition(head.rows == code.rows && head.columns == 2 * code.columns, "A head (B, 2 Z) of codes (B, Z)")
    }
}
