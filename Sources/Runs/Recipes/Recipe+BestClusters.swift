extension Recipes {
    static let bestClusteringMNIST16 = bestClustering(16)
    static let bestClusteringMNIST30 = bestClustering(30)

    /// Section 6 of the paper and a row of table 3.
    private static func bestClustering(_ clusters: Int) -> Recipe {
        Recipe(
            name: "best/clustering-mnist-\(clusters)", summary: "MNIST without labels, \(clusters) clusters: table 3",
            text: """
                # best/clustering-mnist-\(clusters): MNIST in \(clusters) clusters and a style, without labels (paper, section 6 and table 3), for the table in deploy/tables; deploy/recipes.md says how far its trials are.
                # Needs the files:  lockstep data fetch mnist
                name: best-clustering-mnist-\(clusters)
                data: {set: mnist, train: 50000, validation: 10000}
                minibatch: 100
                epochs: 60
                variant: clustering
                model: {encoder: [1000, 1000], decoder: [1000, 1000], discriminator: [500, 500], code: 5, output: sigmoid, initialisation: he, clusters: \(clusters)}
                cost: half-squared-error
                prior: {kind: gaussian, std: 1}      # of the style; that of the cluster is one-hots
                norm: {encoder: batch, heads: batch, decoder: none}
                dropout: {input: 0.2, hidden: 0}
                average: 0.999
                phases:
                  reconstruction: {optimizer: adam, rate: 0.001, schedule: {kind: cosine, from: 1/2}}
                  discriminator: {optimizer: adam, rate: 0.0005, beta1: 0.5, schedule: {kind: cosine, from: 1/2}}
                  generator: {optimizer: adam, rate: 0.0005, beta1: 0.5, schedule: {kind: cosine, from: 1/2}}
                evaluate: {every_epochs: 5}
                figures: {every_epochs: 20}

                """)
    }

    static let bestReductionMNIST100 = bestReduction("100", labels: "100", count: 100)
    static let bestReductionMNIST1000 = bestReduction("1000", labels: "1,000", count: 1000)

    /// Section 7 of the paper with labels.
    private static func bestReduction(_ name: String, labels: String, count: Int) -> Recipe {
        Recipe(
            name: "best/reduction-mnist-\(name)", summary: "MNIST in the plane, \(labels) labels: section 7",
            text: """
                # best/reduction-mnist-\(name): MNIST in the plane with \(labels) labels (paper, section 7), for the table in deploy/tables; deploy/recipes.md says how far its trials are.
                # Needs the files:  lockstep data fetch mnist
                name: best-reduction-mnist-\(name)
                data: {set: mnist, train: 50000, validation: 10000}
                minibatch: 100
                epochs: 120
                variant: reduction
                model: {encoder: [1000, 1000], decoder: [1000, 1000], discriminator: [500, 500], code: 2, output: sigmoid, initialisation: normal, classes: 10}
                cost: half-squared-error
                prior: {kind: gaussian, std: 1}
                noise: {input: 0.3, discriminator: 0}
                labels: {count: \(count), seed: 0, minibatch: 100}
                heads: {distance: 6, weight: 1}
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

    /// Section 7 of the paper without labels.
    static let bestReductionMNIST20Clusters = Recipe(
        name: "best/reduction-mnist-20-clusters", summary: "MNIST in the plane, no labels, 20 clusters: section 7",
        text: """
            # best/reduction-mnist-20-clusters: MNIST in the plane without labels, by 20 clusters (paper, section 7), for the table in deploy/tables; deploy/recipes.md says how far its trials are.
            # Needs the files:  lockstep data fetch mnist
            name: best-reduction-mnist-20-clusters
            data: {set: mnist, train: 50000, validation: 10000}
            minibatch: 100
            epochs: 60
            variant: reduction
            model: {encoder: [1000, 1000], decoder: [1000, 1000], discriminator: [500, 500], code: 2, output: sigmoid, initialisation: he, clusters: 20}
            cost: half-squared-error
            prior: {kind: gaussian, std: 1}
            norm: {encoder: batch, heads: batch, decoder: none}
            dropout: {input: 0.2, hidden: 0}
            heads: {distance: 6, weight: 1}
            average: 0.999
            phases:
              reconstruction: {optimizer: adam, rate: 0.001, schedule: {kind: cosine, from: 1/2}}
              discriminator: {optimizer: adam, rate: 0.0005, beta1: 0.5, schedule: {kind: cosine, from: 1/2}}
              generator: {optimizer: adam, rate: 0.0005, beta1: 0.5, schedule: {kind: cosine, from: 1/2}}
            evaluate: {every_epochs: 5}
            figures: {every_epochs: 20}

            """)
}
