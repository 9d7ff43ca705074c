import Layers

/// What a phase exchanges before it can go on.
public enum Segment: Sendable, Hashable {
    /// The exact sum of the phase's gradient, with its tensors' statistics.
    case gradient
}

/// One phase of a step, as the network stratum sees it: named ranges of a flat sum.
public struct PhaseDescription: Sendable {
    /// Order in the step.
    public let index: Int
    public let name: String
    /// The tensors that the phase changes; their ranges lie in the phase's own sum buffer and fill it.
    public let tensors: [TensorSpec]
    /// Elements of that buffer.
    public let count: Int
    /// Indices of `tensors` in the order in which the backward pass completes them.
    public let readyOrder: [Int]
    /// Each ends in one exact exchange.
    public let segments: [Segment]
}

/// What a phase computes.
enum PhaseKind: Sendable, Hashable {
    /// Encoder and decoder step on the reconstruction error.
    case reconstruction
    /// The adversaries step to tell prior samples from codes.
    case discriminator
    /// The encoder steps to make the adversaries call its codes real.
    case generator
}

extension PhaseKind {
    /// The phases of the basic model, in order, by their names in a recipe.
    static let basic: [(name: String, kind: PhaseKind)] = [
        ("reconstruction", .reconstruction), ("discriminator", .discriminator), ("generator", .generator),
    ]

    /// The networks that the phase changes. A backward pass completes them from the last to the first.
    func networks(of model: Model) -> [MultilayerPerceptron] {
        switch self {
        case .reconstruction: [model.encoder, model.decoder]
        case .discriminator: model.adversaries.map(\.network)
        case .generator: [model.encoder]
        }
    }
}

extension PhaseDescription {
    /// The phase's flat buffer: its networks' layouts one after the other.
    init(index: Int, name: String, networks: [MultilayerPerceptron]) {
        var tensors: [TensorSpec] = []
        var offset = 0
        for network in networks {
            tensors += network.layout.tensors.map { $0.moved(by: offset) }
            offset += network.layout.count
        }
        self.init(
            index: index, name: name, tensors: tensors, count: offset, readyOrder: tensors.indices.reversed(),
            segments: [.gradient])
    }
}
