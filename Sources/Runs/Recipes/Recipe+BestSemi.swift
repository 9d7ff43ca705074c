extension Recipes {
    static let bestSemiMNIST100 = bestSemi("100", summary: "MNIST, 100 labels", labels: "{count: 100, seed: 0, minibatch: 100}")
    static let bestSemiMNIST1000 = bestSemi(
        "1000", summary: "MNIST, 1,000 labels", labels: "{count: 1000, seed: 0, minibatch: 100}")
    static let bestSemiMNISTAll = bestSemi("all", summary: "MNIST, all labels", labels: "{count: all, seed: 0, minibatch: 100}")

    /// Section 5 of the paper and a row of table 2.
    private static func bestSemi(_ name: String, summary: String, labels: String) -> Recipe {
        Recipe(
            name: "best/semi-mnist-\(name)", summary: "\(summary): table 2",
            text: """
                # best/semi-mnist-\(name): the semi-supervised autoencoder on MNIST (paper, section 5 and table 2), for the table in deploy/tables; deploy/recipes.md says how far its trials are.
                # The paper's rates, held to epoch 95 and then brought to 0, and averaged weights; discriminators half as wide, which cost a third of a step.
                # Needs the files:  lockstep data fetch mnist
                name: best-semi-mnist-\(name)
                data: {set: mnist, train: 50000, validation: 10000}
                minibatch: 100
                epochs: 120
                variant: semi-supervised
                model: {encoder: [1000, 1000], decoder: [1000, 1000], discriminator: [500, 500], code: 10, output: sigmoid, initialisation: normal, classes: 10}
                cost: half-squared-error
                prior: {kind: gaussian, std: 1}      # of the style; that of the label is one-hots
                noise: {input: 0.3, discriminator: 0}
                labels: \(labels)
                average: 0.999
                phases:
                  reconstruction: {optimizer: sgd, rate: 0.01, momentum: 0.9, schedule: {kind: cosine, from: 19/24}}
                  discriminator: {optimizer: sgd, rate: 0.1, momentum: 0.1, schedule: {kind: cosine, from: 19/24}}
                  generator: {optimizer: sgd, rate: 0.1, momentum: 0.1, schedule: {kind: cosine, from: 19/24}}
                  classification: {optimizer: sgd, rate: 0.1, momentum: 0.9, schedule: {kind: cosine, from: 19/24}}
                evaluate: {every_epochs: 5}
                figures: {every_epochs: 20}

                """)
    }
}
