extension Recipes {
    /// Section 7 of the paper: a map of MNIST without labels.
    static let paperReductionMNIST20Clusters = Recipe(
        name: "paper/reduction-mnist-20-clusters", summary: "MNIST in the plane, no labels, 20 clusters: section 7",
        text: """
            # paper/reduction-mnist-20-clusters: dimensionality reduction of MNIST to the plane without labels, by 20 clusters (paper, section 7).
            # The distance of the heads is the paper's; the rest it does not say, and it is that of its clustering section.
            # Needs the files:  lockstep data fetch mnist
            name: paper-reduction-mnist-20-clusters
            data: {set: mnist, train: 50000, validation: 10000}
            minibatch: 100
            epochs: 1500
            variant: reduction
            model: {encoder: [3000, 3000], decoder: [3000, 3000], discriminator: [3000, 3000], code: 2, output: sigmoid, initialisation: normal, clusters: 20}
            cost: half-squared-error
            prior: {kind: gaussian, std: 1}
            norm: {encoder: batch, heads: batch, decoder: none}
            dropout: {input: 0.2, hidden: 0}
            heads: {distance: 6, weight: 1}
            phases:
              reconstruction: {optimizer: sgd, rate: 0.01, momentum: 0.9, schedule: {kind: steps, at: [50], factor: 0.1}}
              discriminator: {optimizer: sgd, rate: 0.1, momentum: 0.1, schedule: {kind: steps, at: [50], factor: 0.1}}
              generator: {optimizer: sgd, rate: 0.1, momentum: 0.1, schedule: {kind: steps, at: [50], factor: 0.1}}
            evaluate: {every_epochs: 5}
            figures: {every_epochs: 50}

            """)
}
