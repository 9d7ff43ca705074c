extension Recipes {
    /// Labels put each class on a piece of the roll.
    static let labelInformedRoll = Recipe(
        name: "label-informed-roll", summary: "some labels put each class on a piece of a swiss roll",
        text: """
            # label-informed-roll: labels of half of the images put each class on a piece of a swiss roll (paper, section 2.3), on built-in digits.
            # Needs no files, and about a minute on two cores:  lockstep train --recipe label-informed-roll
            name: label-informed-roll
            data: {set: glyphs, train: 10000, validation: 2000}
            minibatch: 100
            epochs: 20
            variant: label-informed
            model: {encoder: [300, 300], decoder: [300, 300], discriminator: [300, 300], code: 2, output: sigmoid, initialisation: he, classes: 10}
            cost: half-squared-error
            prior: {kind: swiss-roll, thickness: 0.1}
            labels: {count: 5000, seed: 0}
            phases:
              reconstruction: {optimizer: adam, rate: 0.0003, schedule: {kind: cosine, from: 2/5}}
              discriminator: {optimizer: adam, rate: 0.001, beta1: 0.5, schedule: {kind: cosine, from: 2/5}}
              generator: {optimizer: adam, rate: 0.001, beta1: 0.5, schedule: {kind: cosine, from: 2/5}}
            checkpoint: {every_epochs: 5}
            evaluate: {every_epochs: 5}
            figures: {every_epochs: 5}

            """)
}
