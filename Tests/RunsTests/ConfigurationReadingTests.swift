import Autoencoder
import Datasets
import Layers
import Runs
import TestSupport
import Testing

@Suite struct ConfigurationReadingTests {
    static func read(_ yaml: String) throws -> Configuration {
        try Configuration.read(yaml: yaml, file: "my.yaml")
    }

    @Test("An empty file is every default, under the file's own name")
    func empty() throws {
        var expected = Configuration()
        expected.name = "my"
        #expect(try Self.read("") == expected)
        #expect(try Self.read("# nothing\n") == expected)
    }

    @Test("The defaults are the contract's")
    func defaults() throws {
        let contract = """
            name: quickstart
            data: {set: glyphs, train: 50000, validation: 10000}   # sets: glyphs, mnist, idx, npz; files in DIR or DIR/SET
            minibatch: 100            # global, whatever the workers
            shards: 4                 # default: 4 up to a minibatch of 128, else 12
            epochs: 6
            seed: 0
            threads: 1                # not part of the run's identity
            model: {encoder: [1000, 1000], decoder: [1000, 1000], discriminator: [1000, 1000], code: 2, output: sigmoid, initialisation: normal}   # linear; he
            cost: half-squared-error  # summed over pixels, mean over the minibatch; cross-entropy
            prior: {kind: gaussian, std: 5}      # uniform {low, high}, mixture {components, radial, tangential, distance}, swiss-roll {thickness}
            noise: {input: 0}         # std, training only
            phases:
              reconstruction: {optimizer: sgd, rate: 0.01, momentum: 0.9, schedule: {kind: steps, at: [50, 1000], factor: 0.1}}
              discriminator:  {optimizer: sgd, rate: 0.1, momentum: 0.1, schedule: {kind: steps, at: [50, 1000], factor: 0.1}}
              generator:      {optimizer: sgd, rate: 0.1, momentum: 0.1, schedule: {kind: steps, at: [50, 1000], factor: 0.1}}
            average: 0
            gradient_bits: full
            kernel: auto
            checkpoint: {every_steps: 0, every_seconds: 60, every_epochs: 1, keep: 3, keep_every_epochs: 10}
            evaluate: {every_epochs: 1}
            figures: {every_epochs: 1, keep: 10, keep_every_epochs: 10}
            """
        #expect(try Self.read(contract) == Configuration())
    }

    @Test("Block and flow YAML mean the same, and every kind of every setting is read")
    func everything() throws {
        let text = """
            name: "my run.1"
            """
        #expect(throws: ConfigurationError.self) { try Self.read(text) }
        let configuration = try Self.read(
            """
            name: "all-1"
            data:
              set: idx
              train: 1_000
              validation: 100
              images: /data/a b.gz
            minibatch: 256
            epochs: 20
            steps: 77
            seed: 18446744073709551615
            threads: 3
            model:
              encoder:
                - 30
                - 20
              decoder: []
              discriminator: [7]
              code: 2
              output: linear
              initialisation: he
            prior: {kind: mixture, distance: 2, components: 5}
            noise: {input: .3}
            phases:
              reconstruction: {optimizer: adam, rate: 2e-4, beta1: 0.5, schedule: {kind: cosine, from: 95, to: 120, warm_up: 0.5}}
              generator: {rate: 1.0e-2, schedule: {kind: constant}}
            average: 0.999
            gradient_bits: 16
            kernel: haswell
            checkpoint: {every_seconds: 5m, keep: 1}
            figures: {every_epochs: 0, keep: 4, keep_every_epochs: 25}
            """)
        #expect(configuration.name == "all-1")
        #expect(configuration.data == DataSettings(set: "idx", train: 1_000, validation: 100, images: "/data/a b.gz"))
        #expect(configuration.shards == 12)
        #expect(configuration.steps == 77)
        #expect(configuration.seed == .max)
        #expect(
            configuration.model
                == ModelSettings(encoder: [30, 20], decoder: [], discriminator: [7], code: 2, output: .linear, initialisation: .he))
        #expect(configuration.prior == .mixture(components: 5, radial: 0.5, tangential: 0.1, distance: 2))
        #expect(configuration.inputNoise == 0.3)
        #expect(
            configuration.phases["reconstruction"]
                == PhaseSettings(
                    optimizer: .adam(beta1: 0.5, beta2: 0.999, epsilon: 1e-8), rate: 2e-4,
                    schedule: Schedule(kind: .cosine(from: 95, to: 120), warmUp: 0.5)))
        #expect(
            configuration.phases["generator"]
                == PhaseSettings(optimizer: .sgd(momentum: 0.1), rate: 0.01, schedule: Schedule(kind: .constant)))
        #expect(configuration.phases["discriminator"] == Configuration().phases["discriminator"])
        #expect(configuration.gradientBits == .bits(16))
        #expect(configuration.checkpoint == CheckpointSettings(everySeconds: 300, keep: 1))
        #expect(configuration.figures == FigureSettings(everyEpochs: 0, keep: 4, keepEveryEpochs: 25))
        #expect(try Self.read(configuration.yaml()) == configuration)
    }

    @Test("SVHN's extra images and TFD's fold are part of what a run is; one that is not said is that of the default")
    func setsOfThePaper() throws {
        let svhn = try Self.read("data: {set: svhn}")
        #expect(svhn.data == DataSettings(set: "svhn") && svhn.data.train == nil && svhn.data.validation == nil)
        #expect(try Self.read("data: {set: svhn, extra: false}") == svhn)
        #expect(try Self.read("data: {set: svhn, extra: true}").identity != svhn.identity)
        let tfd = try Self.read("data: {set: tfd}")
        #expect(tfd.data.fold == 1)
        #expect(try Self.read("data: {set: tfd, fold: 1}").identity == tfd.identity)
        #expect(try Self.read("data: {set: tfd, fold: 2}").identity != tfd.identity)
        for (yaml, text) in [
            ("data: {set: tfd, fold: 6}", "my.yaml, line 1: data.fold: 6 is impossible, expected 1 to 5"),
            ("data: {set: mnist, extra: true}", "data.extra: given with set mnist is impossible, expected only with set svhn"),
            ("data: {set: svhn, extra: 3}", "data.extra: \"3\" is none of true, false"),
        ] {
            let found = sentence { _ = try Self.read(yaml) }
            #expect(found.contains(text), "\(found)")
        }
    }

    @Test(
        "Shards follow the minibatch unless they are given",
        arguments: [("minibatch: 128", 4), ("minibatch: 129", 12), ("{minibatch: 129, shards: 5}", 5)])
    func shards(yaml: String, expected: Int) throws {
        #expect(try Self.read(yaml).shards == expected)
    }

    @Test(
        "What is wrong is told with file, line, key and the nearest right one",
        arguments: [
            ("name: a\nminibach: 100", "my.yaml, line 2: minibach: there is no such key; did you mean minibatch?"),
            (
                "model:\n  code: 2\n  encodr: [5]",
                "my.yaml, line 3: model.encodr: there is no such key in model; did you mean model.encoder?"
            ),
            (
                "model: {code: 2,\n  encodr: [5]}",
                "my.yaml, line 2: model.encodr: there is no such key in model; did you mean model.encoder?"
            ),
            ("encoder: [5]", "my.yaml, line 1: encoder: there is no such key; did you mean model.encoder?"),
            ("zzzzzzzz: 1", "my.yaml, line 1: zzzzzzzz: there is no such key."),
            (
                "phases:\n  classification: {rate: 1}",
                "my.yaml, line 2: phases.classification: the variant basic has no classification phase; remove it, or choose a variant that has it (semi-supervised, reduction)."
            ),
            ("phases:\n  warming: {rate: 1}", "my.yaml, line 2: phases.warming: there is no such key in phases."),
            (
                "prior: {kind: gaussian, thickness: 1}",
                "my.yaml, line 1: prior.thickness: this key does not go with kind gaussian, but with kind swiss-roll."
            ),
            (
                "model.code: 3",
                "my.yaml, line 1: model.code: a key with dots is for --set, and in a file a mapping holds it: write model: {code: 3}."
            ),
            (
                "phases:\n  generator.schedule.at: [5]",
                "my.yaml, line 2: phases.generator.schedule.at: a key with dots is for --set, and in a file a mapping holds it: write generator: {schedule: {at: [5]}}."
            ),
            (
                "phases: {generator: {schedule: {at: 1}}}",
                "my.yaml, line 1: phases.generator.schedule.at: a list such as [50, 1000] is expected, not \"1\"."
            ),
            (
                "prior: {thickness: 1}",
                "my.yaml, line 1: prior.thickness: this key does not go with kind gaussian, but with kind swiss-roll."
            ),
            (
                "prior: {kind: swissroll}",
                "my.yaml, line 1: prior.kind: \"swissroll\" is none of gaussian, uniform, mixture, swiss-roll, samples; did you mean swiss-roll?"
            ),
            ("minibatch: many", "my.yaml, line 1: minibatch: a whole number is expected, not \"many\"."),
            ("minibatch: 1.5", "my.yaml, line 1: minibatch: a whole number is expected, not \"1.5\"."),
            ("minibatch: \"100\"", "my.yaml, line 1: minibatch: a whole number is expected, not the text \"100\"."),
            ("minibatch:", "my.yaml, line 1: minibatch: a whole number is expected, not nothing."),
            ("minibatch: [1]", "my.yaml, line 1: minibatch: a whole number is expected, not a list."),
            ("minibatch: 0", "my.yaml, line 1: minibatch: 0 is impossible, expected 1 to 1048576; did you mean 1?"),
            ("shards: 65", "my.yaml, line 1: shards: 65 is impossible, expected 1 to 64; did you mean 64?"),
            ("shards: 0", "my.yaml, line 1: shards: 0 is impossible, expected 1 to 64; did you mean 1?"),
            ("seed: -1", "my.yaml, line 1: seed: -1 is impossible, expected 0 or more; did you mean 0?"),
            (
                "seed: 18446744073709551616",
                "my.yaml, line 1: seed: 18446744073709551616 is impossible, expected 0 or more; did you mean 18446744073709551615?"
            ),
            ("model: [5]", "my.yaml, line 1: model: a mapping is expected here, not a list."),
            ("model:\n", "my.yaml, line 1: model: a mapping is expected here, not nothing."),
            (
                "model:\n  encoder: [1000,\n    -5]",
                "my.yaml, line 3: model.encoder: -5 is impossible, expected 1 to 65536; did you mean 1?"
            ),
            ("model: {encoder: 1000}", "my.yaml, line 1: model.encoder: a list such as [1000, 1000] is expected, not \"1000\"."),
            (
                "model: {output: sigmod}",
                "my.yaml, line 1: model.output: \"sigmod\" is none of sigmoid, linear; did you mean sigmoid?"
            ),
            ("cost: mse", "my.yaml, line 1: cost: \"mse\" is none of half-squared-error, cross-entropy."),
            (
                "phases: {generator: {rate: 0}}",
                "my.yaml, line 1: phases.generator.rate: 0 is impossible, expected more than 0, up to 1000000."
            ),
            (
                "phases: {generator: {rate: 1e-46}}",
                "my.yaml, line 1: phases.generator.rate: 1e-46 is impossible, expected more than 0, up to 1000000: training is in single precision, where it is 0, and the least number is 1e-45."
            ),
            (
                "phases: {generator: {rate: 1e39}}",
                "my.yaml, line 1: phases.generator.rate: 1e39 is impossible, expected more than 0, up to 1000000."
            ),
            (
                "prior: {std: 1e39}",
                "my.yaml, line 1: prior.std: 1e39 is impossible, expected 0.000001 to 1000000."
            ),
            (
                "noise: {input: 1e39}",
                "my.yaml, line 1: noise.input: 1e39 is impossible, expected 0 to 10."
            ),
            (
                "prior: {kind: uniform, low: -1e308}",
                "my.yaml, line 1: prior.low: -1e308 is impossible, expected -1000000 to 1000000."
            ),
            (
                "prior: {kind: uniform, low: 0, high: 1e-300}",
                "my.yaml, line 1: prior.high: 1e-300 is impossible, expected -1000000 to 1000000: training is in single precision, where it is 0, and the least number is 1e-45."
            ),
            (
                "prior: {kind: uniform, low: 1, high: 1.00000001}",
                "my.yaml, line 1: prior.high: a uniform prior from 1.0 to 1.00000001 is impossible: in single precision its width is 0."
            ),
            (
                "phases: {generator: {rate: 0.1, schedule: {at: [1, 2, 3], factor: 1000}}}",
                "my.yaml, line 1: phases.generator.schedule: the schedule takes the rate from 0.1 to 100000000.0, expected 0 to 1000000."
            ),
            (
                "phases: {generator: {rate: 1000, schedule: {kind: cosine, after: 2000}}}",
                "my.yaml, line 1: phases.generator.schedule: the schedule takes the rate from 1000.0 to 2000000.0, expected 0 to 1000000."
            ),
            (
                "phases: {generator: {schedule: {warm_up: 1e39}}}",
                "my.yaml, line 1: phases.generator.schedule.warm_up: 1e39 is impossible, expected 0 or more: training is in single precision, where it is infinite."
            ),
            (
                "phases: {generator: {optimizer: adam, epsilon: 1e-30}}",
                "my.yaml, line 1: phases.generator: epsilon is 1e-30, expected 1e-20 or more: the squares of smaller gradients are 0 in single precision."
            ),
            (
                "average: 0.999999999",
                "my.yaml, line 1: average: 0.999999999 is impossible, expected 0 or more and less than 1: training is in single precision, where it is 1."
            ),
            (
                "prior: {kind: mixture, components: 10000}",
                "my.yaml, line 1: prior.components: 10000 is impossible, expected 1 to 400; did you mean 400?"
            ),
            ("phases: {generator: {rate: fast}}", "my.yaml, line 1: phases.generator.rate: a number is expected, not \"fast\"."),
            ("phases: {generator: {rate: 0x10}}", "my.yaml, line 1: phases.generator.rate: a number is expected, not \"0x10\"."),
            ("phases: {generator: {rate: .inf}}", "my.yaml, line 1: phases.generator.rate: a number is expected, not \".inf\"."),
            (
                "phases: {generator: {momentum: 1}}",
                "my.yaml, line 1: phases.generator.momentum: 1 is impossible, expected 0 or more and less than 1."
            ),
            (
                "phases: {generator: {optimizer: adam, momentum: 0.9}}",
                "my.yaml, line 1: phases.generator.momentum: this key does not go with optimizer adam, but with optimizer sgd."
            ),
            (
                "phases: {generator: {beta2: 0.9}}",
                "my.yaml, line 1: phases.generator.beta2: this key does not go with optimizer sgd, but with optimizer adam."
            ),
            (
                "phases: {generator: {schedule: {kind: constant, at: [3]}}}",
                "my.yaml, line 1: phases.generator.schedule.at: this key does not go with kind constant, but with kind steps."
            ),
            (
                "prior: {std: 1, kind: uniform}",
                "my.yaml, line 1: prior.std: this key does not go with kind uniform, but with kind gaussian."
            ),
            (
                "phases:\n  generator:\n    schedule: {kind: cosine, from: 6/5}",
                "my.yaml, line 3: phases.generator.schedule.from: epochs, or a part of the run such as 2/5, are expected, not \"6/5\"."
            ),
            (
                "phases: {generator: {schedule: {kind: cosine, to: 1/0}}}",
                "my.yaml, line 1: phases.generator.schedule.to: epochs, or a part of the run such as 2/5, are expected, not \"1/0\"."
            ),
            (
                "epochs: 3\nphases: {generator: {schedule: {kind: cosine, from: 4}}}",
                "my.yaml, line 2: phases.generator.schedule.to: a cosine that ends at 3.0 is impossible, expected more than its from, 4.0."
            ),
            (
                "phases: {generator: {schedule: {kind: cosine, from: 9, to: 9}}}",
                "my.yaml, line 1: phases.generator.schedule.to: a cosine that ends at 9.0 is impossible, expected more than its from, 9.0."
            ),
            (
                "phases: {generator: {schedule: {at: [50, 20]}}}",
                "my.yaml, line 1: phases.generator.schedule.at: [50, 20] is impossible, expected epochs that rise; did you mean [20, 50]?"
            ),
            (
                "prior: {kind: swiss-roll}\nmodel:\n  code: 8",
                "my.yaml, line 3: model.code: 8 is impossible with the prior swiss-roll, which lies in the plane; did you mean 2?"
            ),
            (
                "prior: {kind: uniform, low: 3}",
                "my.yaml, line 1: prior.high: a uniform prior from 3.0 to 2.0 is impossible, expected low below high."
            ),
            ("average: 1", "my.yaml, line 1: average: 1 is impossible, expected 0 or more and less than 1."),
            ("gradient_bits: 1", "my.yaml, line 1: gradient_bits: \"1\" is none of full, 24, 16, 12, 8; did you mean 16?"),
            (
                "kernel: haswel",
                "my.yaml, line 1: kernel: \"haswel\" is none of auto, nehalem, sandybridge, haswell, zen, skylakex, cooperlake, armv8; did you mean haswell?"
            ),
            (
                "checkpoint: {every_seconds: often}",
                "my.yaml, line 1: checkpoint.every_seconds: seconds or a duration such as 90s or 5m are expected, not \"often\"."
            ),
            (
                "checkpoint: {keep: 0}",
                "my.yaml, line 1: checkpoint.keep: 0 is impossible, expected 1 to 2147483647; did you mean 1?"
            ),
            (
                "name: ../x",
                "my.yaml, line 1: name: \"../x\" cannot name a folder, expected at most 64 letters, digits, -, _ or ., a letter or digit first."
            ),
            (
                "data: {set: mnist,\n  train: 55000}",
                "my.yaml, line 2: data.train: 55000 with a validation of 10000 is impossible, since MNIST has 60000 training images; did you mean 50000?"
            ),
            ("seed: 1\nname: a\nseed: 2", "my.yaml, line 3: seed: this key stands twice in one mapping; remove one of the two."),
            ("a: [1", "my.yaml, line 2: this is not YAML: did not find expected ',' or ']'."),
            ("- 1", "my.yaml, line 1: settings are a mapping of keys to values, and this is a list."),
            ("[a]: 1", "my.yaml, line 1: a key is a word, and this one is not."),
        ])
    func errors(yaml: String, expected: String) {
        #expect(sentence { _ = try Self.read(yaml) } == expected)
    }

    @Test("What the owners of settings refuse is told with its place in the file")
    func owners() {
        #expect(
            sentence { _ = try Self.read("cost: cross-entropy\nmodel: {output: linear}") }
                == "my.yaml, line 1: cost: cross-entropy needs a sigmoid output, but model.output is linear; use half-squared-error."
        )
        #expect(
            sentence { _ = try Self.read("seed: 1\ndata: {set: glyphs, train: 60000}") }.hasPrefix(
                "my.yaml, line 2: data.train: 60000"))
        #expect(
            sentence { _ = try Self.read("data:\n  set: mnist\n  images: x") }.hasPrefix(
                "my.yaml, line 3: data.images: given with set mnist is impossible"))
    }

    @Test("Aliases that multiply are refused")
    func aliases() {
        func lines(_ count: Int, of aliases: Int) -> String {
            let first = "a0: &a0 [" + Array(repeating: "x", count: 999).joined(separator: ", ") + "]\n"
            return (1...count).reduce(first) {
                $0 + "a\($1): &a\($1) [" + Array(repeating: "*a\($1 - 1)", count: aliases).joined(separator: ", ") + "]\n"
            }
        }
        #expect(sentence { _ = try Self.read(lines(2, of: 4)) }.hasSuffix("there are more than 10000 values here."))
        #expect(
            sentence { _ = try Self.read(lines(30, of: 9)) }
                == "my.yaml, line 2: there are more than 8 aliases (*name) here; write the values out.")
    }

    @Test("A key of nested aliases is refused before it is compared")
    func aliasesAsKeys() {
        let lines = (1...40).map { "- &a\($0) [*a\($0 - 1), *a\($0 - 1)]\n" }
        let yaml = "? \n - &a0 x\n" + lines.map { " " + $0 }.joined() + " - ? *a40\n"
        #expect(sentence { _ = try Self.read(yaml) }.contains("more than 8 aliases"))
    }

    @Test("A text longer than any configuration is not parsed")
    func long() throws {
        let yaml = "name: a\n" + String(repeating: "#", count: 64 << 10)
        #expect(sentence { _ = try Self.read(yaml) }.contains("expected at most 65536"))
        let scratch = Scratch()
        let path = try scratch.write(yaml, to: "long.yaml")
        let tooLong = sentence { _ = try Configuration.readFile(path) }
        #expect(tooLong.hasPrefix("\(path) has 65544 bytes, and no such file has more than 65536"))
    }

    @Test("A file that is not there or not text says so")
    func files() throws {
        let scratch = Scratch()
        #expect(
            sentence { _ = try Configuration.readFile(scratch.file("no.yaml")) }
                == "Cannot open \(scratch.file("no.yaml")): No such file or directory; check the path.")
        let path = try scratch.write([0x61, 0xFF, 0x80], to: "binary.yaml")
        #expect(sentence { _ = try Configuration.readFile(path) } == "\(path): this file is not text in UTF-8.")
    }
}
