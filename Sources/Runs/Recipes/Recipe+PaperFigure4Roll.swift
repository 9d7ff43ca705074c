extension Recipes {
    /// Figure 4 of the paper: each class on a piece of a swiss roll.
    static let paperFigure4Roll = Recipe(
        name: "paper/figure-4-roll", summary: "MNIST, 10,000 labels, each class on a piece of a swiss roll: figure 4",
        text: """
            # paper/figure-4-roll: 10,000 labels put each class on a piece of a swiss roll (paper, section 2.3 and figure 4).
            # Networks and prior are the paper's; its rates here are those of its semi-supervised section, and the length is not known.
            # Needs the files:  lockstep data fetch mnist
            name: paper-figure-4-roll
            data: {set: mnist, train: 50000, validation: 10000}
            minibatch: 100
            epochs: 100
            variant: label-informed
            model: {encoder: [1000, 1000], decoder: [1000, 1000], discriminator: [1000, 1000], code: 2, output: sigmoid, initialisation: normal, classes: 10}
            cost: half-squared-error
            prior: {kind: swiss-roll, thickness: 0.1}
            labels: {count: 10000, seed: 0}    # the other 40,000 training images count as unlabelled
            phases:
              reconstruction: {optimizer: sgd, rate: 0.01, momentum: 0.9, schedule: {kind: steps, at: [50, 1000], factor: 0.1}}
              discriminator: {optimizer: sgd, rate: 0.1, momentum: 0.1, schedule: {kind: steps, at: [50, 1000], factor: 0.1}}
              generator: {optimizer: sgd, rate: 0.1, momentum: 0.1, schedule: {kind: steps, at: [50, 1000], factor: 0.1}}
            evaluate: {every_epochs: 5}
            figures: {every_epochs: 10}

            """)
}
