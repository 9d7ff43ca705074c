extension Recipes {
    /// Figure 2a of the paper.
    static let paperFigure2Gaussian = Recipe(
        name: "paper/figure-2-gaussian", summary: "MNIST, 2-D Gaussian code (std 5): figure 2a",
        text: """
            # paper/figure-2-gaussian: MNIST with a two-dimensional code under a Gaussian of std 5 (paper, section 2.1 and figure 2a).
            # Networks and prior are the paper's; its rates here are those of its semi-supervised section, and the length is not known.
            # Needs the files:  lockstep data fetch mnist
            name: paper-figure-2-gaussian
            data: {set: mnist, train: 50000, validation: 10000}
            minibatch: 100
            epochs: 100
            model: {encoder: [1000, 1000], decoder: [1000, 1000], discriminator: [1000, 1000], code: 2, output: sigmoid, initialisation: normal}
            cost: half-squared-error
            prior: {kind: gaussian, std: 5}
            phases:
              reconstruction: {optimizer: sgd, rate: 0.01, momentum: 0.9, schedule: {kind: steps, at: [50, 1000], factor: 0.1}}
              discriminator: {optimizer: sgd, rate: 0.1, momentum: 0.1, schedule: {kind: steps, at: [50, 1000], factor: 0.1}}
              generator: {optimizer: sgd, rate: 0.1, momentum: 0.1, schedule: {kind: steps, at: [50, 1000], factor: 0.1}}
            evaluate: {every_epochs: 5}
            figures: {every_epochs: 10}

            """)
}
