extension Recipes {
    /// Figure 6 of the paper in some minutes: style apart from the class.
    static let mnistStyles = Recipe(
        name: "mnist-styles", summary: "MNIST, all labels: the class is told, the code is style",
        text: """
            # mnist-styles: MNIST, where the decoder is told the class and the 15-dimensional code is style (paper, section 4).
            # The code begins as noise (a Gaussian posterior whose weights are small) and the adversary is twice as fast as the reconstruction, so that
            # nothing goes into the code that the class tells already: 98 % of the samples of a class are of that class after these epochs. With a
            # code that is certain from the start, 40 to 70 % are. Rates are Lockstep's own; paper/figure-6 has those of the paper.
            # Needs the files:  lockstep data fetch mnist
            name: mnist-styles
            data: {set: mnist, train: 50000, validation: 10000}
            minibatch: 100
            epochs: 15
            variant: supervised
            model: {encoder: [1000, 1000], decoder: [1000, 1000], discriminator: [1000, 1000], code: 15, output: sigmoid, initialisation: normal, classes: 10}
            cost: half-squared-error
            prior: {kind: gaussian, std: 1}
            posterior: {kind: gaussian}
            phases:
              reconstruction: {optimizer: adam, rate: 0.0005, schedule: {kind: cosine, from: 2/5}}
              discriminator: {optimizer: adam, rate: 0.001, beta1: 0.5, schedule: {kind: cosine, from: 2/5}}
              generator: {optimizer: adam, rate: 0.001, beta1: 0.5, schedule: {kind: cosine, from: 2/5}}
            evaluate: {every_epochs: 5}
            figures: {every_epochs: 5}

            """)
}
