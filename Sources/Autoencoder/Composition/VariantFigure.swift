/// A figure of held-out images that measures a variant's own purpose, beside the figures that all variants share.
public enum VariantFigure: Sendable, Hashable {
    /// For a label head taught by labels: the share of images that it classifies wrongly (section 5 of the paper).
    case classification(classes: Int)
    /// For a label head without labels: how well its clusters match the classes (sections 6 and 7).
    case clustering(clusters: Int)
    /// For classes with a part of the prior each: the share of codes that lie in another class's part (section 2.3).
    case nearestComponent(classes: Int)
    /// The lower bound on the log-likelihood, with its three terms (section 2.1).
    case lowerBound
}

extension TrainingSettings {
    /// The variant's own; nil where there is none.
    public var variantFigure: VariantFigure? {
        let composition = composition
        let terms = composition.phases.flatMap(\.terms)
        if let logits = composition.outputs[.label] {
            let entries = composition.graph[logits].columns
            let isTaught = terms.contains { if case .classify = $0 { true } else { false } }
            return isTaught ? .classification(classes: entries) : .clustering(clusters: entries)
        }
        for node in composition.graph.order(for: terms.flatMap(\.needs)) {
            if case .prior(_, _, let classes?) = composition.graph[node].operation { return .nearestComponent(classes: classes) }
        }
        return composition.outputs[.head] != nil && terms.contains(where: \.isDivergence) ? .lowerBound : nil
    }

    /// Classes that have a part of the prior each, from which codes of that class are drawn (section 2.3 of the paper); nil where the prior has no such
    /// parts.
    public var priorClasses: Int? { if case .nearestComponent(let classes) = variantFigure { classes } else { nil } }

    /// Whether what is decoded beside a code is a class of the data; otherwise it is a cluster, whose number means nothing.
    public var labelsAreClasses: Bool { if case .clustering = variantFigure { false } else { true } }

    /// The word that a person reads for a part of the model, such as a loss's term: what tensors and metrics call `label` is a cluster where no
    /// labels taught it.
    public func words(ofPart name: String) -> String { name == "label" && !labelsAreClasses ? "cluster" : name }

    /// Classes or clusters, one of which the decoder is told beside the code; nil where it is told none.
    public var decodedLabels: Int? { composition.decodedLabels }

    /// Whether a discriminator takes part in training.
    public var hasAdversary: Bool { phaseNames.contains(PhaseNames.discriminator) }
}

extension Term {
    fileprivate var isDivergence: Bool {
        switch self {
        case .divergence, .crossEntropy: true
        default: false
        }
    }
}
