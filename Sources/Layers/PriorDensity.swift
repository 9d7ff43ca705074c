import Kernels

// Shapes of this file: B rows of one shard, Z code.

/// A prior whose density is known, for losses and estimates that need it at samples (section 2.1 of the paper: the variational autoencoder).
public enum PriorDensity: Sendable, Hashable {
    /// N(0, std²) in every dimension.
    case gaussian(std: Double)
    /// Petals in the plane, equally likely: petal k of K is N(0, radial²) along and N(0, tangential²) across, moved out by
    /// `distance` and rotated by 2πk/K.
    case petals(components: Int, radial: Double, tangential: Double, distance: Double)

    /// −Σ log p(z) of one shard's codes (B, Z), and its gradient by them (B, Z), which may overwrite them.
    public func crossEntropy(_ codes: Matrix, gradient: Matrix) -> Double {
        evaluate(codes, gradient: gradient).reduce(0) { $0 - $1 }
    }

    /// log p(z) of each row of `codes` (B, Z).
    public func logDensities(_ codes: Matrix) -> [Double] { evaluate(codes, gradient: nil) }

    private func evaluate(_ codes: Matrix, gradient: Matrix?) -> [Double] {
        let densities = Storage<Double>(count: codes.rows).all
        switch self {
        case .gaussian(let std):
            Densities.gaussian(codes, std: std, into: densities, gradient: gradient)
        case .petals(let components, let radial, let tangential, let distance):
            Densities.petals(
                codes, components: components, radial: radial, tangential: tangential, distance: distance, into: densities,
                gradient: gradient)
        }
        return densities.array
    }
}
