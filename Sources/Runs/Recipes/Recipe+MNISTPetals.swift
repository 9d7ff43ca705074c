extension Recipes {
    /// Figure 4 of the paper in some minutes: each class on a petal of its own.
    static let mnistPetals = Recipe(
        name: "mnist-petals", summary: "MNIST, 10,000 labels put each class on a petal of its own",
        text: """
            # mnist-petals: MNIST, where 10,000 labels put each class on a petal of its own (paper, section 2.3 and figure 4).
            # Rates are Lockstep's own, for a run of some minutes; paper/figure-4-mixture has those of the paper.
            # Needs the files:  lockstep data fetch mnist
            name: mnist-petals
            data: {set: mnist, train: 50000, validation: 10000}
            minibatch: 100
            epochs: 20
            variant: label-informed
            model: {encoder: [1000, 1000], decoder: [1000, 1000], discriminator: [1000, 1000], code: 2, output: sigmoid, initialisation: he, classes: 10}
            cost: half-squared-error
            prior: {kind: mixture, components: 10, radial: 0.5, tangential: 0.1, distance: 1.4}
            labels: {count: 10000, seed: 0}    # the other 40,000 training images count as unlabelled
            phases:
              reconstruction: {optimizer: adam, rate: 0.0003, schedule: {kind: cosine, from: 2/5}}
              discriminator: {optimizer: adam, rate: 0.001, beta1: 0.5, schedule: {kind: cosine, from: 2/5}}
              generator: {optimizer: adam, rate: 0.001, beta1: 0.5, schedule: {kind: cosine, from: 2/5}}
            evaluate: {every_epochs: 4}
            figures: {every_epochs: 4}

            """)
}
