extension Recipes {
    /// Section 6 of the paper in half an hour: clusters without labels.
    static let mnistClusters = Recipe(
        name: "mnist-clusters", summary: "MNIST without labels, 16 clusters and a style",
        text: """
            # mnist-clusters: MNIST in 16 clusters and a style, without labels (paper, section 6), 1000 units wide where the paper's networks have 3000.
            # Rates are Lockstep's own, for a run of half an hour on two cores; paper/clustering-mnist-16 has those of the paper.
            # Needs the files:  lockstep data fetch mnist
            name: mnist-clusters
            data: {set: mnist, train: 50000, validation: 10000}
            minibatch: 100
            epochs: 20
            variant: clustering
            model: {encoder: [1000, 1000], decoder: [1000, 1000], discriminator: [1000, 1000], code: 5, output: sigmoid, initialisation: he, clusters: 16}
            cost: half-squared-error
            prior: {kind: gaussian, std: 1}      # of the style; that of the cluster is one-hots
            norm: {encoder: batch, heads: batch, decoder: none}
            dropout: {input: 0.2, hidden: 0}
            phases:
              reconstruction: {optimizer: adam, rate: 0.001, schedule: {kind: cosine, from: 2/5}}
              discriminator: {optimizer: adam, rate: 0.0005, beta1: 0.5, schedule: {kind: cosine, from: 2/5}}
              generator: {optimizer: adam, rate: 0.0005, beta1: 0.5, schedule: {kind: cosine, from: 2/5}}
            evaluate: {every_epochs: 4}
            figures: {every_epochs: 4}

            """)
}
