extension Recipes {
    /// Figure 2d of the paper.
    static let paperFigure2VAEMixture = Recipe(
        name: "paper/figure-2-vae-mixture", summary: "a VAE on the same petals: figure 2d",
        text: """
            # paper/figure-2-vae-mixture: a variational autoencoder on MNIST under a mixture of ten Gaussians (paper, section 2.1 and figure 2d).
            # Networks and prior are the paper's; it says nothing of the optimizer or the length, and Adam's usual rate is taken.
            # Needs the files:  lockstep data fetch mnist
            name: paper-figure-2-vae-mixture
            data: {set: mnist, train: 50000, validation: 10000}
            minibatch: 100
            epochs: 100
            variant: vae
            model: {encoder: [1000, 1000], decoder: [1000, 1000], code: 2, output: sigmoid, initialisation: normal}
            cost: cross-entropy
            prior: {kind: mixture, components: 10, radial: 0.5, tangential: 0.1, distance: 1.4}
            posterior: {kind: gaussian}
            phases:
              reconstruction: {optimizer: adam, rate: 0.001, schedule: {kind: constant}}
            evaluate: {every_epochs: 5}
            figures: {every_epochs: 10}

            """)
}
