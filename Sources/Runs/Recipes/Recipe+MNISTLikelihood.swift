extension Recipes {
    /// The model of the paper's table 1.
    static let mnistLikelihood = Recipe(
        name: "mnist-likelihood", summary: "MNIST, 8-D Gaussian code (std 5): the model of the paper's table 1",
        text: """
            # mnist-likelihood: the model of the paper's table 1, MNIST with an 8-dimensional code under a Gaussian of std 5.
            # The paper's likelihood section states no rates; these are those of its semi-supervised section, held constant.
            # Needs the files:  lockstep data fetch mnist
            name: mnist-likelihood
            data: {set: mnist, train: 50000, validation: 10000}
            minibatch: 100
            epochs: 300
            model: {encoder: [1000, 1000], decoder: [1000, 1000], discriminator: [1000, 1000], code: 8, output: sigmoid, initialisation: normal}
            cost: half-squared-error
            prior: {kind: gaussian, std: 5}
            phases:
              reconstruction: {optimizer: sgd, rate: 0.01, momentum: 0.9, schedule: {kind: constant}}
              discriminator: {optimizer: sgd, rate: 0.1, momentum: 0.1, schedule: {kind: constant}}
              generator: {optimizer: sgd, rate: 0.1, momentum: 0.1, schedule: {kind: constant}}
            evaluate: {every_epochs: 1}
            figures: {every_epochs: 10}

            """)
}
