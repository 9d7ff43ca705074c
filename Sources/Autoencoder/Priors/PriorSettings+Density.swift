import Layers

extension PriorSettings {
    /// The density, where it has a closed form and a gradient: that of the Gaussian and of the mixture.
    ///
    /// The uniform prior's is flat inside its box and nothing outside, so that no code learns from it; the swiss roll's is an
    /// integral along the roll.
    public var density: PriorDensity? {
        switch self {
        case .gaussian(let std):
            .gaussian(std: std)
        case .mixture(let components, let radial, let tangential, let distance):
            .petals(components: components, radial: radial, tangential: tangential, distance: distance)
        case .uniform, .swissRoll:
            nil
        }
    }
}
