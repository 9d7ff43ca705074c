extension Recipes {
    /// Section 4 and figure 6 of the paper: style apart from the class.
    static let paperFigure6 = Recipe(
        name: "paper/figure-6", summary: "MNIST, all labels, 15-D code of style: figures 6 and 7",
        text: """
            # paper/figure-6: the supervised autoencoder: the decoder is told the class, and the 15-dimensional code is style (paper, section 4 and figure 6).
            # The code is the paper's; rates and prior here are those of its semi-supervised section, and the length is not known.
            # Needs the files:  lockstep data fetch mnist
            name: paper-figure-6
            data: {set: mnist, train: 50000, validation: 10000}
            minibatch: 100
            epochs: 100
            variant: supervised
            model: {encoder: [1000, 1000], decoder: [1000, 1000], discriminator: [1000, 1000], code: 15, output: sigmoid, initialisation: normal, classes: 10}
            cost: half-squared-error
            prior: {kind: gaussian, std: 1}
            phases:
              reconstruction: {optimizer: sgd, rate: 0.01, momentum: 0.9, schedule: {kind: steps, at: [50, 1000], factor: 0.1}}
              discriminator: {optimizer: sgd, rate: 0.1, momentum: 0.1, schedule: {kind: steps, at: [50, 1000], factor: 0.1}}
              generator: {optimizer: sgd, rate: 0.1, momentum: 0.1, schedule: {kind: steps, at: [50, 1000], factor: 0.1}}
            evaluate: {every_epochs: 5}
            figures: {every_epochs: 10}

            """)
}
