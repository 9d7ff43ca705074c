/// What sections 5 to 7 of the paper have in common: from one encoder a softmax (class or cluster) and a style, each with a discriminator of its
/// own; the encoder takes one generator step on the sum of both losses.
extension CompositionBuilder {
    /// - Parameters:
    ///   - labels: entries of the softmax.
    ///   - isLabelled: whether a labelled minibatch teaches it classes.
    ///   - seen: what the decoder sees of the softmax (or one-hot) and the style.
    ///   - decoderInputs: columns of that.
    ///   - penalties: further terms of the reconstruction phase.
    mutating func disentangle(
        labels: Int, isLabelled: Bool, decoderInputs: Int, further networks: [String] = [],
        penalties: (CompositionBuilder) -> [Term] = { _ in [] },
        seen: (inout CompositionBuilder, _ label: Node, _ style: Node) -> Node
    ) {
        encoder(labels: labels)
        decoder(inputs: decoderInputs)
        discriminator("label", inputs: labels)
        discriminator("style", inputs: model.code)
        if networks.contains("heads") { clusterHeads(count: labels) }
        let encoded = encode(labels: labels)
        guard let labelLogits = encoded.logits else { preconditionFailure("an encoder without a label head") }
        let label = softmax(labelLogits)
        let decoded = seen(&self, label, encoded.code)
        let logits = decode(decoded)
        let onLabel = adversary(
            "label", real: sample(.categorical(classes: labels), columns: labels, "label"), fake: label)
        let onStyle = adversary("style", real: sample(settings.prior, columns: model.code, "style"), fake: encoded.code)
        reconstructionPhase(logits, code: encoded.code, further: networks, adding: penalties(self))
        adversarialPhases([onLabel, onStyle])
        if isLabelled, let logits = encode(.labelled, labels: labels).logits {
            phase(PhaseNames.classification, .labelled, changes: ["encoder"], [.classify(logits: logits)])
        }
        let evaluated = outputEncoded(labels: labels)
        if networks.contains("heads"), let logits = evaluated.logits {
            output(.representation, representation(label: softmax(logits), code: evaluated.code))
        }
        let given = seen(&self, given(.label, columns: labels), given(.code, columns: model.code))
        output(.image, decodeClean(given))
    }

    /// The decoder sees softmax and style side by side.
    mutating func disentangleSideBySide(labels: Int, isLabelled: Bool) {
        disentangle(labels: labels, isLabelled: isLabelled, decoderInputs: labels + model.code) { builder, label, style in
            builder.join([label, style])
        }
    }
}

extension VariantSetting {
    /// Of the variants with two adversaries.
    static let disentangled = autoencoder.union(adversary)
}
