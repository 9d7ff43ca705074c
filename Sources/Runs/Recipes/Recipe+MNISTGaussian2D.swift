extension Recipes {
    /// Figure 2a of the paper: the code of MNIST fills a two-dimensional Gaussian.
    static let mnistGaussian2D = Recipe(
        name: "mnist-gaussian-2d", summary: "MNIST, 2-D Gaussian code (std 5), the paper's rates",
        text: """
            # mnist-gaussian-2d: MNIST with a two-dimensional code under a Gaussian of std 5 (paper, section 2 and figure 2a).
            # The paper's rates, held for a third of the run and brought to 0 over the rest: some minutes on two cores.
            # Needs the files:  lockstep data fetch mnist
            name: mnist-gaussian-2d
            data: {set: mnist, train: 50000, validation: 10000}
            minibatch: 100
            epochs: 12
            model: {encoder: [1000, 1000], decoder: [1000, 1000], discriminator: [1000, 1000], code: 2, output: sigmoid, initialisation: normal}
            cost: half-squared-error
            prior: {kind: gaussian, std: 5}
            phases:
              reconstruction: {optimizer: sgd, rate: 0.01, momentum: 0.9, schedule: {kind: cosine, from: 1/3}}
              discriminator: {optimizer: sgd, rate: 0.1, momentum: 0.1, schedule: {kind: cosine, from: 1/3}}
              generator: {optimizer: sgd, rate: 0.1, momentum: 0.1, schedule: {kind: cosine, from: 1/3}}
            evaluate: {every_epochs: 1}
            figures: {every_epochs: 2}

            """)
}
