/// Whether a model has trained, by all that is known at the end of its run.
public enum Trained: Sendable, Hashable {
    case yes
    /// Something has been learnt, and something has not: codes that do not spread though images are told from each other by them, one
    /// label for all, more than half of the clusters dead, samples that are rough or of few kinds.
    case partly
    /// Nothing: the figures are no numbers or far away, samples are noise or all one image, or images are told from each other no better than by
    /// their mean while the codes have not spread or the discriminator only guesses.
    case no
    /// It cannot be told: there are too few images, whose own mean is too near to each of them, or to compare samples with.
    case untold

    /// Held-out images that tell something: the mean of fewer is a tenth nearer to them than that of all images would be, and more.
    public static let fewestImages = 20

    /// - Parameter guesses: whether the discriminator's loss is that of mere guessing, which alone is an equilibrium as well; nil where there is none.
    public init(_ figures: EpochFigures, guesses: Bool?) {
        let found = Untrained.found(in: figures)
        let isHopeless = found.contains { [.notFinite, .exploded, .oneImage, .noise].contains($0) }
        let isFew = figures.reconstruction.map { $0.images < Self.fewestImages } ?? false
        // A discriminator tells codes in one place from the prior: that it does not guess is no sign of anything learnt then.
        if isFew && !isHopeless {
            self = .untold
        } else if isHopeless || found.contains(.blind) && (guesses ?? true || found.contains(.collapsed)) {
            self = .no
        } else if !found.isEmpty || figures.hasDeadClusters {
            self = .partly
        } else if figures.samples != nil, figures.sampleMatch?.progress == nil {
            self = .untold
        } else {
            self = .yes
        }
    }
}

extension EpochFigures {
    /// Whether no image is in more than half of the clusters.
    fileprivate var hasDeadClusters: Bool { !isTaught && labels.map { 2 * $0.empty > $0.entries } ?? false }
}
