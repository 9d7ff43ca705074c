extension Recipes {
    /// The variational autoencoder.
    static let vae = Recipe(
        name: "vae", summary: "a variational autoencoder: a divergence in the discriminator's place",
        text: """
            # vae: a variational autoencoder (paper, section 2.1) on built-in digits.
            # Needs no files, and about a minute on two cores:  lockstep train --recipe vae
            name: vae
            data: {set: glyphs, train: 10000, validation: 2000}
            minibatch: 100
            epochs: 20
            variant: vae
            model: {encoder: [300, 300], decoder: [300, 300], code: 2, output: sigmoid, initialisation: normal}
            cost: cross-entropy
            prior: {kind: gaussian, std: 1}
            posterior: {kind: gaussian}
            phases:
              reconstruction: {optimizer: adam, rate: 0.001, schedule: {kind: cosine, from: 2/5}}
            checkpoint: {every_epochs: 5}
            evaluate: {every_epochs: 5}
            figures: {every_epochs: 5}

            """)
}
