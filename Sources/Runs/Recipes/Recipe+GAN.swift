extension Recipes {
    /// The comparator of table 1.
    static let gan = Recipe(
        name: "gan", summary: "a generator and a discriminator on images",
        text: """
            # gan: a generator of images from the prior's samples, and a discriminator on images (paper, table 1), on built-in digits.
            # Needs no files, and about a minute on two cores:  lockstep train --recipe gan
            name: gan
            data: {set: glyphs, train: 10000, validation: 2000}
            minibatch: 100
            epochs: 20
            variant: gan
            model: {decoder: [300, 300], discriminator: [300, 300], code: 8, output: sigmoid, initialisation: he}
            prior: {kind: gaussian, std: 1}
            noise: {discriminator: 0.3}      # steadies the game: digits come out clearer
            phases:
              discriminator: {optimizer: adam, rate: 2.0e-4, beta1: 0.5, schedule: {kind: cosine, from: 2/5}}
              generator: {optimizer: adam, rate: 2.0e-4, beta1: 0.5, schedule: {kind: cosine, from: 2/5}}
            checkpoint: {every_epochs: 5}
            evaluate: {every_epochs: 5}
            figures: {every_epochs: 5}

            """)
}
