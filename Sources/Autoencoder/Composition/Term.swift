import Layers

/// What a phase minimises, or measures, at a node.
enum Term: Sendable, Hashable {
    /// The cost of the decoder's logits against the clean images.
    case reconstruction(logits: Node, target: Node, loss: ReconstructionLoss, weight: Double)
    /// A discriminator's logits of a stack: the first half real, the second fake; the sum of both halves' means.
    case discriminate(logits: Node, part: String)
    /// A discriminator's logits of what a generator makes, with "real" as the target: −log D, the non-saturating loss.
    case fool(logits: Node, part: String)
    /// The cross-entropy of a softmax of logits with the images' labels.
    case classify(logits: Node)
    /// KL(q ‖ N(0, std²)) in closed form, by the posterior's head: −H(q) and −E log p(z), the last two terms of the paper's
    /// equation 2.
    case divergence(head: Node, std: Double)
    /// −H(q), by the posterior's head.
    case entropy(head: Node)
    /// −log p(z) of a posterior's sample.
    case crossEntropy(code: Node, density: PriorDensity)
    /// The penalty on cluster heads, which depends on no rows of data; `network` has one layer.
    case headDistance(network: Int, settings: HeadSettings)
    /// The sums of a code's values and of their squares: no gradient.
    case measure(code: Node)

    /// The node it looks at; nil where it is a network's parameters.
    var node: Node? {
        switch self {
        case .reconstruction(let node, _, _, _), .discriminate(let node, _), .fool(let node, _), .classify(let node),
            .divergence(let node, _), .entropy(let node), .crossEntropy(let node, _), .measure(let node):
            node
        case .headDistance: nil
        }
    }

    /// Every node it needs the values of.
    var needs: [Node] {
        if case .reconstruction(let logits, let target, _, _) = self { return [logits, target] }
        return node.map { [$0] } ?? []
    }

    /// The node where its gradient starts; nil where it has none.
    var root: Node? { if case .measure = self { nil } else { node } }

    /// −H(q). The terms of a loss are added, so the sign is the opposite of the entropy's, which an evaluation reports.
    private static let negativeEntropy = "negative_entropy"
    /// −E log p(z), of q(z|x) with the prior.
    private static let crossEntropy = "cross_entropy"

    /// Names of the sums over rows that it adds to a phase's report.
    var figures: [Figure] {
        switch self {
        case .reconstruction: [.loss("reconstruction"), .pixelError]
        case .discriminate(_, let part), .fool(_, let part): [.loss(part)]
        case .classify: [.loss("classification"), .errors]
        case .divergence: [.loss(Self.negativeEntropy), .loss(Self.crossEntropy)]
        case .entropy: [.loss(Self.negativeEntropy)]
        case .crossEntropy: [.loss(Self.crossEntropy)]
        case .headDistance: [.loss("heads")]
        case .measure: [.codeSum, .codeSquares, .codeValues]
        }
    }
}

/// A sum over rows that a phase reports for each shard.
public enum Figure: Sendable, Hashable {
    /// One term of the phase's loss, by its name.
    case loss(String)
    /// Squared error over all pixels.
    case pixelError
    /// Labelled rows that are classified wrongly.
    case errors
    /// The sum of all values of the codes.
    case codeSum
    /// The sum of their squares.
    case codeSquares
    /// The number of these values.
    case codeValues
}
