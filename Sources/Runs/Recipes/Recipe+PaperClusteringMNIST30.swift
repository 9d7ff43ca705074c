extension Recipes {
    /// Section 6 and table 3 of the paper: 30 clusters.
    static let paperClusteringMNIST30 = Recipe(
        name: "paper/clustering-mnist-30", summary: "MNIST without labels, 30 clusters: table 3",
        text: """
            # paper/clustering-mnist-30: clustering MNIST into 30 clusters (paper, section 6 and table 3).
            # Batch norm of the encoder and of both heads is what the paper calls crucial; the other settings are taken from public implementations
            # of this experiment, not from the paper's text.
            # Needs the files:  lockstep data fetch mnist
            name: paper-clustering-mnist-30
            data: {set: mnist, train: 50000, validation: 10000}
            minibatch: 100
            epochs: 1500
            variant: clustering
            model: {encoder: [3000, 3000], decoder: [3000, 3000], discriminator: [3000, 3000], code: 5, output: sigmoid, initialisation: normal, clusters: 30}
            cost: half-squared-error
            prior: {kind: gaussian, std: 1}      # of the style; that of the cluster is one-hots
            norm: {encoder: batch, heads: batch, decoder: none}
            dropout: {input: 0.2, hidden: 0}
            phases:
              reconstruction: {optimizer: sgd, rate: 0.01, momentum: 0.9, schedule: {kind: steps, at: [50], factor: 0.1}}
              discriminator: {optimizer: sgd, rate: 0.1, momentum: 0.1, schedule: {kind: steps, at: [50], factor: 0.1}}
              generator: {optimizer: sgd, rate: 0.1, momentum: 0.1, schedule: {kind: steps, at: [50], factor: 0.1}}
            evaluate: {every_epochs: 5}
            figures: {every_epochs: 50}

            """)
}
