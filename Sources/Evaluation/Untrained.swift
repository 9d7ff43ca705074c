/// What held-out figures look like where a model has not learnt. Losses do not show it: the adversaries' look like an equilibrium.
public enum Untrained: Sendable, Hashable {
    /// Something is not finite.
    case notFinite
    /// The codes lie where the prior has nothing, far from it or spread far wider.
    case exploded
    /// The codes lie in one place, or leave nearly all of the prior empty.
    case collapsed
    /// The reconstructions do not depend on their images: they are no better than one mean image for all.
    case blind
    /// The label head gives nearly all images one label or cluster.
    case oneLabel
    /// The label head gives many labels or clusters, which have nothing to do with the images' classes.
    case chanceLabels
    /// Generated images are nearly all the same.
    case oneImage
    /// Generated images have no more in common with others than noise has.
    case noise
    /// Generated images have something in common with others, but little: they are rough, or of few kinds.
    case roughImages

    /// Whether this is usual in the first steps and may well pass.
    public var isUsualAtFirst: Bool { self != .notFinite && self != .exploded }

    /// Codes further out than so many of the prior's standard deviations have exploded.
    private static let far = 5.0
    /// Codes whose spread is so many times smaller than the prior's have collapsed.
    private static let narrow = 10.0
    private static let emptyShare = 0.9
    /// Where equally many samples of the prior leave a larger share of it empty, the codes are too few for a verdict.
    private static let fewShare = 0.5
    /// Reconstructions with an error within two per cent of the mean image's do not depend on their images.
    private static let blindShare = 0.98
    /// A label of more of the images than this is the only one.
    private static let oneLabelShare = 0.95
    /// With so many images, labels by chance have an adjusted Rand index almost surely below this; a head that has begun to learn is above it.
    private static let (enoughLabels, chanceAgreement) = (500, 0.01)
    /// Samples up to the first share of the way from noise to images are still noise; up to the second they are rough.
    private static let (noiseShare, roughShare) = (0.05, 0.25)

    /// What is wrong with these figures, faults of the codes first; empty where nothing is.
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
        // A single code has no spread.
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
    /// Whether nearly all images are given one entry although they have several classes, as far as classes are known.
    fileprivate func isOneSided(share: Double) -> Bool {
        images > 1 && entries > 1 && classes ?? 2 > 1 && largestShare >= share
    }
}
