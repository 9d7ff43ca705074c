import Layers

/// A network before it has any memory.
struct NetworkPlan: Sendable, Hashable {
    /// `encoder`, `discriminator.code`: what its tensors' names begin with.
    let name: String
    /// Inputs, hidden widths, outputs.
    let widths: [Int]

    var outputs: Int { widths[widths.count - 1] }
    /// Weights and biases.
    var parameters: Int { products + widths.dropFirst().reduce(0, +) }
    /// Multiply-adds of a row's forward pass.
    var products: Int { zip(widths, widths.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 } }
    /// Those of its first layer, the one whose input nobody may need a gradient of.
    var firstProduct: Int { widths[0] * widths[1] }
    var hidden: ArraySlice<Int> { widths.dropFirst().dropLast() }
}

/// What a phase makes smaller, or measures, at a node.
enum Term: Sendable, Hashable {
    /// The cost of the decoder's logits against the clean images.
    case reconstruction(logits: Node, target: Node, loss: ReconstructionLoss)
    /// A discriminator's logits of a stack: the first half real, the second fake; the sum of both halves' means.
    case discriminate(logits: Node)
    /// A discriminator's logits of what a generator makes, called real: −log D, the non-saturating loss.
    case fool(logits: Node)
    /// The sums of a code's values and of their squares: no gradient.
    case measure(code: Node)

    /// The node it looks at.
    var node: Node {
        switch self {
        case .reconstruction(let logits, _, _), .discriminate(let logits), .fool(let logits): logits
        case .measure(let code): code
        }
    }

    /// Every node it needs the values of.
    var needs: [Node] {
        if case .reconstruction(let logits, let target, _) = self { return [logits, target] }
        return [node]
    }

    /// Whether a gradient leaves it.
    var isMinimised: Bool { if case .measure = self { false } else { true } }

    /// Names of the sums over rows that it adds to a phase's report.
    var figures: [Figure] {
        switch self {
        case .reconstruction: [.loss, .pixelError]
        case .discriminate, .fool: [.loss]
        case .measure: [.codeSum, .codeSquares]
        }
    }
}

/// A sum over rows that a phase tells of each shard.
public enum Figure: String, Sendable, Hashable {
    /// The phase's loss, all its terms together.
    case loss
    /// Squared error over all pixels.
    case pixelError = "pixel_error"
    /// Of all values of the codes.
    case codeSum = "code_sum"
    /// Of their squares.
    case codeSquares = "code_squares"
}

/// One phase of a step before it is compiled.
struct PhasePlan: Sendable, Hashable {
    let name: String
    /// The networks that it changes, in the order of its flat buffer.
    let changes: [Int]
    let terms: [Term]

    /// Names of the sums that it tells of each shard.
    var figures: [Figure] {
        terms.flatMap(\.figures).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }
}

/// A model of the paper, written down once: shapes, parameters, operations, phases, exchanges and what is saved, replayed and measured follow.
struct Composition: Sendable, Hashable {
    /// In the order in which their weights are drawn.
    var networks: [NetworkPlan] = []
    var graph = Graph()
    /// In the order of a step.
    var phases: [PhasePlan] = []
    /// What is asked for after training: the code of a clean image, and the logits of the image of a code.
    var code: Node
    var image: Node
}
