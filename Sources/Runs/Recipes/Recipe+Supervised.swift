extension Recipes {
    /// The decoder is told the class.
    static let supervised = Recipe(
        name: "supervised", summary: "the decoder is told the class, so that the code is style",
        text: """
            # supervised: the decoder is told the class, so that the code is style (paper, section 4), on built-in digits.
            # The code begins as noise, a Gaussian posterior whose weights are small, so that little goes into it that the class tells already.
            # Needs no files, and about a minute on two cores:  lockstep train --recipe supervised
            name: supervised
            data: {set: glyphs, train: 10000, validation: 2000}
            minibatch: 100
            epochs: 30
            variant: supervised
            model: {encoder: [300, 300], decoder: [300, 300], discriminator: [300, 300], code: 8, output: sigmoid, initialisation: normal, classes: 10}
            cost: half-squared-error
            prior: {kind: gaussian, std: 1}
            posterior: {kind: gaussian}
            phases:
              reconstruction: {optimizer: adam, rate: 0.001, schedule: {kind: cosine, from: 2/5}}
              discriminator: {optimizer: adam, rate: 0.001, beta1: 0.5, schedule: {kind: cosine, from: 2/5}}
              generator: {optimizer: adam, rate: 0.001, beta1: 0.5, schedule: {kind: cosine, from: 2/5}}
            checkpoint: {every_epochs: 5}
            evaluate: {every_epochs: 5}
            figures: {every_epochs: 5}

            """)
}
