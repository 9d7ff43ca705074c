extension Recipes {
    /// Section 4 and figure 7 of the paper: style apart from the class, of house numbers.
    static let paperFigure7 = Recipe(
        name: "paper/figure-7", summary: "SVHN, all labels, 20-D code of style: figure 7",
        text: """
            # paper/figure-7: the supervised autoencoder on house numbers: the decoder is told the class, and the code is style (paper, section 4, figure 7).
            # The paper shows the picture and states next to nothing of its settings. Here the networks are those of its other experiments; the code,
            # the rates, the dropout of the input and batch norm are what its semi-supervised experiment on SVHN has, as far as that is known;
            # the length is a guess.
            # Pixels are standardised, each by its mean and deviation over the training images, and the output is linear.
            # Needs the files:  lockstep data fetch svhn
            name: paper-figure-7
            data: {set: svhn, train: 63257, validation: 10000, standardise: true}
            minibatch: 100
            epochs: 1000
            variant: supervised
            model: {encoder: [1000, 1000], decoder: [1000, 1000], discriminator: [1000, 1000], code: 20, output: linear, initialisation: normal, classes: 10}
            cost: half-squared-error
            prior: {kind: gaussian, std: 1}
            norm: {encoder: batch, heads: none, decoder: batch}
            dropout: {input: 0.2, hidden: 0}
            phases:
              reconstruction: {optimizer: sgd, rate: 0.0001, momentum: 0.9, schedule: {kind: steps, at: [250], factor: 0.1}}
              discriminator: {optimizer: sgd, rate: 0.01, momentum: 0.1, schedule: {kind: steps, at: [250], factor: 0.1}}
              generator: {optimizer: sgd, rate: 0.01, momentum: 0.1, schedule: {kind: steps, at: [250], factor: 0.1}}
            evaluate: {every_epochs: 5}
            figures: {every_epochs: 10}

            """)
}
