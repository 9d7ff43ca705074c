extension Recipes {
    /// Figure 2b of the paper.
    static let paperFigure2Mixture = Recipe(
        name: "paper/figure-2-mixture", summary: "MNIST, code on ten petals: figure 2b",
        text: """
            # paper/figure-2-mixture: MNIST with a code under a mixture of ten two-dimensional Gaussians (paper, section 2.1 and figure 2b).
            # Networks and prior are the paper's; its rates here are those of its semi-supervised section, and the length is not known.
            # Needs the files:  lockstep data fetch mnist
            name: paper-figure-2-mixture
            data: {set: mnist, train: 50000, validation: 10000}
            minibatch: 100
            epochs: 100
            model: {encoder: [1000, 1000], decoder: [1000, 1000], discriminator: [1000, 1000], code: 2, output: sigmoid, initialisation: normal}
            cost: half-squared-error
            prior: {kind: mixture, components: 10, radial: 0.5, tangential: 0.1, distance: 1.4}
            phases:
              reconstruction: {optimizer: sgd, rate: 0.01, momentum: 0.9, schedule: {kind: steps, at: [50, 1000], factor: 0.1}}
              discriminator: {optimizer: sgd, rate: 0.1, momentum: 0.1, schedule: {kind: steps, at: [50, 1000], factor: 0.1}}
              generator: {optimizer: sgd, rate: 0.1, momentum: 0.1, schedule: {kind: steps, at: [50, 1000], factor: 0.1}}
            evaluate: {every_epochs: 5}
            figures: {every_epochs: 10}

            """)
}
