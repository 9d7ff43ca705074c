import Autoencoder
import Evaluation
import Figures

extension HeldOutStory {
    /// One line for the end of a run: whether it has trained, and the figures that say so, each beside what it would be if nothing were learnt.
    ///
    /// - Parameter discriminator: its loss over the last steps; nil where there is none.
    static func verdict(_ figures: EpochFigures, discriminator: DiscriminatorLoss?) -> String {
        let lead =
            switch Trained(figures, guesses: discriminator?.isGuessing) {
            case .yes: "the model has trained"
            case .partly: "the model has trained in part"
            case .no: "the model has not trained"
            case .untold: "whether the model has trained cannot be told by so few held-out images"
            }
        return "\(lead): \((facts(figures) + (discriminator.map { [$0.words] } ?? [])).joined(separator: "; "))"
    }

    private static func facts(_ figures: EpochFigures) -> [String] {
        var facts: [String] = []
        if let error = figures.reconstruction {
            facts.append(
                "error of an image \(NumberText.rounded(error.halfSquared)), with their mean for all \(NumberText.rounded(error.halfSquaredOfMean))"
            )
        }
        if let match = figures.match {
            facts.append(
                "std of the codes \(NumberText.rounded(match.code.std)), of the prior \(NumberText.rounded(match.prior.std))")
        }
        if let labels = figures.labels {
            if figures.isTaught, let error = labels.error {
                facts.append("classification error \(NumberText.percent(error))")
            } else if !figures.isTaught {
                facts.append("\(labels.empty) of \(labels.entries) clusters dead")
            }
        }
        if let match = figures.sampleMatch {
            facts.append(
                "samples explain \(NumberText.percent(match.explained)) of held-out images, other images \(NumberText.percent(match.byImages)), noise \(NumberText.percent(match.byNoise))"
            )
        }
        if let samples = figures.samples {
            facts.append(
                "samples differ by \(NumberText.rounded(samples.spread)), their pixels' std is \(NumberText.rounded(samples.std))")
        }
        return facts
    }
}

/// What a run's discriminators came to in its last steps.
struct DiscriminatorLoss: Sendable, Equatable {
    /// Sum over the discriminators, mean over the steps.
    let value: Double
    /// The same where each of them can only guess: 2 ln 2.
    let ofGuessing: Double

    /// How many steps count, and how near to guessing counts as guessing.
    private static let (steps, nearness) = (100, 0.02)

    var isGuessing: Bool { abs(value - ofGuessing) <= Self.nearness * ofGuessing }

    var words: String {
        "loss of the discriminator \(NumberText.rounded(value)), of mere guessing \(NumberText.rounded(ofGuessing))"
    }

    init(value: Double, ofGuessing: Double) {
        self.value = value
        self.ofGuessing = ofGuessing
    }

    /// Of the last steps in a `metrics.jsonl`; nil where none of them trained a discriminator.
    init?(metricsPath path: String) {
        let losses = MetricsReader.lastSteps(Self.steps, path: path).compactMap { step in
            step.losses.first { $0.name == "discriminator" }
        }
        guard let last = losses.first,
            let guessing = LossPanel.equilibrium(of: last.name, adversaries: max(1, last.terms.count))
        else { return nil }
        self.init(value: losses.reduce(0) { $0 + $1.value } / Double(losses.count), ofGuessing: guessing.value)
    }
}
