/// The basic autoencoder (section 2 of the paper): an encoder and a decoder, and a discriminator that tells the prior's samples from codes.
extension VariantDefinition {
    static let basic = VariantDefinition(
        phases: { _ in PhaseNames.adversarial }, settings: VariantSetting.autoencoder.union(VariantSetting.adversary),
        compose: { builder in
            let code = builder.model.code
            builder.encoder()
            builder.decoder(inputs: code)
            builder.discriminator("code", inputs: code)
            let encoded = builder.encode()
            let logits = builder.decode(encoded.code)
            let real = builder.sample(builder.settings.prior, columns: code, "code")
            let adversary = builder.adversary("code", real: real, fake: encoded.code)
            builder.reconstructionPhase(logits, code: encoded.code)
            builder.adversarialPhases([adversary])
            builder.outputEncoded()
            let given = builder.given(.code, columns: code)
            builder.output(.image, builder.decodeClean(given))
        })
}
