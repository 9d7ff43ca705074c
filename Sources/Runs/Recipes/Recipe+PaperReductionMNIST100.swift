extension Recipes {
    /// Section 7 of the paper: a map of MNIST with 100 labels.
    static let paperReductionMNIST100 = Recipe(
        name: "paper/reduction-mnist-100", summary: "MNIST in the plane, 100 labels: section 7",
        text: """
            # paper/reduction-mnist-100: dimensionality reduction of MNIST to the plane with 100 labels (paper, section 7).
            # The distance of the heads is the paper's; the rest it does not say, and it is that of its semi-supervised section.
            # Needs the files:  lockstep data fetch mnist
            name: paper-reduction-mnist-100
            data: {set: mnist, train: 50000, validation: 10000}
            minibatch: 100
            epochs: 5000
            variant: reduction
            model: {encoder: [1000, 1000], decoder: [1000, 1000], discriminator: [1000, 1000], code: 2, output: sigmoid, initialisation: normal, classes: 10}
            cost: half-squared-error
            prior: {kind: gaussian, std: 1}
            noise: {input: 0.3, discriminator: 0}
            labels: {count: 100, seed: 0, minibatch: 100}
            heads: {distance: 6, weight: 1}
            phases:
              reconstruction: {optimizer: sgd, rate: 0.01, momentum: 0.9, schedule: {kind: steps, at: [50, 1000], factor: 0.1}}
              discriminator: {optimizer: sgd, rate: 0.1, momentum: 0.1, schedule: {kind: steps, at: [50, 1000], factor: 0.1}}
              generator: {optimizer: sgd, rate: 0.1, momentum: 0.1, schedule: {kind: steps, at: [50, 1000], factor: 0.1}}
              classification: {optimizer: sgd, rate: 0.1, momentum: 0.9, schedule: {kind: steps, at: [50, 1000], factor: 0.1}}
            evaluate: {every_epochs: 10}
            figures: {every_epochs: 50}

            """)
}
