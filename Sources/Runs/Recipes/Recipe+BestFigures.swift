extension Recipes {
    /// Figure 4 of the paper: each class on a petal of its own.
    static let bestFigure4Mixture = Recipe(
        name: "best/figure-4-mixture", summary: "MNIST, 10,000 labels, each class on a petal of its own: figure 4",
        text: """
            # best/figure-4-mixture: 10,000 labels put each class on a petal of its own (paper, section 2.3 and figure 4), for the table in deploy/tables; deploy/recipes.md says how far its trials are.
            # Needs the files:  lockstep data fetch mnist
            name: best-figure-4-mixture
            data: {set: mnist, train: 50000, validation: 10000}
            minibatch: 100
            epochs: 60
            variant: label-informed
            model: {encoder: [1000, 1000], decoder: [1000, 1000], discriminator: [500, 500], code: 2, output: sigmoid, initialisation: he, classes: 10}
            cost: half-squared-error
            prior: {kind: mixture, components: 10, radial: 0.5, tangential: 0.1, distance: 1.4}
            dropout: {input: 0, hidden: 0.2}
            labels: {count: 10000, seed: 0}    # the other 40,000 training images count as unlabelled
            average: 0.999
            phases:
              reconstruction: {optimizer: adam, rate: 0.0003, schedule: {kind: cosine, from: 1/3}}
              discriminator: {optimizer: adam, rate: 0.001, beta1: 0.5, schedule: {kind: cosine, from: 1/3}}
              generator: {optimizer: adam, rate: 0.001, beta1: 0.5, schedule: {kind: cosine, from: 1/3}}
            evaluate: {every_epochs: 5}
            figures: {every_epochs: 10}

            """)

    static let bestFigure2Gaussian = bestFigure2("gaussian", letter: "a", prior: "{kind: gaussian, std: 5}")
    static let bestFigure2Mixture = bestFigure2(
        "mixture", letter: "b", prior: "{kind: mixture, components: 10, radial: 0.5, tangential: 0.1, distance: 1.4}")

    /// The adversarial half of figure 2.
    private static func bestFigure2(_ name: String, letter: String, prior: String) -> Recipe {
        Recipe(
            name: "best/figure-2-\(name)", summary: "MNIST, 2-D code, \(name) prior: figure 2\(letter)",
            text: """
                # best/figure-2-\(name): MNIST in the plane under the prior of figure 2\(letter) of the paper, for the table in deploy/tables; deploy/recipes.md says how far its trials are.
                # Needs the files:  lockstep data fetch mnist
                name: best-figure-2-\(name)
                data: {set: mnist, train: 50000, validation: 10000}
                minibatch: 100
                epochs: 40
                model: {encoder: [1000, 1000], decoder: [1000, 1000], discriminator: [500, 500], code: 2, output: sigmoid, initialisation: he}
                cost: half-squared-error
                prior: \(prior)
                average: 0.999
                phases:
                  reconstruction: {optimizer: adam, rate: 0.0004, schedule: {kind: cosine, from: 1/2}}
                  discriminator: {optimizer: adam, rate: 0.0005, beta1: 0.5, schedule: {kind: cosine, from: 1/2}}
                  generator: {optimizer: adam, rate: 0.0005, beta1: 0.5, schedule: {kind: cosine, from: 1/2}}
                evaluate: {every_epochs: 5}
                figures: {every_epochs: 10}

                """)
    }

    static let bestFigure2VAEGaussian = bestFigure2VAE("gaussian", letter: "c", prior: "{kind: gaussian, std: 5}")
    static let bestFigure2VAEMixture = bestFigure2VAE(
        "mixture", letter: "d", prior: "{kind: mixture, components: 10, radial: 0.5, tangential: 0.1, distance: 1.4}")

    /// The variational half of figure 2, as long as the other.
    private static func bestFigure2VAE(_ name: String, letter: String, prior: String) -> Recipe {
        Recipe(
            name: "best/figure-2-vae-\(name)", summary: "a VAE under the same prior: figure 2\(letter)",
            text: """
                # best/figure-2-vae-\(name): a variational autoencoder on MNIST under the prior of figure 2\(letter) of the paper, for the table in deploy/tables; deploy/recipes.md says how far its trials are.
                # As long as best/figure-2-\(name), with the rates that it learns best by.
                # Needs the files:  lockstep data fetch mnist
                name: best-figure-2-vae-\(name)
                data: {set: mnist, train: 50000, validation: 10000}
                minibatch: 100
                epochs: 40
                variant: vae
                model: {encoder: [1000, 1000], decoder: [1000, 1000], code: 2, output: sigmoid, initialisation: he}
                cost: cross-entropy
                prior: \(prior)
                posterior: {kind: gaussian}
                average: 0.999
                phases:
                  reconstruction: {optimizer: adam, rate: 0.001, schedule: {kind: cosine, from: 1/2}}
                evaluate: {every_epochs: 5}
                figures: {every_epochs: 10}

                """)
    }
}
