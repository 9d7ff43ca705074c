import Kernels

// Shapes of this file: B rows of one shard, Z code. A row of a head (B, 2 Z) has Z means μ, then Z log-variances log σ².

/// The Gaussian posterior q(z|x) = N(μ, σ²), sampled by z = μ + σ ε (section 2 of the paper; Kingma and Welling 2014).
public enum GaussianPosterior {
    /// z = μ + e^(½ log σ²) ε; `head` (B, 2 Z), `noise` ε of N(0, 1) and `z` (B, Z).
    public static func forward(_ head: Matrix, noise: Matrix, into z: Matrix) { Posterior.forward(head, noise: noise, into: z) }

    /// The gradient of the head (B, 2 Z) from that of the sample, `dz` (B, Z); `gradient` may be `head`.
    public static func backward(_ dz: Matrix, head: Matrix, noise: Matrix, into gradient: Matrix) {
        Posterior.backward(dz, head: head, noise: noise, into: gradient)
    }
}

/// What q costs, in nats, summed over rows: the last two terms of the paper's equation 2.
public struct DivergenceSums: Sendable, Equatable {
    /// H(q).
    public let entropy: Double
    /// −E_q log p(z).
    public let crossEntropy: Double

    /// KL(q ‖ p).
    public var divergence: Double { crossEntropy - entropy }
}

/// Terms of the VAE's loss, from the head of its posterior, in closed form. Nothing is divided by the minibatch: the update does that.
public enum Divergence {
    /// KL(q ‖ N(0, std²)) of one shard's rows, and its gradient by the head; `head` and `gradient` (B, 2 Z) may be the same.
    public static func gaussian(_ head: Matrix, std: Double, gradient: Matrix) -> DivergenceSums {
        let sums = Posterior.divergence(head, precision: Float(1 / (std * std)), gradient: gradient)
        let values = Double(head.rows * head.columns / 2)
        let constant = values * (VectorMath.log(std) + halfLogTwoPi)
        return DivergenceSums(entropy: entropy(sums.logVariances, values: values), crossEntropy: sums.energy + constant)
    }

    /// H(q) of one shard's rows, and the gradient of −H(q) by the head; for use with a sampled cross-entropy. `head` and `gradient` (B, 2 Z) may be
    /// the same.
    public static func entropy(_ head: Matrix, gradient: Matrix) -> Double {
        let sums = Posterior.divergence(head, precision: 0, gradient: gradient)
        return entropy(sums.logVariances, values: Double(head.rows * head.columns / 2))
    }

    private static let halfLogTwoPi = 0.5 * VectorMath.log(2 * Double.pi)

    /// ½ Σ (1 + log 2π + log σ²).
    private static func entropy(_ logVariances: Double, values: Double) -> Double {
        0.5 * logVariances + values * (0.5 + halfLogTwoPi)
    }
}
