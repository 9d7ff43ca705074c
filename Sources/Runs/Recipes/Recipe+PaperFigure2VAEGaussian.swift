extension Recipes {
    /// Figure 2c of the paper.
    static let paperFigure2VAEGaussian = Recipe(
        name: "paper/figure-2-vae-gaussian", summary: "a VAE on the same Gaussian: figure 2c",
        text: """
            # paper/figure-2-vae-gaussian: a variational autoencoder on MNIST under a Gaussian of std 5 (paper, section 2.1 and figure 2c).
            # Networks and prior are the paper's; it says nothing of the optimizer or the length, and Adam's usual rate is taken.
            # Needs the files:  lockstep data fetch mnist
            name: paper-figure-2-vae-gaussian
            data: {set: mnist, train: 50000, validation: 10000}
            minibatch: 100
            epochs: 100
            variant: vae
            model: {encoder: [1000, 1000], decoder: [1000, 1000], code: 2, output: sigmoid, initialisation: normal}
            cost: cross-entropy
            prior: {kind: gaussian, std: 5}
            posterior: {kind: gaussian}
            phases:
              reconstruction: {optimizer: adam, rate: 0.001, schedule: {kind: constant}}
            evaluate: {every_epochs: 5}
            figures: {every_epochs: 10}

            """)
}
