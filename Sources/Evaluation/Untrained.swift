/// What held-out figures look like where a model has not learnt. Losses do not tell it: the adversaries' are those of an equilibrium.
public enum Untrained: Sendable, Hashable {
    /// Something is not finite.
    case notFinite
    /// The codes lie where the prior has nothing, far from it or spread far wider.
    case exploded
    /// The codes lie in one place, or leave nearly all of the prior empty.
    case collapsed
    /// The reconstructions do not depend on their images: those are no better than one mean image for all.
    case blind

    /// Whether it is so from the first steps on, and may well pass.
    public var isUsualAtFirst: Bool { self == .collapsed || self == .blind }

    /// Codes further out than so many of the prior's standard deviations have exploded.
    private static let far = 5.0
    /// Codes whose spread is so many times smaller than the prior's have collapsed.
    private static let narrow = 10.0
    private static let emptyShare = 0.9
    /// Where as many samples of the prior leave more of it empty, the codes are too few to tell anything by.
    private static let fewShare = 0.5
    /// An error within two per cent of the mean image's has seen nothing.
    private static let blindShare = 0.98

    /// What is wrong with these figures, of the codes first; empty where nothing is.
    public static func found(in figures: EpochFigures) -> [Untrained] {
        let (code, prior, error) = (figures.code, figures.prior, figures.reconstruction)
        guard error.halfSquared.isFinite, code.mean.isFinite, code.std.isFinite else { return [.notFinite] }
        var found: [Untrained] = []
        if code.std > far * prior.std || abs(code.mean - prior.mean) > far * prior.std { found.append(.exploded) }
        // One image is its own mean, and one code is no spread.
        guard error.images > 1 else { return found }
        let isEmpty = figures.holes.share >= emptyShare && figures.holesZero < fewShare
        if found.isEmpty, code.std * narrow < prior.std || isEmpty { found.append(.collapsed) }
        if error.halfSquared >= blindShare * error.halfSquaredOfMean { found.append(.blind) }
        return found
    }
}
