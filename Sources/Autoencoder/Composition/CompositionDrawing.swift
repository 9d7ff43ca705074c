import Layers

/// A composition as a person would draw it: plain values, whose layout is left to the code that shows them.
public struct CompositionDrawing: Sendable, Hashable {
    public let variant: Variant
    public let networks: [Network]
    /// The parts of the encoder's last layer; empty where there is no encoder.
    public let heads: [Head]
    /// The ways of an image or a code through the model, from input to output, one line each.
    public let flows: [Flow]
    public let adversaries: [Adversary]
    public let phases: [Phase]
    /// Parameters of all networks.
    public let parameters: Int

    /// Layers of units.
    public struct Network: Sendable, Hashable {
        public let name: String
        /// Inputs, hidden widths, outputs.
        public let widths: [Int]
        public let parameters: Int
        /// What follows its layers besides ReLU: `batch norm (hidden)`, `dropout 20 % (hidden)`.
        public let details: [String]
    }

    /// A part of the encoder's output.
    public struct Head: Sendable, Hashable {
        /// `class`, `cluster` or `code`.
        public let name: String
        /// Classes, clusters or dimensions.
        public let width: Int
        /// `softmax`, or the code's posterior: `deterministic`, `gaussian`, `universal`.
        public let kind: String
    }

    /// A way through the model in training.
    public struct Flow: Sendable, Hashable {
        public let name: String
        /// `image 784`, `noise of std 0.3`, `encoder`, `code 8`.
        public let parts: [String]
    }

    /// A discriminator with what it sees.
    public struct Adversary: Sendable, Hashable {
        public let name: String
        /// What is called real: a prior with its dimensions, or images.
        public let real: String
        /// What the generator makes.
        public let fake: String
        /// What else it sees, noise on both or a class beside them; empty for nothing.
        public let details: [String]
    }

    public struct Phase: Sendable, Hashable {
        public let name: String
        public let stream: Stream
        /// Rows of its minibatch.
        public let minibatch: Int
        /// Networks that it changes.
        public let changes: [String]
        /// The terms of its loss by their names in the metrics, with the kind of the cost, and with factors other than 1.
        public let terms: [String]
        /// Exchanges among all workers: of moments of batch norms, and of the gradient.
        public let exchanges: Int
    }

    /// Exchanges of a step.
    public var exchanges: Int { phases.reduce(0) { $0 + $1.exchanges } }
}

extension TrainingSettings {
    /// The composition that the settings describe, to be looked at.
    public var drawing: CompositionDrawing {
        let composition = composition
        return CompositionDrawing(
            variant: variant, networks: composition.networks.map { drawn($0) }, heads: heads(of: composition),
            flows: flows(composition),
            adversaries: composition.networks.filter { $0.name.hasPrefix(Self.adversaryPrefix) }.map {
                drawn(adversary: $0.name, of: composition)
            },
            phases: composition.phases.map { drawn($0, of: composition) },
            parameters: composition.networks.reduce(0) { $0 + $1.layout.count })
    }

    private static let adversaryPrefix = "discriminator."

    private func drawn(_ network: NetworkPlan) -> CompositionDrawing.Network {
        var details: [String] = []
        func norm(_ kind: NormKind, _ place: String) {
            if kind != .none { details.append("\(kind == .batch ? "batch" : "shard") norm (\(place))") }
        }
        switch network.name {
        case "encoder":
            norm(parts.norm.encoder, "hidden layers")
            norm(parts.norm.heads, "heads")
        case "decoder": norm(parts.norm.decoder, "hidden layers")
        default: break
        }
        if parts.dropout.hidden > 0, network.name == "encoder" || network.name == "decoder", network.widths.count > 2 {
            details.append("dropout \(percent(parts.dropout.hidden)) (hidden layers)")
        }
        return CompositionDrawing.Network(
            name: network.name, widths: network.widths, parameters: network.layout.count, details: details)
    }

    private func percent(_ share: Double) -> String { "\(PriorWalk.text((share * 1000).rounded() / 10)) %" }

    private func heads(of composition: Composition) -> [CompositionDrawing.Head] {
        guard composition.outputs[.code] != nil else { return [] }
        let label = composition.outputs[.label].map {
            CompositionDrawing.Head(name: labelName, width: composition.graph[$0].columns, kind: "softmax")
        }
        let code = CompositionDrawing.Head(name: "code", width: model.code, kind: parts.posterior.kind)
        return [label, code].compactMap(\.self)
    }

    // MARK: Flows

    private func flows(_ composition: Composition) -> [CompositionDrawing.Flow] {
        var flows: [CompositionDrawing.Flow] = []
        if composition.outputs[.code] != nil {
            var input = ["image \(pixels)"]
            if inputNoise > 0 { input.append("noise of std \(PriorWalk.text(inputNoise))") }
            if parts.dropout.input > 0 { input.append("dropout \(percent(parts.dropout.input))") }
            if case .universal(let width, let std) = parts.posterior {
                input.append("with \(width) of noise, std \(PriorWalk.text(std))")
            }
            flows.append(CompositionDrawing.Flow(name: "encode", parts: input + ["encoder", heads(composition)]))
        }
        let given = composition.graph.order(for: [composition.outputs[.image]!]).compactMap { node -> String? in
            guard case .given(let what) = composition.graph[node].operation else { return nil }
            return what == .label ? "\(labelName) \(composition.graph[node].columns)" : "code \(composition.graph[node].columns)"
        }
        let joined = composition.networks.contains { $0.name == "heads" } ? ["heads of \(labelName) + code"] : []
        flows.append(
            CompositionDrawing.Flow(
                name: "decode",
                parts: [given.sorted().joined(separator: ", ")] + joined + [
                    "decoder", "image \(pixels), \(model.output)",
                ]))
        return flows
    }

    private var labelName: String { labelsAreClasses ? "class" : "cluster" }

    /// What the encoder's last layer is cut into.
    private func heads(_ composition: Composition) -> String {
        let kind: String =
            switch parts.posterior {
            case .deterministic: ""
            case .gaussian: ", Gaussian posterior"
            case .universal: ", universal approximator"
            }
        let code = "code \(model.code)\(kind)"
        guard let logits = composition.outputs[.label] else { return code }
        return "\(labelName) \(composition.graph[logits].columns) softmax | \(code)"
    }

    // MARK: Adversaries

    private func drawn(adversary name: String, of composition: Composition) -> CompositionDrawing.Adversary {
        let graph = composition.graph
        let part = String(name.dropFirst(Self.adversaryPrefix.count))
        var details: [String] = []
        if parts.discriminatorNoise > 0 { details.append("noise of std \(PriorWalk.text(parts.discriminatorNoise)) on both") }
        let sample = graph.vertices.first { $0.draw?.name == "prior.\(part)" }
        var real = "images"
        if case .prior(_, let prior, let classes)? = sample?.operation {
            real = "\(prior.kind) \(sample!.columns)"
            if let classes { details.append("beside both the class of \(classes), or none") }
        }
        let fake =
            switch part {
            case "image": "decoder's images"
            case "label": "softmax of the \(labelName)"
            default: "encoder's code"
            }
        return CompositionDrawing.Adversary(name: name, real: real, fake: fake, details: details)
    }

    // MARK: Phases

    private func drawn(_ phase: PhasePlan, of composition: Composition) -> CompositionDrawing.Phase {
        CompositionDrawing.Phase(
            name: phase.name, stream: phase.stream, minibatch: mostRows(of: phase.stream),
            changes: phase.changes.map { composition.networks[$0].name },
            terms: phase.terms.flatMap { term in names(of: term) },
            exchanges: PhaseProgram(phase, graph: composition.graph).segments.count)
    }

    private func names(of term: Term) -> [String] {
        let names = term.figures.compactMap { figure -> String? in
            guard case .loss(let name) = figure else { return nil }
            return name
        }
        let factor: Double =
            switch term {
            case .reconstruction(_, _, _, let weight): weight
            case .headDistance(_, let heads): heads.weight
            default: 1
            }
        let kind = if case .reconstruction = term { " (\(cost.rawValue))" } else { "" }
        return names.map { $0 + kind + times(factor) }
    }

    private func times(_ factor: Double) -> String { factor == 1 ? "" : " x \(PriorWalk.text(factor))" }
}
