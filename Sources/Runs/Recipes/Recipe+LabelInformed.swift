extension Recipes {
    /// Labels put each class on a petal.
    static let labelInformed = Recipe(
        name: "label-informed", summary: "some labels put each class on a petal of its own",
        text: """
            # label-informed: labels of half of the images put each class on a petal of its own (paper, section 2.3), on built-in digits.
            # Needs no files, and about a minute on two cores:  lockstep train --recipe label-informed
            name: label-informed
            data: {set: glyphs, train: 10000, validation: 2000}
            minibatch: 100
            epochs: 20
            variant: label-informed
            model: {encoder: [300, 300], decoder: [300, 300], discriminator: [300, 300], code: 2, output: sigmoid, initialisation: he, classes: 10}
            cost: half-squared-error
            prior: {kind: mixture, components: 10, radial: 0.5, tangential: 0.1, distance: 1.4}
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
