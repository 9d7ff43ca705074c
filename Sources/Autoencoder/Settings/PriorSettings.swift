/// The distribution that the codes are made to follow (paper.md section 1).
public enum PriorSettings: Sendable, Hashable {
    /// N(0, std²) in every dimension of the code.
    case gaussian(std: Double)
    /// Uniform on [low, high] in every dimension.
    case uniform(low: Double, high: Double)
    /// Petals in the plane: component k of K has radial N(0, radial²) and tangential N(0, tangential²), is moved out
    /// by `distance` and rotated by 2πk/K.
    case mixture(components: Int, radial: Double, tangential: Double, distance: Double)
    /// Mean 3√u·(cos 4π√u, sin 4π√u) for u uniform in 0…1, plus N(0, thickness²) on each axis.
    case swissRoll(thickness: Double)

    /// The name in a recipe.
    public var kind: String {
        switch self {
        case .gaussian: "gaussian"
        case .uniform: "uniform"
        case .mixture: "mixture"
        case .swissRoll: "swiss-roll"
        }
    }

    /// Petals and the roll lie in the plane.
    public var requiresTwoDimensions: Bool {
        switch self {
        case .gaussian, .uniform: false
        case .mixture, .swissRoll: true
        }
    }

    /// What is wrong with the values, as key and sentence, or nil.
    var problem: (key: String, text: String)? {
        func notPositive(_ key: String, _ value: Double) -> (String, String)? {
            value > 0 && value.isFinite ? nil : ("prior.\(key)", "\(key) is \(value), expected a positive number")
        }
        switch self {
        case .gaussian(let std):
            return notPositive("std", std)
        case .uniform(let low, let high):
            return low < high && low.isFinite && high.isFinite
                ? nil : ("prior.high", "the uniform prior runs from \(low) to \(high), expected low < high")
        case .mixture(let components, let radial, let tangential, let distance):
            if components < 1 { return ("prior.components", "components is \(components), expected 1 or more") }
            if !(distance >= 0 && distance.isFinite) {
                return ("prior.distance", "distance is \(distance), expected 0 or more")
            }
            return notPositive("radial", radial) ?? notPositive("tangential", tangential)
        case .swissRoll(let thickness):
            return notPositive("thickness", thickness)
        }
    }
}
