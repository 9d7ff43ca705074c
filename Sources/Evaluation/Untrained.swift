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
    /// The label head gives nearly all images one label or cluster.
    case oneLabel
    /// The label head gives many labels or clusters, which have nothing to do with the images' classes.
    case chanceLabels
    /// Generated images are nearly all one.
    case oneImage
    /// Generated images have no more in common with others than noise has.
    case noise
    /// Generated images have something in common with others, but little: they are rough, or of few kinds.
    case roughImages

    /// Whether it is so from the first steps on, and may well pass.
    public var isUsualAtFirst: Bool { self != .notFinite && self != .exploded }

    /// Codes further out than so many of the prior's standard deviations have exploded.
    private static let far = 5.0
    /// Codes whose spread is so many times smaller than the prior's have collapsed.
    private static let narrow = 10.0
    private static let emptyShare = 0.9
    /// Where as many samples of the prior leave more of it empty, the codes are too few to tell anything by.
    private static let fewShare = 0.5
    /// An error within two per cent of the mean image's has seen nothing.
    private static let blindShare = 0.98
    /// A label of more of the images than this is the only one.
    private static let oneLabelShare = 0.95
    /// Of this many images the adjusted Rand index of labels by chance is all but surely below this; that of a head that has begun to learn is above.
    private static let (enoughLabels, chanceAgreement) = (500, 0.01)
    /// Samples that have come so far from noise to images are noise still, and up to this share of the way they are rough.
    private static let (noiseShare, roughShare) = (0.05, 0.25)

    /// What is wrong with these figures, of the codes first; empty where nothing is.
    public static func found(in figures: EpochFigures) -> [Untrained] {
        guard figures.isFinite else { return [.notFinite] }
        var found: [Untrained] = []
        if let match = figures.match { found += troubles(of: match, images: figures.reconstruction?.images ?? 0) }
        if let error = figures.reconstruction, error.images > 1, error.halfSquared >= blindShare * error.halfSquaredOfMean {
            found.append(.blind)
        }
        if let labels = figures.labels { found += troubles(of: labels) }
        if let samples = figures.samples, samples.spread * narrow < samples.std {
            found.append(.oneImage)
        } else if let match = figures.sampleMatch {
            found += troubles(of: match)
        }
        return found
    }

    private static func troubles(of labels: LabelCounts) -> [Untrained] {
        if labels.isOneSided(share: oneLabelShare) { return [.oneLabel] }
        guard labels.images >= enoughLabels, labels.classes ?? 0 > 1, let agreement = labels.agreement else { return [] }
        return agreement < chanceAgreement ? [.chanceLabels] : []
    }

    private static func troubles(of match: SampleMatch) -> [Untrained] {
        guard let progress = match.progress, progress < roughShare else { return [] }
        return progress < noiseShare ? [.noise] : [.roughImages]
    }

    private static func troubles(of match: PriorMatch, images: Int) -> [Untrained] {
        let (code, prior) = (match.code, match.prior)
        if code.std > far * prior.std || abs(code.mean - prior.mean) > far * prior.std { return [.exploded] }
        // One code is no spread.
        guard images > 1 else { return [] }
        let isEmpty = match.holes.share >= emptyShare && match.holesZero < fewShare
        return code.std * narrow < prior.std || isEmpty ? [.collapsed] : []
    }
}

extension EpochFigures {
    fileprivate var isFinite: Bool {
        let values = [
            reconstruction?.halfSquared, match?.code.mean, match?.code.std, samples?.mean, samples?.std, samples?.spread,
            sampleMatch?.explained, lowerBound?.total,
        ]
        return values.allSatisfy { $0?.isFinite ?? true }
    }
}

extension LabelCounts {
    /// Whether nearly all images are given one entry, of images that have several classes, as far as they are known.
    fileprivate func isOneSided(share: Double) -> Bool {
        images > 1 && entries > 1 && classes ?? 2 > 1 && largestShare >= share
    }
}
