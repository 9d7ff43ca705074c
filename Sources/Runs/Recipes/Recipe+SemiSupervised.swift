extension Recipes {
    /// Class and style from 100 labels.
    static let semiSupervised = Recipe(
        name: "semi-supervised", summary: "class and style from 100 labels",
        text: """
            # semi-supervised: class and style from 100 labels (paper, section 5), on built-in digits.
            # Needs no files, and about a minute on two cores:  lockstep train --recipe semi-supervised
            name: semi-supervised
            data: {set: glyphs, train: 10000, validation: 2000}
            minibatch: 100
            epochs: 20
            variant: semi-supervised
            model: {encoder: [300, 300], decoder: [300, 300], discriminator: [300, 300], code: 8, output: sigmoid, initialisation: he, classes: 10}
            cost: half-squared-error
            prior: {kind: gaussian, std: 1}
            noise: {input: 0.3, discriminator: 0}
            labels: {count: 100, seed: 0, minibatch: 100}
            phases:
              reconstruction: {optimizer: adam, rate: 0.001, schedule: {kind: cosine, from: 2/5}}
              discriminator: {optimizer: adam, rate: 0.0005, beta1: 0.5, schedule: {kind: cosine, from: 2/5}}
              generator: {optimizer: adam, rate: 0.0005, beta1: 0.5, schedule: {kind: cosine, from: 2/5}}
              classification: {optimizer: adam, rate: 0.001, schedule: {kind: cosine, from: 2/5}}
            checkpoint: {every_epochs: 5}
            evaluate: {every_epochs: 5}
            figures: {every_epochs: 5}

            """)
}
