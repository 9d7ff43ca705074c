extension Recipes {
    /// Section 5 and table 2 of the paper: all labels.
    static let paperSemiMNISTAll = Recipe(
        name: "paper/semi-mnist-all", summary: "MNIST, all labels: table 2",
        text: """
            # paper/semi-mnist-all: the semi-supervised autoencoder on MNIST with all labels (paper, section 5 and table 2).
            # Minibatch, widths, code, momenta, rates, length and the noise of the input are taken from public implementations of this experiment, not
            # from the paper's text.
            # Needs the files:  lockstep data fetch mnist
            name: paper-semi-mnist-all
            data: {set: mnist, train: 50000, validation: 10000}
            minibatch: 100
            epochs: 5000
            variant: semi-supervised
            model: {encoder: [1000, 1000], decoder: [1000, 1000], discriminator: [1000, 1000], code: 10, output: sigmoid, initialisation: normal, classes: 10}
            cost: half-squared-error
            prior: {kind: gaussian, std: 1}      # of the style; that of the class is one-hots
            noise: {input: 0.3, discriminator: 0}
            labels: {count: all, seed: 0, minibatch: 100}    # as many of each class
            phases:
              reconstruction: {optimizer: sgd, rate: 0.01, momentum: 0.9, schedule: {kind: steps, at: [50, 1000], factor: 0.1}}
              discriminator: {optimizer: sgd, rate: 0.1, momentum: 0.1, schedule: {kind: steps, at: [50, 1000], factor: 0.1}}
              generator: {optimizer: sgd, rate: 0.1, momentum: 0.1, schedule: {kind: steps, at: [50, 1000], factor: 0.1}}
              classification: {optimizer: sgd, rate: 0.1, momentum: 0.9, schedule: {kind: steps, at: [50, 1000], factor: 0.1}}
            evaluate: {every_epochs: 10}
            figures: {every_epochs: 50}

            """)
}
