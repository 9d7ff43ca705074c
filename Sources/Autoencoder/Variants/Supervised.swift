/// The supervised autoencoder (section 4 of the paper): the decoder gets the label's one-hot beside the code, so that the code is style; the
/// discriminator sees the code only.
extension VariantDefinition {
    static let supervised = VariantDefinition(
        phases: { _ in PhaseNames.adversarial },
        settings: VariantSetting.autoencoder.union(VariantSetting.adversary).union([.classes]),
        labels: LabelSettings(),
        compose: { builder in
            let (code, classes) = (builder.model.code, builder.model.classes)
            builder.encoder()
            builder.decoder(inputs: classes + code)
            builder.discriminator("code", inputs: code)
            let encoded = builder.encode()
            let seen = builder.join([builder.label(classes), encoded.code])
            let logits = builder.decode(seen)
            let real = builder.sample(builder.settings.prior, columns: code, "code")
            let adversary = builder.adversary("code", real: real, fake: encoded.code)
            builder.reconstructionPhase(logits, code: encoded.code)
            builder.adversarialPhases([adversary])
            builder.outputEncoded()
            let given = builder.join([builder.given(.label, columns: classes), builder.given(.code, columns: code)])
            builder.output(.image, builder.decodeClean(given))
        })
}
