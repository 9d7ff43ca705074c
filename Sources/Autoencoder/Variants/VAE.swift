import Layers

/// The variational autoencoder (section 2.1 and figure 2 of the paper): the basic networks, and the divergence of a Gaussian posterior from the
/// prior in place of the discriminator; in closed form for a Gaussian prior, sampled for a mixture.
extension VariantDefinition {
    static let vae = VariantDefinition(
        phases: { _ in [PhaseNames.reconstruction] }, settings: VariantSetting.autoencoder, posterior: .gaussian,
        cost: .crossEntropy,
        problem: { settings in
            if settings.parts.posterior != .gaussian {
                return SettingsError(
                    key: "posterior.kind",
                    problem: "a \(settings.parts.posterior.kind) posterior has no divergence from the prior; a VAE needs gaussian",
                    with: ["variant"])
            }
            return settings.prior.lackOfDensity.map { SettingsError(key: "prior.kind", problem: $0, with: ["variant"]) }
        },
        compose: { builder in
            let code = builder.model.code
            builder.encoder()
            builder.decoder(inputs: code)
            let encoded = builder.encode()
            let logits = builder.decode(encoded.code)
            guard let head = encoded.head, let density = builder.settings.prior.density else {
                preconditionFailure("a VAE without a posterior or a density")
            }
            let divergence: [Term] =
                if case .gaussian(let std) = density {
                    [.divergence(head: head, std: std)]
                } else {
                    [.entropy(head: head), .crossEntropy(code: encoded.code, density: density)]
                }
            builder.reconstructionPhase(logits, code: encoded.code, adding: divergence)
            builder.outputEncoded()
            let given = builder.given(.code, columns: code)
            builder.output(.image, builder.decodeClean(given))
        })
}
