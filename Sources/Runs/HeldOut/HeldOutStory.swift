import Evaluation

/// What a run tells of its held-out figures while it goes on: a line an epoch, and a warning where the model has not learnt.
public struct HeldOutStory: Sendable {
    /// Epochs of the whole run.
    private let epochs: Int
    private let metricsPath: String?
    private var isExplained: Bool
    private var warned: [Untrained] = []

    /// The words of an epoch.
    public struct Words: Sendable, Equatable {
        public var lines: [String]
        public var warning: String?
        /// At the end of the run: whether it has trained.
        public var verdict: String?
    }

    /// - Parameter metricsPath: the run's metrics; where they have an epoch, the terms have been explained before.
    public init(epochs: Int, metricsPath: String? = nil) {
        self.epochs = epochs
        self.metricsPath = metricsPath
        isExplained = metricsPath.map { MetricsReader.hasEpoch(path: $0) } ?? false
    }

    /// What is to be said of an epoch, counted from 1; for the run's first one also what its terms mean. What is usual at first becomes a warning
    /// when half of the run is over. Each trouble is told once, and at the end again.
    public mutating func tell(_ figures: EpochFigures, epoch: Int) -> Words {
        var words = Words(lines: [], warning: nil)
        if !isExplained {
            if figures.match != nil {
                words.lines.append(figures.tellsEnergy ? Self.explanation : Self.explanationOfFew)
            }
            if figures.sampleMatch != nil { words.lines.append(Self.explanationOfSamples) }
        }
        isExplained = true
        let metrics = figures.metrics(epoch: epoch)
        words.lines.append("epoch \(epoch)/\(epochs), \(metrics.subject): \(metrics.words)")
        let isLast = epoch >= epochs
        let troubles = Untrained.found(in: figures).filter { isLast || !$0.isUsualAtFirst || 2 * epoch >= epochs }
        if !troubles.isEmpty, isLast || troubles != warned {
            words.warning = troubles.sentence(figures)
            warned = troubles
        }
        if isLast {
            words.verdict = Self.verdict(figures, discriminator: metricsPath.flatMap { DiscriminatorLoss(metricsPath: $0) })
        }
        return words
    }

    private static let holes =
        "holes is the share of the prior's equally likely cells with fewer than a fifth of the codes that they should have"

    /// Of images too few for an energy distance.
    static let explanationOfFew = "held-out figures: \(holes); beside it what as many samples of the prior itself have"

    /// What the terms of the lines mean.
    static let explanation =
        "held-out figures: \(holes), energy distance is how far the codes are from the prior; beside each what as many samples of the prior itself have"

    /// Where no image is encoded.
    static let explanationOfSamples =
        "figures of samples: explained is how much of what sets held-out images apart from their mean the sample most like each has too (their squared correlation); beside it what as many other images have, and noise, whose pixels come from different images"
}

extension [Untrained] {
    /// The sentences of all, one after the other.
    func sentence(_ figures: EpochFigures) -> String { map { $0.sentence(figures) }.joined(separator: "; and ") }
}

extension Untrained {
    /// What it is, by which figures, and what to try.
    func sentence(_ figures: EpochFigures) -> String {
        switch self {
        case .notFinite:
            return
                "the model has not trained: its figures on held-out images are not finite; lower the learning rates (phases.PHASE.rate)"
        case .exploded:
            let hint =
                figures.hasAdversary
                ? "; lower phases.reconstruction.rate, or raise those of discriminator and generator"
                : "; lower phases.reconstruction.rate"
            return figures.match.map { match in
                "the codes have exploded: mean \(NumberText.rounded(match.code.mean)), std \(NumberText.rounded(match.code.std)), where the prior has \(NumberText.rounded(match.prior.mean)) and \(NumberText.rounded(match.prior.std))\(hint)"
            } ?? ""
        case .collapsed:
            return figures.match.map { match in
                "the codes have not spread over the prior: mean \(NumberText.rounded(match.code.mean)), std \(NumberText.rounded(match.code.std)), where the prior has \(NumberText.rounded(match.prior.mean)) and \(NumberText.rounded(match.prior.std)), and \(NumberText.rounded(100 * match.holes.share)) % of its cells are holes (of as many samples of its own: \(NumberText.rounded(100 * match.holesZero)) %); train longer, or change the rates (phases.PHASE.rate)"
            } ?? ""
        case .blind:
            return figures.reconstruction.map { error in
                "the reconstructions tell nothing of their images: error \(NumberText.rounded(error.halfSquared)), where the mean of all images has \(NumberText.rounded(error.halfSquaredOfMean)); train longer, or change phases.reconstruction.rate"
            } ?? ""
        case .oneLabel: return oneLabel(figures)
        case .chanceLabels: return chanceLabels(figures)
        case .noise:
            return figures.sampleMatch.map {
                ofSamples($0, "the samples are noise", "train longer, or lower the rates of discriminator and generator")
            } ?? ""
        case .roughImages:
            return figures.sampleMatch.map {
                ofSamples(
                    $0, "the samples are rough, or of few kinds of image", "train longer, or change the rates (phases.PHASE.rate)")
            } ?? ""
        case .oneImage:
            return figures.samples.map { samples in
                "the generator makes one image of all samples: they differ by \(NumberText.rounded(samples.spread)), where their pixels have a std of \(NumberText.rounded(samples.std)); train longer, or lower phases.generator.rate"
            } ?? ""
        }
    }

    private func ofSamples(_ match: SampleMatch, _ lead: String, _ hint: String) -> String {
        "\(lead): they explain \(NumberText.percent(match.explained)) of held-out images, where other images explain \(NumberText.percent(match.byImages)) and noise \(NumberText.percent(match.byNoise)); \(hint)"
    }

    private func oneLabel(_ figures: EpochFigures) -> String {
        let share = NumberText.rounded(100 * (figures.labels?.largestShare ?? 0))
        return figures.isTaught
            ? "the label head says one class for \(share) % of the images; train longer, or change phases.classification.rate"
            : "the encoder puts \(share) % of the images into one cluster; train longer, or change phases.generator.rate"
    }

    private func chanceLabels(_ figures: EpochFigures) -> String {
        let agreement = NumberText.rounded(figures.labels?.agreement ?? .nan)
        return figures.isTaught
            ? "the label head tells nothing of the images' classes: adjusted Rand index \(agreement), where chance has 0; train longer, or change phases.classification.rate"
            : "the clusters tell nothing of the images' classes: adjusted Rand index \(agreement), where chance has 0; train longer, make model.code smaller, or change phases.generator.rate"
    }
}
