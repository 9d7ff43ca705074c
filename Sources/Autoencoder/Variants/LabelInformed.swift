/// Labels that decide where in the prior a class lies (section 2.3 and figures 3 and 4 of the paper): the discriminator also sees a one-hot of the
/// class or of "unlabelled"; a labelled image's real sample comes from its class's part of the prior.
extension VariantDefinition {
    static let labelInformed = VariantDefinition(
        phases: { _ in PhaseNames.adversarial },
        settings: VariantSetting.autoencoder.union(VariantSetting.adversary).union([.classes, .labels]),
        labels: LabelSettings(),
        problem: { settings in
            settings.prior.problem(classes: settings.model.classes).map {
                SettingsError(key: "prior", problem: $0, with: ["prior.kind", "prior.components", "model.classes", "variant"])
            }
        },
        compose: { builder in
            let (code, classes) = (builder.model.code, builder.model.classes)
            builder.encoder()
            builder.decoder(inputs: code)
            builder.discriminator("code", inputs: code + classes + 1)
            let encoded = builder.encode()
            let logits = builder.decode(encoded.code)
            let label = builder.label(classes, hasColumnForNone: true)
            let real = builder.sample(builder.settings.prior, columns: code, classes: classes, "code")
            let adversary = builder.adversary("code", real: real, fake: encoded.code, beside: label)
            builder.reconstructionPhase(logits, code: encoded.code)
            builder.adversarialPhases([adversary])
            builder.outputEncoded()
            let given = builder.given(.code, columns: code)
            builder.output(.image, builder.decodeClean(given))
        })
}
