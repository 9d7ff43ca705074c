extension Recipes {
    /// The swiss roll of the paper's section 2.3, without labels.
    static let mnistSwissRoll = Recipe(
        name: "mnist-swiss-roll", summary: "MNIST, code on a swiss roll",
        text: """
            # mnist-swiss-roll: MNIST with a code along a swiss roll (paper, section 2.3, here without labels).
            # The roll can be sampled and has no density: an adversary can learn it, a variational autoencoder cannot.
            # The paper's rates, held for a third of the run and brought to 0 over the rest: some minutes on two cores.
            # Needs the files:  lockstep data fetch mnist
            name: mnist-swiss-roll
            data: {set: mnist, train: 50000, validation: 10000}
            minibatch: 100
            epochs: 12
            model: {encoder: [1000, 1000], decoder: [1000, 1000], discriminator: [1000, 1000], code: 2, output: sigmoid, initialisation: normal}
            cost: half-squared-error
            prior: {kind: swiss-roll, thickness: 0.1}    # standard deviation across the roll, whose turns are 1.5 apart
            phases:
              reconstruction: {optimizer: sgd, rate: 0.01, momentum: 0.9, schedule: {kind: cosine, from: 1/3}}
              discriminator: {optimizer: sgd, rate: 0.1, momentum: 0.1, schedule: {kind: cosine, from: 1/3}}
              generator: {optimizer: sgd, rate: 0.1, momentum: 0.1, schedule: {kind: cosine, from: 1/3}}
            evaluate: {every_epochs: 1}
            figures: {every_epochs: 2}

            """)
}
