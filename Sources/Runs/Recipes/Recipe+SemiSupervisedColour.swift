extension Recipes {
    /// Section 5 of the paper with what it has for SVHN, short: colour, per-pixel standardisation, dropout of the input, batch norm.
    static let semiSupervisedColour = Recipe(
        name: "semi-supervised-colour", summary: "class and style of digits in colour from 1,000 labels, in SVHN's manner",
        text: """
            # semi-supervised-colour: class and style from 1,000 labels (paper, section 5), on built-in digits in colour, in SVHN's manner.
            # Its figures are its own and not SVHN's: that is paper/semi-svhn-1000, which runs on these digits with --set data.set=glyphs-colour.
            # Needs no files, and about two minutes on two cores:  lockstep train --recipe semi-supervised-colour
            name: semi-supervised-colour
            data: {set: glyphs-colour, train: 10000, validation: 2000, standardise: true}
            minibatch: 100
            epochs: 15
            variant: semi-supervised
            model: {encoder: [300, 300], decoder: [300, 300], discriminator: [300, 300], code: 20, output: linear, initialisation: he, classes: 10}
            cost: half-squared-error
            prior: {kind: gaussian, std: 1}
            norm: {encoder: batch, heads: none, decoder: batch}
            dropout: {input: 0.2, hidden: 0}
            labels: {count: 1000, seed: 0, minibatch: 100}
            phases:
              reconstruction: {optimizer: adam, rate: 0.0003, schedule: {kind: cosine, from: 2/5}}
              discriminator: {optimizer: adam, rate: 0.0005, beta1: 0.5, schedule: {kind: cosine, from: 2/5}}
              generator: {optimizer: adam, rate: 0.0005, beta1: 0.5, schedule: {kind: cosine, from: 2/5}}
              classification: {optimizer: adam, rate: 0.001, schedule: {kind: cosine, from: 2/5}}
            checkpoint: {every_epochs: 5}
            evaluate: {every_epochs: 5}
            figures: {every_epochs: 5}

            """)
}
