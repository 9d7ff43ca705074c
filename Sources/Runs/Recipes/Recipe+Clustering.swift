extension Recipes {
    /// Clusters and style without labels.
    static let clustering = Recipe(
        name: "clustering", summary: "clusters and style without labels",
        text: """
            # clustering: 16 clusters and a style without labels (paper, section 6), on built-in digits.
            # Needs no files, and about a minute on two cores:  lockstep train --recipe clustering
            name: clustering
            data: {set: glyphs, train: 10000, validation: 2000}
            minibatch: 100
            epochs: 12
            variant: clustering
            model: {encoder: [300, 300], decoder: [300, 300], discriminator: [300, 300], code: 5, output: sigmoid, initialisation: he, clusters: 16}
            cost: half-squared-error
            prior: {kind: gaussian, std: 1}
            norm: {encoder: batch, heads: batch, decoder: none}
            dropout: {input: 0.2, hidden: 0}
            phases:
              reconstruction: {optimizer: adam, rate: 0.001, schedule: {kind: cosine, from: 2/5}}
              discriminator: {optimizer: adam, rate: 0.0005, beta1: 0.5, schedule: {kind: cosine, from: 2/5}}
              generator: {optimizer: adam, rate: 0.0005, beta1: 0.5, schedule: {kind: cosine, from: 2/5}}
            checkpoint: {every_epochs: 4}
            evaluate: {every_epochs: 4}
            figures: {every_epochs: 4}

            """)
}
