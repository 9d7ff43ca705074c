extension Recipes {
    /// Section 5 and table 2 of the paper: SVHN, 1,000 labels.
    static let paperSemiSVHN1000 = Recipe(
        name: "paper/semi-svhn-1000", summary: "SVHN, 1,000 labels: table 2",
        text: """
            # paper/semi-svhn-1000: the semi-supervised autoencoder on SVHN with 1,000 labels (paper, section 5 and table 2).
            # Recalled only: rates, momenta, epochs, a style of 20, dropout of 20 % of the input, batch norm in all layers of the autoencoder.
            # Needs the files:  lockstep data fetch svhn   (or, for digits that are not SVHN's: --set data.set=glyphs-colour)
            name: paper-semi-svhn-1000
            data: {set: svhn, train: 63257, validation: 10000, standardise: true}
            minibatch: 100
            epochs: 1000
            variant: semi-supervised
            model: {encoder: [1000, 1000], decoder: [1000, 1000], discriminator: [1000, 1000], code: 20, output: linear, initialisation: normal, classes: 10}
            cost: half-squared-error
            prior: {kind: gaussian, std: 1}      # of the style; that of the class is one-hots
            norm: {encoder: batch, heads: batch, decoder: batch}
            dropout: {input: 0.2, hidden: 0}
            labels: {count: 1000, seed: 0, minibatch: 100}    # as many of each class
            phases:
              reconstruction: {optimizer: sgd, rate: 0.0001, momentum: 0.9, schedule: {kind: steps, at: [250], factor: 0.1}}
              discriminator: {optimizer: sgd, rate: 0.01, momentum: 0.1, schedule: {kind: steps, at: [250], factor: 0.1}}
              generator: {optimizer: sgd, rate: 0.01, momentum: 0.1, schedule: {kind: steps, at: [250], factor: 0.1}}
              classification: {optimizer: sgd, rate: 0.1, momentum: 0.9, schedule: {kind: steps, at: [250], factor: 0.1}}
            evaluate: {every_epochs: 10}
            figures: {every_epochs: 50}

            """)
}
