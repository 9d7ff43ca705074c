import Glibc

/// The standard normal distribution, N(0, 1), in double precision.
public enum NormalDistribution {
    /// P(X ≤ x).
    public static func cumulative(_ x: Double) -> Double {
        0.5 * erfc(-x * 0.5.squareRoot())
    }

    /// The density at x.
    public static func density(_ x: Double) -> Double {
        exp(-0.5 * x * x) / (2 * Double.pi).squareRoot()
    }

    /// The x with P(X ≤ x) = `probability`; ±∞ at 1 and 0.
    ///
    /// A rational start (Abramowitz and Stegun 26.2.23, off by less than 4.5e-4) and Halley steps on the cumulative distribution, each
    /// of which triples the number of right digits.
    public static func quantile(_ probability: Double) -> Double {
        precondition(probability >= 0 && probability <= 1, "a probability of \(probability)")
        // In the upper half the complement is what keeps its digits.
        if probability > 0.5 { return -quantile(1 - probability) }
        if probability == 0 { return -.infinity }
        let t = (-2 * log(probability)).squareRoot()
        let numerator = 2.515517 + t * (0.802853 + t * 0.010328)
        let denominator = 1 + t * (1.432788 + t * (0.189269 + t * 0.001308))
        var x = numerator / denominator - t
        for _ in 0..<3 {
            let slope = density(x)
            guard slope > 0 else { break }
            let step = (cumulative(x) - probability) / slope
            x -= step / (1 + 0.5 * x * step)
        }
        return x
    }

    /// The points in the middle of `count` parts of equal probability, in rising order, symmetric about 0.
    public static func middles(_ count: Int) -> [Double] {
        (0..<count).map { quantile((Double($0) + 0.5) / Double(count)) }
    }
}
