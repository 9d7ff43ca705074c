/// Whether a model has trained, by all that is known at the end of its run.
public enum Trained: Sendable, Hashable {
    case yes
    /// Something has been learnt, and something has not: codes that do not spread, one label for all, more than half of the clusters dead.
    case partly
    /// Nothing: the figures are no numbers or far away, samples are all one image, or images are told from each other no better than by their mean
    /// while the discriminator only guesses.
    case no

    /// - Parameter guesses: whether the discriminator's loss is that of mere guessing, which alone is an equilibrium as well; nil where there is none.
    public init(_ figures: EpochFigures, guesses: Bool?) {
        let found = Untrained.found(in: figures)
        let isHopeless = found.contains { [.notFinite, .exploded, .oneImage].contains($0) }
        if isHopeless || found.contains(.blind) && guesses ?? true {
            self = .no
        } else if !found.isEmpty || figures.hasDeadClusters {
            self = .partly
        } else {
            self = .yes
        }
    }
}

extension EpochFigures {
    /// Whether no image is in more than half of the clusters.
    fileprivate var hasDeadClusters: Bool { !isTaught && labels.map { 2 * $0.empty > $0.entries } ?? false }
}
