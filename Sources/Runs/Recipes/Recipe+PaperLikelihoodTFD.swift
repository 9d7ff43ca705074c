extension Recipes {
    /// The paper's table 1: the Toronto Face Database.
    static let paperLikelihoodTFD = Recipe(
        name: "paper/likelihood-tfd", summary: "TFD, 15-D Gaussian code (std 10): table 1",
        text: """
            # paper/likelihood-tfd: faces of 48 × 48 with a 15-dimensional code under a Gaussian of std 10 (paper, table 1).
            # Code and prior are recalled and borne out by public code. The paper's likelihood section gives no rates that are known; these are
            # those of its semi-supervised section, held constant. How long it trained is not known.
            # Needs TFD_48x48.mat, which its owners give on request, in the data folder or in its folder tfd.
            name: paper-likelihood-tfd
            data: {set: tfd, train: auto, validation: auto, fold: 1, standardise: true}
            minibatch: 100
            epochs: 300
            model: {encoder: [1000, 1000], decoder: [1000, 1000], discriminator: [1000, 1000], code: 15, output: linear, initialisation: normal}
            cost: half-squared-error
            prior: {kind: gaussian, std: 10}
            phases:
              reconstruction: {optimizer: sgd, rate: 0.01, momentum: 0.9, schedule: {kind: constant}}
              discriminator: {optimizer: sgd, rate: 0.1, momentum: 0.1, schedule: {kind: constant}}
              generator: {optimizer: sgd, rate: 0.1, momentum: 0.1, schedule: {kind: constant}}
            evaluate: {every_epochs: 1}
            figures: {every_epochs: 10}

            """)
}
