/// The comparator of the paper's table 1: the decoder as a generator of images from the prior's samples, and a discriminator on images.
extension VariantDefinition {
    static let gan = VariantDefinition(
        phases: { _ in [PhaseNames.discriminator, PhaseNames.generator] },
        settings: VariantSetting.adversary.union([.decoderNorm, .hiddenDropout]),
        compose: { builder in
            let (code, pixels) = (builder.model.code, builder.settings.pixels)
            builder.decoder(inputs: code)
            builder.discriminator("image", inputs: pixels)
            let sample = builder.sample(builder.settings.prior, columns: code, "code")
            let made = builder.output(ofLogits: builder.decode(sample))
            let adversary = builder.adversary("image", real: builder.images(), fake: made)
            builder.adversarialPhases([adversary], generator: "decoder")
            let given = builder.given(.code, columns: code)
            builder.output(.image, builder.decodeClean(given))
        })
}
