extension Recipes {
    /// Figure 2b of the paper: the code of MNIST fills ten petals.
    static let mnistMixture10 = Recipe(
        name: "mnist-mixture-10", summary: "MNIST, code on a mixture of ten 2-D Gaussians (petals)",
        text: """
            # mnist-mixture-10: MNIST with a code under a mixture of ten two-dimensional Gaussians laid out as petals (paper, section 2.1, figure 2).
            # The paper's rates, held for a third of the run and brought to 0 over the rest: some minutes on two cores.
            # Needs the files:  lockstep data fetch mnist
            name: mnist-mixture-10
            data: {set: mnist, train: 50000, validation: 10000}
            minibatch: 100
            epochs: 12
            model: {encoder: [1000, 1000], decoder: [1000, 1000], discriminator: [1000, 1000], code: 2, output: sigmoid, initialisation: normal}
            cost: half-squared-error
            # Petal k of ten: radial and tangential are standard deviations; it is moved out by distance and turned by k tenths of a circle.
            prior: {kind: mixture, components: 10, radial: 0.5, tangential: 0.1, distance: 1.4}
            phases:
              reconstruction: {optimizer: sgd, rate: 0.01, momentum: 0.9, schedule: {kind: cosine, from: 1/3}}
              discriminator: {optimizer: sgd, rate: 0.1, momentum: 0.1, schedule: {kind: cosine, from: 1/3}}
              generator: {optimizer: sgd, rate: 0.1, momentum: 0.1, schedule: {kind: cosine, from: 1/3}}
            evaluate: {every_epochs: 1}
            figures: {every_epochs: 2}

            """)
}
