/// What held-out figures look like where a model has not learnt. Losses do not tell it: the adversaries' are those of an equilibrium.
public enum Untrained: Sendable, Hashable {
    /// Something is not finite.
    case notFinite
    /// The codes lie where the prior has nothing, and further out by far.
    case exploded
    /// The codes lie in one place, or leave nearly all of the prior empty.
    case collapsed
    /// The reconstructions do not depend on their images: those are no better than one mean image for all.
    case blind

    /// Whether it is so from the first steps on, and may well pass.
    public var isUsualAtFirst: Bool { self == .collapsed || self == .blind }

    /// Codes further out than so many of the prior's standard deviations have exploded, and of a share of it as small have collapsed.
    private static let spread = 10.0
    private static let emptyShare = 0.9
    /// Where as many samples of the prior leave more of it empty, the codes are too few to tell anything by.
    private static let fewShare = 0.5
    /// An error within two per cent of the mean image's has seen nothing.
    private static let blindShare = 0.98

    /// What is wrong with these figures; nil where nothing is.
    public init?(_ figures: EpochFigures) {
        let (code, prior, error) = (figures.code, figures.prior, figures.reconstruction)
        guard error.halfSquared.isFinite, code.mean.isFinite, code.std.isFinite else {
            self = .notFinite
            return
        }
        if code.std > Self.spread * prior.std || abs(code.mean - prior.mean) > Self.spread * prior.std {
            self = .exploded
        } else if error.images < 2 {
            // One image is its own mean, and one code is no spread.
            return nil
        } else if code.std * Self.spread < prior.std
            || (figures.holes.share >= Self.emptyShare && figures.holesZero < Self.fewShare)
        {
            self = .collapsed
        } else if error.halfSquared >= Self.blindShare * error.halfSquaredOfMean {
            self = .blind
        } else {
            return nil
        }
    }
}
