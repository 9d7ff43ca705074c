import Layers

/// A network's description, before memory is allocated for it.
struct NetworkPlan: Sendable, Hashable {
    /// `encoder`, `discriminator.code`: what its tensors' names begin with.
    let name: String
    /// Inputs, hidden widths, outputs.
    let widths: [Int]
    /// What each layer adds to its product.
    let offsets: [LayerOffset]
    /// Standard deviation of the initial weights; nil for the recipe's `initialisation`.
    let std: Double?

    init(name: String, widths: [Int], offsets: [LayerOffset]? = nil, std: Double? = nil) {
        self.name = name
        self.widths = widths
        self.offsets = offsets ?? [LayerOffset](repeating: .bias, count: widths.count - 1)
        self.std = std
    }

    var outputs: Int { widths[widths.count - 1] }
    var layout: ParameterLayout { ParameterLayout(prefix: name, widths: widths, offsets: offsets) }
    /// Multiply-adds of a row's pass through one layer.
    func products(_ layer: Int) -> Int { widths[layer] * widths[layer + 1] }
}

/// One phase of a step before it is compiled.
struct PhasePlan: Sendable, Hashable {
    let name: String
    /// The stream whose minibatch it runs on.
    let stream: Stream
    /// The networks that it changes, in the order of its flat buffer.
    let changes: [Int]
    let terms: [Term]

    init(name: String, stream: Stream = .images, changes: [Int], terms: [Term]) {
        self.name = name
        self.stream = stream
        self.changes = changes
        self.terms = terms
    }

    /// Names of the sums that it reports for each shard.
    var figures: [Figure] {
        terms.flatMap(\.figures).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }
}

/// A model of the paper, described once. Shapes, parameters, operations, phases, exchanges, and what is saved, replayed and measured follow from it.
struct Composition: Sendable, Hashable {
    /// In the order in which their weights are drawn.
    var networks: [NetworkPlan] = []
    var graph = Graph()
    /// In the order of a step.
    var phases: [PhasePlan] = []
    /// The values that a trained model can be asked for.
    var outputs: [Output: Node] = [:]

    /// The number of classes or clusters, one of which is decoded beside a code; nil where only the code is decoded.
    var decodedLabels: Int? {
        guard let image = outputs[.image] else { return nil }
        return graph.order(for: [image]).first { graph[$0].operation == .given(.label) }.map { graph[$0].columns }
    }

    /// What `Inference`, pictures and figures ask a trained model for.
    enum Output: String, Sendable, Hashable {
        /// The code of a clean image.
        case code
        /// The logits of the image that is decoded from what is given.
        case image
        /// The logits of a clean image's class or cluster.
        case label
        /// The Gaussian posterior's means and logarithms of variances, of a clean image.
        case head
        /// Where a clean image lies among the cluster heads (section 7 of the paper): W_C y + z.
        case representation
    }
}
