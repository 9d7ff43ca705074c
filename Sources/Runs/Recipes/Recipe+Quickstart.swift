extension Recipes {
    /// The first run: built-in digits, no files, about a minute on two cores.
    static let quickstart = Recipe(
        name: "quickstart", summary: "built-in digits, 2-D Gaussian code; needs no files",
        text: """
            # quickstart: the first run. Digits drawn by the program itself, a two-dimensional code that fills a Gaussian.
            # Needs no files and no settings:  lockstep train --recipe quickstart
            #
            # Every key of a recipe stands here. Half the paper's width, and rates that fall to 0 over the last three of five epochs, so that a
            # minute on two cores is enough. Change a key with --set KEY=VALUE (model.code=8), by the environment
            # (LOCKSTEP_MODEL_CODE=8), or in a file of your own (--config FILE), which needs only the keys that differ.
            name: quickstart
            data: {set: glyphs, train: 50000, validation: 10000}    # sizes: counts, or auto by the data
            # sets: glyphs and glyphs-colour (built in), mnist, svhn, tfd (fold: 1), idx, npz, pictures (folder: one with a folder for each class)
            # idx: images, labels, test_images, test_labels; npz: file; a path is seen from this file. folder: where files are looked for besides
            minibatch: 100            # global, whatever the workers
            # shards: 4               # fixes the arithmetic for the life of a run; 4 up to a minibatch of 128, else 12
            epochs: 5
            steps: 0                  # other than 0: the run ends after so many steps, whatever the epochs
            seed: 0
            # threads: 1              # of a worker; by default the cores divided by the workers
            # variant: basic          # vae, gan, label-informed, supervised, semi-supervised, clustering, reduction; each has a recipe of its name
            model:
              encoder: [500, 500]
              decoder: [500, 500]
              discriminator: [500, 500]
              code: 2
              output: sigmoid         # linear
              initialisation: normal  # N(0, 0.01^2), biases 0; he
            cost: half-squared-error  # summed over the pixels, mean over the minibatch; cross-entropy
            prior: {kind: gaussian, std: 5}     # uniform {low, high}, mixture {components, radial, tangential, distance},
                                                # swiss-roll {thickness}, samples {file}: (N, Z) floats in .npy
            noise: {input: 0}         # standard deviation, in training only
            # What else may stand between the image and the costs, with its defaults:
            # posterior: {kind: deterministic}                        # gaussian; universal {width, std}
            # norm: {encoder: none, heads: none, decoder: none}       # batch (of the whole minibatch), shard
            # dropout: {input: 0, hidden: 0}                          # hidden: behind every hidden ReLU of encoder and decoder
            # noise: {discriminator: 0}                               # on the input of every discriminator
            # weights: {reconstruction: 1}
            # Of variants with labels, clusters or heads: model.classes and model.clusters, and
            # labels: {count: 100, seed: 0, minibatch: 100}           # count: as many of each class, or all
            # heads: {distance: 6, weight: 1}
            phases:                   # in the order in which a step runs them
              # optimizer: sgd {rate, momentum} or adam {rate, beta1, beta2, epsilon}
              # schedule: constant, steps {at, factor} or cosine {from, to, after}; each with warm_up; all in epochs, or, of a cosine, parts of
              # the run such as 2/5: without `to` it ends with the run. Then the share `after` of the rate is held (0 unless given).
              reconstruction: {optimizer: sgd, rate: 0.01, momentum: 0.9, schedule: {kind: cosine, from: 2/5}}
              discriminator: {optimizer: sgd, rate: 0.1, momentum: 0.1, schedule: {kind: cosine, from: 2/5}}
              generator: {optimizer: sgd, rate: 0.1, momentum: 0.1, schedule: {kind: cosine, from: 2/5}}
            average: 0                # decay a step of the averaged weights; 0 = none
            gradient_bits: full       # 24, 16, 12, 8
            # engine: portable        # whose products: our own, the same bits on every CPU; or openblas
            precision: fp32           # of the operands of products while it trains; bf16
            kernel: auto              # of the engine openblas, which it chooses if named: haswell, skylakex, ...
            checkpoint: {every_steps: 0, every_seconds: 60, every_epochs: 1, keep: 3, keep_every_epochs: 10}   # whichever comes first; 0 = off
            evaluate: {every_epochs: 1}
            figures: {every_epochs: 1, keep: 10, keep_every_epochs: 10}     # older ones go by the same rule as checkpoints

            """)
}
