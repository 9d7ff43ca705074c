extension Recipes {
    /// Table 1 of the paper.
    static let bestLikelihoodMNIST = Recipe(
        name: "best/likelihood-mnist", summary: "MNIST, Gaussian code: table 1",
        text: """
            # best/likelihood-mnist: MNIST with a code under a Gaussian of std 5 (paper, table 1), for the table in deploy/tables; deploy/recipes.md says how far its trials are.
            # Needs the files:  lockstep data fetch mnist
            name: best-likelihood-mnist
            data: {set: mnist, train: 50000, validation: 10000}
            minibatch: 100
            epochs: 150
            model: {encoder: [1000, 1000], decoder: [1000, 1000], discriminator: [500, 500], code: 8, output: sigmoid, initialisation: he}
            cost: half-squared-error
            prior: {kind: gaussian, std: 5}
            dropout: {input: 0, hidden: 0.2}
            average: 0.999
            phases:
              reconstruction: {optimizer: adam, rate: 0.0004, schedule: {kind: cosine, from: 1/2}}
              discriminator: {optimizer: adam, rate: 0.0002, beta1: 0.5, schedule: {kind: cosine, from: 1/2}}
              generator: {optimizer: adam, rate: 0.0002, beta1: 0.5, schedule: {kind: cosine, from: 1/2}}
            evaluate: {every_epochs: 5}
            figures: {every_epochs: 20}

            """)

    /// The comparator of table 1.
    static let bestGANMNIST = Recipe(
        name: "best/gan-mnist", summary: "MNIST, a GAN of the same shape: table 1's comparator",
        text: """
            # best/gan-mnist: a generator of the decoder's shape and a discriminator on images (paper, table 1), for the table in deploy/tables; deploy/recipes.md says how far its trials are.
            # Needs the files:  lockstep data fetch mnist
            name: best-gan-mnist
            data: {set: mnist, train: 50000, validation: 10000}
            minibatch: 100
            epochs: 100
            variant: gan
            model: {decoder: [1000, 1000], discriminator: [1000, 1000], code: 8, output: sigmoid, initialisation: he}
            prior: {kind: gaussian, std: 1}
            noise: {discriminator: 0.3}
            average: 0.999
            phases:
              discriminator: {optimizer: adam, rate: 0.0002, beta1: 0.5, schedule: {kind: cosine, from: 1/2}}
              generator: {optimizer: adam, rate: 0.0002, beta1: 0.5, schedule: {kind: cosine, from: 1/2}}
            evaluate: {every_epochs: 5}
            figures: {every_epochs: 20}

            """)
}
