import Layers

/// What the variants have in common: networks, how an image becomes a code, how a code becomes an image, adversaries.
struct CompositionBuilder {
    let settings: TrainingSettings
    private(set) var composition = Composition()
    private var places: [String: Int] = [:]

    init(_ settings: TrainingSettings) { self.settings = settings }

    var model: ModelSettings { settings.model }
    private var parts: PartSettings { settings.parts }

    // MARK: Networks, in the order in which their weights are drawn

    private mutating func network(_ plan: NetworkPlan) {
        places[plan.name] = composition.networks.count
        composition.networks.append(plan)
    }

    /// The encoder: one trunk, whose last layer has as many outputs as all heads together; a Gaussian posterior doubles the code's.
    mutating func encoder(labels: Int = 0) {
        let (widths, norm) = (model.encoder, parts.norm)
        let offsets = widths.map { _ in offset(norm.encoder) } + [offset(norm.heads)]
        network(NetworkPlan(name: "encoder", widths: [inputs] + widths + [labels + codeHead], offsets: offsets))
    }

    private func offset(_ norm: NormKind) -> LayerOffset { norm == .none ? .bias : .norm }

    /// Columns of the encoder's input.
    private var inputs: Int {
        if case .universal(let width, _) = parts.posterior { settings.pixels + width } else { settings.pixels }
    }

    /// Columns of the code's head.
    private var codeHead: Int { parts.posterior == .gaussian ? 2 * model.code : model.code }

    /// - Parameter inputs: columns of what is decoded.
    mutating func decoder(inputs: Int) {
        let offsets = model.decoder.map { _ in offset(parts.norm.decoder) } + [.bias]
        network(NetworkPlan(name: "decoder", widths: [inputs] + model.decoder + [settings.pixels], offsets: offsets))
    }

    mutating func discriminator(_ part: String, inputs: Int) {
        network(NetworkPlan(name: "discriminator.\(part)", widths: [inputs] + model.discriminator + [1]))
    }

    /// The cluster heads W_C (section 7 of the paper), N(0, 1) at first.
    mutating func clusterHeads(count: Int) {
        network(NetworkPlan(name: "heads", widths: [count, model.code], offsets: [.none], std: 1))
    }

    private func place(_ name: String) -> Int {
        guard let place = places[name] else { preconditionFailure("there is no network \(name)") }
        return place
    }

    // MARK: From images to codes

    /// The images of a stream, clean.
    mutating func images(_ stream: Stream = .images) -> Node { composition.graph.image(stream, columns: settings.pixels) }

    /// The encoder's outputs for a stream's images.
    struct Encoded {
        /// Logits of labels or clusters; nil where there is no such head.
        var logits: Node?
        var code: Node
        /// The posterior's head; nil where the posterior is not Gaussian.
        var head: Node?
    }

    /// The encoder on a stream's images, in training: with the recipe's noise and dropout.
    mutating func encode(_ stream: Stream = .images, labels: Int = 0) -> Encoded {
        let suffix = stream == .images ? "" : ".labelled"
        let clean = images(stream)
        let noisy = composition.graph.corrupt(clean, std: settings.inputNoise, .inputNoise, "noise.input\(suffix)")
        let dropped = composition.graph.drop(noisy, share: parts.dropout.input, "dropout.input\(suffix)")
        return encode(dropped, stream, labels: labels, suffix: suffix, isTraining: true)
    }

    /// The encoder on clean images, as after training. Its outputs are the code and, where they exist, the logits of labels and the posterior's head.
    @discardableResult
    mutating func outputEncoded(labels: Int = 0) -> Encoded {
        let encoded = encode(images(), .images, labels: labels, suffix: "", isTraining: false)
        output(.code, encoded.code)
        if let logits = encoded.logits { output(.label, logits) }
        if let head = encoded.head { output(.head, head) }
        return encoded
    }

    private mutating func encode(
        _ input: Node, _ stream: Stream, labels: Int, suffix: String, isTraining: Bool
    ) -> Encoded {
        var input = input
        if case .universal(let width, let std) = parts.posterior {
            let noise = composition.graph.noise(stream, columns: width, std: std, .posterior, "noise.posterior\(suffix)")
            input = composition.graph.join([input, noise])
        }
        let output = apply(
            "encoder", to: input, norm: parts.norm.encoder, last: parts.norm.heads, dropping: isTraining ? suffix : nil)
        let logits = labels > 0 ? composition.graph.columns(0..<labels, of: output) : nil
        let head = composition.graph.columns(labels..<labels + codeHead, of: output)
        guard parts.posterior == .gaussian else { return Encoded(logits: logits, code: head, head: nil) }
        let noise = composition.graph.noise(stream, columns: model.code, std: 1, .posterior, "noise.posterior\(suffix)")
        return Encoded(logits: logits, code: composition.graph.posterior(head, noise: noise), head: head)
    }

    /// A network layer by layer: dense, norm, ReLU, dropout.
    ///
    /// - Parameter dropping: the suffix of its dropout's names; nil where nothing is dropped.
    private mutating func apply(
        _ name: String, to input: Node, norm: NormKind = .none, last: NormKind = .none, dropping suffix: String? = nil
    ) -> Node {
        let network = place(name)
        let plan = composition.networks[network]
        var node = input
        let layers = plan.widths.count - 1
        for layer in 0..<layers {
            let isHidden = layer < layers - 1
            let kind = isHidden ? norm : last
            node = composition.graph.dense(
                network, layer, outputs: plan.widths[layer + 1], isRectified: isHidden && kind == .none, node)
            if kind != .none {
                node = composition.graph.normalise(network, layer, by: kind, node)
                if isHidden { node = composition.graph.rectify(node) }
            }
            if isHidden, let suffix {
                node = composition.graph.drop(node, share: parts.dropout.hidden, "dropout.\(name).\(layer)\(suffix)")
            }
        }
        return node
    }

    // MARK: From codes to images

    /// The logits of images in training.
    mutating func decode(_ code: Node) -> Node {
        apply("decoder", to: code, norm: parts.norm.decoder, dropping: "")
    }

    /// The logits of images after training.
    mutating func decodeClean(_ code: Node) -> Node { apply("decoder", to: code, norm: parts.norm.decoder) }

    /// The images that the decoder's logits stand for.
    mutating func output(ofLogits logits: Node) -> Node {
        model.output == .sigmoid ? composition.graph.sigmoid(logits) : logits
    }

    mutating func given(_ given: Given, columns: Int) -> Node { composition.graph.given(given, columns: columns) }

    /// The representation of section 7: W_C y + z.
    mutating func representation(label: Node, code: Node) -> Node {
        let head = composition.graph.dense(place("heads"), 0, outputs: model.code, isRectified: false, label)
        return composition.graph.sum(head, code)
    }

    mutating func join(_ nodes: [Node]) -> Node { composition.graph.join(nodes) }
    mutating func softmax(_ node: Node) -> Node { composition.graph.softmax(node) }
    mutating func label(_ classes: Int, hasColumnForNone: Bool = false) -> Node {
        composition.graph.label(.images, classes: classes, hasColumnForNone: hasColumnForNone)
    }

    // MARK: Adversaries

    /// A sample of the prior for each row, from the class's part where there are classes.
    mutating func sample(_ prior: PriorSettings, columns: Int, classes: Int? = nil, _ part: String) -> Node {
        composition.graph.sample(prior, .images, columns: columns, classes: classes, "prior.\(part)")
    }

    /// A discriminator with its outputs.
    struct Adversary {
        /// What it judges; the last part of its network's name.
        let part: String
        /// Its logits of the real rows, then of the fake ones.
        let told: Node
        /// Its logits of the fake rows alone.
        let fooled: Node
    }

    /// A discriminator that tells what is real from what is fake.
    ///
    /// - Parameter beside: a value that it sees beside the real and the fake one.
    mutating func adversary(_ part: String, real: Node, fake: Node, beside: Node? = nil) -> Adversary {
        let name = "discriminator.\(part)"
        func noisy(_ node: Node, _ which: String) -> Node {
            composition.graph.corrupt(
                node, std: parts.discriminatorNoise, .discriminatorNoise, "noise.\(name).\(which)")
        }
        func seen(_ node: Node) -> Node { composition.graph.join([node] + (beside.map { [$0] } ?? [])) }
        let (real, fake) = (seen(noisy(real, "real")), seen(noisy(fake, "fake")))
        let stack = composition.graph.stack(real, fake)
        return Adversary(part: part, told: apply(name, to: stack), fooled: apply(name, to: fake))
    }

    // MARK: Phases

    /// Encoder and decoder learn to reconstruct the images.
    ///
    /// - Parameters:
    ///   - logits: of the decoded images.
    ///   - code: the code whose sums are measured.
    ///   - networks: further networks that learn in this phase.
    ///   - terms: further terms of the phase's loss.
    mutating func reconstructionPhase(_ logits: Node, code: Node, further networks: [String] = [], adding terms: [Term] = []) {
        let cost = Term.reconstruction(
            logits: logits, target: images(), loss: settings.reconstructionLoss, weight: parts.reconstructionWeight)
        phase(
            PhaseNames.reconstruction, changes: ["encoder", "decoder"] + networks, [cost] + terms + [.measure(code: code)])
    }

    /// Each discriminator learns from its own loss. Then the generator takes one step on the sum of the losses that fool them.
    mutating func adversarialPhases(_ adversaries: [Adversary], generator: String = "encoder") {
        phase(
            PhaseNames.discriminator, changes: adversaries.map { "discriminator.\($0.part)" },
            adversaries.map { .discriminate(logits: $0.told, part: $0.part) })
        phase(
            PhaseNames.generator, changes: [generator], adversaries.map { .fool(logits: $0.fooled, part: $0.part) })
    }

    mutating func phase(_ name: String, _ stream: Stream = .images, changes: [String], _ terms: [Term]) {
        composition.phases.append(PhasePlan(name: name, stream: stream, changes: changes.map(place), terms: terms))
    }

    func headDistance() -> Term { .headDistance(network: place("heads"), settings: parts.heads) }

    mutating func output(_ output: Composition.Output, _ node: Node) { composition.outputs[output] = node }
}
