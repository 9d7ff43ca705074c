import Evaluation

/// What a run tells of its held-out figures while it goes on: a line an epoch, and a warning where the model has not learnt.
public struct HeldOutStory: Sendable {
    /// Epochs of the whole run.
    private let epochs: Int
    private var isExplained: Bool
    private var warned: [Untrained] = []

    /// The words of an epoch.
    public struct Words: Sendable, Equatable {
        public var lines: [String]
        public var warning: String?
    }

    /// - Parameter metricsPath: the run's metrics; where they have an epoch, whoever led the run before has explained the terms.
    public init(epochs: Int, metricsPath: String? = nil) {
        self.epochs = epochs
        isExplained = metricsPath.map { MetricsReader.hasEpoch(path: $0) } ?? false
    }

    /// What is to be said of an epoch, counted from 1: of the run's first with what its terms mean. What is usual at first becomes a
    /// warning when half of the run is over, and each trouble is told once, and at the end again.
    public mutating func tell(_ figures: EpochFigures, epoch: Int) -> Words {
        var words = Words(lines: [], warning: nil)
        if !isExplained { words.lines.append(Self.explanation) }
        isExplained = true
        words.lines.append("epoch \(epoch)/\(epochs), held-out images: \(figures.metrics(epoch: epoch).words)")
        let isLast = epoch >= epochs
        let troubles = Untrained.found(in: figures).filter { isLast || !$0.isUsualAtFirst || 2 * epoch >= epochs }
        if !troubles.isEmpty, isLast || troubles != warned {
            words.warning = troubles.sentence(figures)
            warned = troubles
        }
        return words
    }

    /// What the terms of the lines mean.
    static let explanation =
        "held-out figures: holes is the share of the prior's cells that the codes leave empty, energy distance is how far the codes are from the prior; beside each what as many samples of the prior itself have"
}

extension EpochMetrics {
    /// The figures in one line.
    public var words: String {
        var parts = [
            "reconstruction \(Progress.rounded(reconstruction))", "code mean \(Progress.rounded(codeMean))",
            "std \(Progress.rounded(codeStd))",
        ]
        if let holes {
            let zero = holesZero.map { " (the prior: \(Progress.rounded(100 * $0)) %)" } ?? ""
            parts.append("holes \(Progress.rounded(100 * holes)) %\(zero)")
        }
        if let energyDistance {
            let zero = energyZero.map { " (the prior: \(Progress.rounded($0)))" } ?? ""
            parts.append("energy distance \(Progress.rounded(energyDistance))\(zero)")
        }
        return parts.joined(separator: ", ")
    }
}

extension [Untrained] {
    /// What they are, one after the other.
    func sentence(_ figures: EpochFigures) -> String { map { $0.sentence(figures) }.joined(separator: "; and ") }
}

extension Untrained {
    /// What it is, by which figures, and what to try.
    func sentence(_ figures: EpochFigures) -> String {
        let (code, prior) = (figures.code, figures.prior)
        switch self {
        case .notFinite:
            return
                "the model has not trained: its figures on held-out images are not finite; lower the learning rates (phases.PHASE.rate)"
        case .exploded:
            return
                "the codes have exploded: mean \(Progress.rounded(code.mean)), std \(Progress.rounded(code.std)), where the prior has \(Progress.rounded(prior.mean)) and \(Progress.rounded(prior.std)); lower phases.reconstruction.rate, or raise those of discriminator and generator"
        case .collapsed:
            return
                "the codes have not spread over the prior: mean \(Progress.rounded(code.mean)), std \(Progress.rounded(code.std)), where the prior has \(Progress.rounded(prior.mean)) and \(Progress.rounded(prior.std)), and \(Progress.rounded(100 * figures.holes.share)) % of its cells are empty (of as many samples of its own: \(Progress.rounded(100 * figures.holesZero)) %); train longer, or change the rates (phases.PHASE.rate)"
        case .blind:
            return
                "the reconstructions tell nothing of their images: error \(Progress.rounded(figures.reconstruction.halfSquared)), where the mean of all images has \(Progress.rounded(figures.reconstruction.halfSquaredOfMean)); train longer, or change phases.reconstruction.rate"
        }
    }
}
