/// Whether a model has trained, by all that is known at the end of its run.
public enum Trained: Sendable, Hashable {
    case yes
    /// Some things have been learnt and some not: codes tell images apart but do not spread, all images get one label, more than half of
    /// the clusters are dead, or samples are rough or of few kinds.
    case partly
    /// Nothing has been learnt: figures are NaN or far off, samples are noise or all one image, or reconstructions are no better than the mean
    /// image while the codes have not spread or the discriminator only guesses.
    case no
    /// Undecidable: there are too few images to compare samples with, or so few that their own mean is too near to each of them.
    case untold

    /// The fewest held-out images that allow a verdict: the mean of fewer is nearer to them, by a tenth or more, than the mean of all images.
    public static let fewestImages = 20

    /// - Parameter guesses: whether the discriminator's loss is that of mere guessing, which by itself may be an equilibrium; nil without one.
    public init(_ figures: EpochFigures, guesses: Bool?) {
        let found = Untrained.found(in: figures)
        let isHopeless = found.contains { [.notFinite, .exploded, .oneImage, .noise].contains($0) }
        let isFew = figures.reconstruction.map { $0.images < Self.fewestImages } ?? false
        // A discriminator easily tells codes in one place from the prior: its not guessing is then no sign of learning.
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
    /// Whether more than half of the clusters have no image.
    fileprivate var hasDeadClusters: Bool { !isTaught && labels.map { 2 * $0.empty > $0.entries } ?? false }
}
