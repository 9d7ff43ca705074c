import Autoencoder
import Datasets
import Layers
import Runs
import TestSupport
import Testing

@Suite struct VariantConfigurationTests {
    private static func read(_ yaml: String) throws -> Configuration {
        try Configuration.read(yaml: yaml, file: "my.yaml")
    }

    /// A variant that can be trained: label-informed needs a prior with parts.
    private static func usual(_ variant: Variant) -> Configuration {
        var configuration = Configuration(variant: variant)
        if variant == .labelInformed { configuration.prior = .mixture(components: 10, radial: 0.5, tangential: 0.1, distance: 1.4) }
        return configuration
    }

    /// Changes of one setting each, among them every part that some variant has.
    private static let changes: [(setting: VariantSetting, change: @Sendable (inout Configuration) -> Void)] = [
        (.encoder, { $0.model.encoder = [30] }), (.discriminator, { $0.model.discriminator = [30] }),
        (.cost, { $0.cost = $0.cost == .crossEntropy ? .halfSquaredError : .crossEntropy }),
        (.posterior, { $0.parts.posterior = .universal(width: 7, std: 0.5) }),
        (.encoderNorm, { $0.parts.norm.encoder = .batch }), (.headNorm, { $0.parts.norm.heads = .shard }),
        (.decoderNorm, { $0.parts.norm.decoder = .batch }), (.inputDropout, { $0.parts.dropout.input = 0.25 }),
        (.hiddenDropout, { $0.parts.dropout.hidden = 0.5 }), (.inputNoise, { $0.inputNoise = 0.3 }),
        (.discriminatorNoise, { $0.parts.discriminatorNoise = 0.1 }),
        (.labels, { $0.parts.labels = LabelSettings(count: 200, seed: .max) }),
        (.labelledMinibatch, { $0.parts.labels?.minibatch = 50 }),
        (.heads, { $0.parts.heads = HeadSettings(distance: 3, weight: 0.5) }),
        (.classes, { $0.model.classes = 5 }), (.clusters, { $0.model.clusters = 30 }),
        (.reconstructionWeight, { $0.parts.reconstructionWeight = 0.1 }),
    ]

    private static func changed(_ start: Configuration) -> [(setting: VariantSetting, configuration: Configuration)] {
        let variant = start.variant
        return changes.compactMap { setting, change in
            guard variant.lack(of: setting, with: start.parts) == nil, variant != .vae || setting != .posterior else { return nil }
            var configuration = start
            change(&configuration)
            // A mixture has a part for each class, and labels are as many of each.
            if setting == .classes, variant == .labelInformed {
                configuration.prior = .mixture(components: 5, radial: 0.5, tangential: 0.1, distance: 1.4)
            }
            for name in configuration.phaseNames where configuration.phases[name] == nil {
                configuration.phases[name] = Configuration(variant: .semiSupervised).phases[name]
            }
            return configuration == start ? nil : (setting, configuration)
        }
    }

    @Test("Every change is of a setting, and every setting has one")
    func complete() {
        #expect(Set(Self.changes.map(\.setting)) == Set(VariantSetting.allCases))
        #expect(Set(VariantSetting.allCases.map(\.rawValue)).isSubset(of: Set(Configuration.knownKeys)))
        for key in ["variant", "posterior.width", "labels.count", "heads.weight", "phases.classification.beta1"] {
            #expect(Configuration.knownKeys.contains(key), "\(key)")
        }
    }

    @Test("What is written of a variant reads back equal, with each of its settings changed", arguments: Variant.allCases)
    func roundTrip(variant: Variant) throws {
        let start = Self.usual(variant)
        let changed = Self.changed(start)
        #expect(changed.count >= 4, "\(variant) has \(changed.count) settings")
        for (setting, configuration) in [(nil, start)] + changed.map({ (Optional($0.setting), $0.configuration) }) {
            let what = "\(setting?.rawValue ?? "nothing") changed"
            let text = configuration.yaml()
            #expect(try Configuration.read(yaml: text, file: "config.yaml") == configuration, "\(what)")
            #expect(try Self.read(text).yaml() == text, "\(what)")
            #expect(try Configuration.load(ConfigurationSources(base: configuration)) == configuration, "\(what)")
            let scratch = Scratch()
            let file = try scratch.write(text, to: "config.yaml")
            #expect(try Configuration.load(ConfigurationSources(file: file)) == configuration, "\(what), over the quickstart")
            guard setting != nil else { continue }
            #expect(configuration.identity != start.identity, "\(what)")
            #expect(configuration.difference(from: start).contains { $0.changesBits }, "\(what)")
        }
    }

    @Test("A variant's text has every key that it has, and no other; the basic one's has what it always had")
    func written() throws {
        for variant in Variant.allCases where variant != .basic {
            let configuration = Self.usual(variant)
            let text = configuration.yaml()
            #expect(text.contains("\nvariant: \(variant.rawValue)\n"))
            for (setting, key) in [
                (VariantSetting.posterior, "\nposterior: "), (.labels, "\nlabels: {count: "), (.heads, "\nheads: {distance: "),
                (.cost, "\ncost: "), (.encoder, "{encoder: "), (.discriminator, ", discriminator: ["), (.classes, "classes: "),
                (.clusters, "clusters: "), (.reconstructionWeight, "\nweights: {reconstruction: 1}"),
                (.discriminatorNoise, "discriminator: 0}"), (.labelledMinibatch, "minibatch: 100}"),
            ] {
                let isThere =
                    variant.lack(of: setting, with: configuration.parts) == nil
                    && (![.labels, .labelledMinibatch].contains(setting) || configuration.parts.labels != nil)
                // The norm of an encoder begins like its widths.
                let model = text.split(separator: "\n").filter { setting != .encoder || $0.hasPrefix("model: ") }
                    .map { "\n\($0)" }.joined()
                #expect(model.contains(key) == isThere, "\(variant): \(key)")
            }
        }
        let basic = Configuration().yaml()
        for word in ["variant", "posterior", "norm:", "dropout", "labels", "heads", "weights", "classes", "clusters"] {
            #expect(!basic.contains(word), "\(word)")
        }
        var noisy = Configuration()
        noisy.parts.norm.decoder = .shard
        #expect(noisy.yaml().contains("\nnorm: {decoder: shard}\nnoise: {input: 0}\n"))
    }

    @Test("No run goes on as another variant, and the sentence names it", arguments: Variant.allCases)
    func otherVariant(variant: Variant) throws {
        func configuration(_ variant: Variant) throws -> Configuration {
            try #require(try Recipes.all.map { try $0.configuration() }.first { $0.data.set == "glyphs" && $0.variant == variant })
        }
        let run = try configuration(variant)
        for other in Variant.allCases where other != variant {
            let error = #expect(throws: RunFolderError.self) {
                try configuration(other).requireSameBits(as: run, after: 3, run: "mine")
            }
            #expect(
                error?.description.contains(
                    "that change its bits: variant (\(variant.rawValue) in the run, now \(other.rawValue)); begin a new run")
                    == true,
                "\(error?.description ?? "")")
        }
    }

    @Test("Another variant is refused before what it does not go with, and the run's own is no other one")
    func otherVariantFirst() throws {
        for (variant, isOther) in [("label-informed", true), ("vae", true), ("basic", false), ("vea", false)] {
            var sources = ConfigurationSources(sets: ["variant=\(variant)", "seed=3"])
            sources.base = Configuration()
            let text = sentence { try Configuration.requireVariant(of: sources, run: "mine") }
            let expected =
                "The run mine cannot go on with other settings that change its bits: variant (basic in the run, now \(variant)); begin"
            #expect(isOther ? text.hasPrefix(expected) : text == "no error", "\(text)")
        }
    }

    @Test("The identity of a basic run is the text that it always was")
    func identity() {
        func phase(_ name: String, _ rate: String, _ momentum: String) -> String {
            "optimizer=sgd rate=\(rate) momentum=\(momentum) schedule.kind=steps schedule.at=[50, 1000] schedule.factor=0.1 schedule.warm_up=0"
                .replacing(", ", with: ",~").split(separator: " ").map { "phases.\(name).\($0)\n" }.joined().replacing(
                    "~", with: " ")
        }
        let expected =
            """
            data.set=glyphs
            data.train=50000
            data.validation=10000
            minibatch=100
            shards=4
            seed=0
            model.encoder=[1000, 1000]
            model.decoder=[1000, 1000]
            model.discriminator=[1000, 1000]
            model.code=2
            model.output=sigmoid
            model.initialisation=normal
            cost=half-squared-error
            prior.kind=gaussian
            prior.std=5
            noise.input=0

            """ + phase("reconstruction", "0.01", "0.9") + phase("discriminator", "0.1", "0.1") + phase("generator", "0.1", "0.1")
            + "average=0\ngradient_bits=full\nengine=portable\nkernel=auto\n"
        #expect(Configuration().identity == expected)
    }

    @Test("A part with its usual value changes no run's identity", arguments: Variant.allCases)
    func usualParts(variant: Variant) {
        let identity = Self.usual(variant).identity
        #expect(identity.contains("variant=\(variant.rawValue)\n") == (variant != .basic))
        for key in ["posterior", "norm", "dropout", "noise.discriminator", "labels", "heads", "weights", "model.cl"] {
            #expect(!identity.contains("\n\(key)"), "\(key)")
        }
        #expect(identity.contains("noise.input=0\n") == variant.has(.inputNoise))
    }

    @Test("Another variant takes from what lies below it what both have", arguments: Variant.allCases)
    func switched(variant: Variant) throws {
        let prior = variant == .labelInformed ? ["prior.kind=mixture"] : []
        for recipe in ["quickstart", "semi-supervised", "clustering", "gan", "vae"] {
            guard try Recipes.named(recipe).configuration().variant != variant else { continue }
            let sources = ConfigurationSources(recipe: recipe, sets: prior + ["variant=\(variant.rawValue)", "model.code=2"])
            let loaded = try Configuration.load(sources)
            #expect(loaded.variant == variant)
            #expect(loaded.parts.labels == variant.usualParts.labels && loaded.parts.posterior == variant.usualParts.posterior)
            #expect(Set(loaded.phases.keys) == Set(loaded.phaseNames))
            #expect(loaded.model.decoder == (try Recipes.named(recipe).configuration().model.decoder))
        }
        let labelled = try Configuration.load(
            ConfigurationSources(recipe: "clustering", sets: ["labels.count=20", "variant=reduction", "model.code=2"]))
        let map = try Configuration.load(
            ConfigurationSources(recipe: "paper/reduction-mnist-20-clusters", sets: ["labels.count=100"]))
        #expect(map.parts.labels?.count == 100 && map.model.classes == 10)
        #expect(labelled.parts.labels == LabelSettings(count: 20) && labelled.phaseNames.contains("classification"))
    }

    @Test("A VAE has the Bernoulli cross-entropy where no cost is named, every other variant half the squared error")
    func usualCost() throws {
        for variant in Variant.allCases {
            let prior = variant == .labelInformed ? "\nprior: {kind: mixture}" : ""
            let read = try Self.read("variant: \(variant.rawValue)\(prior)")
            #expect(read.cost == (variant == .vae ? .crossEntropy : .halfSquaredError) && read.cost == variant.usualCost)
        }
        let named = try Self.read("variant: vae\ncost: half-squared-error")
        let unnamed = try Self.read("variant: vae")
        #expect(named.cost == .halfSquaredError && named.identity != unnamed.identity)
        #expect(named.identity.contains("\ncost=half-squared-error\n"))
        #expect(try Self.read(named.yaml()) == named)
        // Each has its own: it is not taken from what lies below.
        func cost(_ recipe: String, environment: [String: String] = [:], _ sets: String...) throws -> Cost {
            try Configuration.load(ConfigurationSources(recipe: recipe, environment: environment, sets: sets)).cost
        }
        #expect(try cost("quickstart", "variant=vae") == .crossEntropy && cost("vae", "variant=basic") == .halfSquaredError)
        #expect(try cost("quickstart", "variant=vae", "cost=half-squared-error") == .halfSquaredError)
        #expect(try cost("quickstart", environment: ["LOCKSTEP_COST": "cross-entropy"], "variant=supervised") == .crossEntropy)
    }

    @Test(
        "What a variant has not is refused with its name and a way on, and what cannot be together with its place",
        arguments: [
            (
                "variant: clustering\nlabels: {count: 100}",
                "my.yaml, line 2: labels: the variant clustering has no labels; remove it, or choose a variant that has it (label-informed, semi-supervised, reduction)."
            ),
            (
                "variant: vae\nphases:\n  generator: {rate: 1}",
                "my.yaml, line 3: phases.generator: the variant vae has no generator phase; remove it, or choose a variant that has it (basic, gan, label-informed, supervised, semi-supervised, clustering, reduction)."
            ),
            (
                "variant: reduction\nphases: {classification: {rate: 1}}",
                "my.yaml, line 2: phases.classification: a reduction without labels has no classification phase; remove it, or give labels."
            ),
            (
                "heads: {distance: 6}",
                "my.yaml, line 1: heads: the variant basic has no heads; remove it, or choose a variant that has it (reduction)."
            ),
            (
                "variant: gan\nnorm:\n  encoder: batch",
                "my.yaml, line 3: norm.encoder: the variant gan has no norm.encoder; remove it, or choose a variant that has it (basic, vae, label-informed, supervised, semi-supervised, clustering, reduction)."
            ),
            (
                "variant: label-informed\nlabels: {minibatch: 3}",
                "my.yaml, line 2: labels.minibatch: the variant label-informed has no labels.minibatch; remove it, or choose a variant that has it (semi-supervised, reduction)."
            ),
            (
                "variant: reduction\nmodel: {classes: 10, clusters: 20}",
                "my.yaml, line 2: model.classes: a reduction without labels has clusters and no classes; remove it, or give labels."
            ),
            (
                "variant: reduction\nlabels: {count: 100}\nmodel: {classes: 10, clusters: 20}",
                "my.yaml, line 3: model.clusters: a reduction with labels has classes and no clusters; remove it, or do without labels."
            ),
            (
                "variant: supervised\nlabels: {count: all}",
                "my.yaml, line 2: labels: the variant supervised has no labels; remove it, or choose a variant that has it (label-informed, semi-supervised, reduction)."
            ),
            (
                "variant: semi-supervized",
                "my.yaml, line 1: variant: \"semi-supervized\" is none of basic, vae, gan, label-informed, supervised, semi-supervised, clustering, reduction; did you mean semi-supervised?"
            ),
            (
                "variant: semi-supervised\nlabels: {cuont: 100}",
                "my.yaml, line 2: labels.cuont: there is no such key in labels; did you mean labels.count?"
            ),
            (
                "variant: semi-supervised\nlabels: {count: some}",
                "my.yaml, line 2: labels.count: a whole number or all is expected, not \"some\"."
            ),
            (
                "variant: semi-supervised\nlabels: {count: 0}",
                "my.yaml, line 2: labels.count: 0 is impossible, expected 1 to 2147483647, or all; did you mean all?"
            ),
            (
                "variant: semi-supervised\nlabels:\n  count: 105",
                "my.yaml, line 3: labels.count: 105 labels are not as many of each of 10 classes; expected a multiple of 10, or all."
            ),
            (
                "data:\n  standardise: true",
                "my.yaml, line 2: data.standardise: true is impossible with model.output sigmoid, whose images are 0 to 1 and standardised ones are not; set model.output to linear."
            ),
            (
                "data: {standardise: yes}",
                "my.yaml, line 1: data.standardise: \"yes\" is none of true, false."
            ),
            (
                "posterior: {kind: gausian}",
                "my.yaml, line 1: posterior.kind: \"gausian\" is none of deterministic, gaussian, universal; did you mean gaussian?"
            ),
            (
                "posterior: {kind: gaussian, width: 3}",
                "my.yaml, line 1: posterior.width: this key does not go with kind gaussian, but with kind universal."
            ),
            (
                "posterior: {kind: universal, std: 0}",
                "my.yaml, line 1: posterior.std: 0 is impossible, expected 0.000001 to 1000000."
            ),
            (
                "posterior: {kind: universal, std: 1e-40}",
                "my.yaml, line 1: posterior.std: 1e-40 is impossible, expected 0.000001 to 1000000."
            ),
            (
                "variant: reduction\nheads: {distance: 1e38}",
                "my.yaml, line 2: heads.distance: 1e38 is impossible, expected 0 to 1000000."
            ),
            (
                "weights: {reconstruction: 1e38}",
                "my.yaml, line 1: weights.reconstruction: 1e38 is impossible, expected 0 to 1000000."
            ),
            (
                "variant: vae\nposterior: {kind: deterministic}",
                "my.yaml, line 2: posterior.kind: a deterministic posterior has no divergence from the prior; a VAE needs gaussian."
            ),
            (
                "variant: vae\nmodel:\n  output: linear",
                "my.yaml, line 1: cost: cross-entropy needs a sigmoid output, but model.output is linear; use half-squared-error."
            ),
            (
                "dropout: {hidden: 1}",
                "my.yaml, line 1: dropout.hidden: 1 is impossible, expected 0 or more and less than 1."
            ),
            (
                "dropout: {hidden: 0.5}\nmodel: {encoder: [1, 1, 1, 1, 1, 1, 1, 1, 1], decoder: [1, 1, 1, 1, 1, 1, 1, 1]}",
                "my.yaml, line 1: dropout: values of 17 layers are dropped in a step, expected at most 16 of them; take fewer layers, or dropout of the input alone."
            ),
            (
                "minibatch: 4\nnorm:\n  encoder: shard",
                "my.yaml, line 3: norm.encoder: a shard of a minibatch has 1 row, of 4 in 4 shards, and shard norm learns nothing from fewer than 2; expected a minibatch of at least 8, or shards of at most 2."
            ),
            (
                "minibatch: 50\nshards: 64\nnorm:\n  encoder: shard",
                "my.yaml, line 4: norm.encoder: a shard of a minibatch has 0 rows, of 50 in 64 shards, and shard norm learns nothing from fewer than 2; expected a minibatch of at least 128, or shards of at most 25."
            ),
            (
                "minibatch: 3\ndata: {train: 10, validation: 5}\nnorm: {decoder: batch}",
                "my.yaml, line 3: norm.decoder: the last minibatch of an epoch has 1 row, and batch norm learns nothing from fewer than 2; expected a data.train modulo minibatch of at least 2 or of 0."
            ),
            (
                "minibatch: 10\nshards: 4\ndata: {train: 24, validation: 5}\nnorm: {heads: shard}",
                "my.yaml, line 4: norm.heads: a shard of the last minibatch of an epoch has 1 row, of 4 in 4 shards, and shard norm learns nothing from fewer than 2; expected a data.train modulo minibatch of at least 8 or of 0, or shards of at most 2."
            ),
            (
                "variant: semi-supervised\nlabels: {minibatch: 7}\nnorm: {heads: shard}",
                "my.yaml, line 3: norm.heads: a shard of the labelled minibatch has 1 row, of 7 in 4 shards, and shard norm learns nothing from fewer than 2; expected a labels.minibatch of at least 8, or shards of at most 3."
            ),
        ])
    func refusals(yaml: String, expected: String) {
        #expect(sentence { _ = try Self.read(yaml) } == expected)
    }

    @Test("Of settings that do not go together, the one that a person has written over the other is blamed")
    func blamed() throws {
        func blame(_ recipe: String, _ sets: [String], file: String? = nil) throws -> String {
            let scratch = Scratch()
            let path = try file.map { try scratch.write($0, to: "my.yaml") }
            return sentence { _ = try Configuration.load(ConfigurationSources(recipe: recipe, file: path, sets: sets)) }
                .replacing(scratch.path + "/", with: "")
        }
        for (recipe, set, rest) in [
            ("quickstart", "variant=label-informed", "prior: no part of the gaussian prior is a class's own"),
            ("label-informed", "model.classes=7", "prior: a mixture of 10 components has no component for each of 7 classes"),
            ("mnist-swiss-roll", "variant=vae", "prior.kind: the swiss-roll prior "),
            ("mnist-likelihood", "prior.kind=mixture", "model.code: 8 is impossible with the prior mixture"),
            ("mnist-swiss-roll", "model.code=3", "model.code: 3 is impossible with the prior swiss-roll"),
            ("semi-supervised", "model.classes=7", "labels.count: 100 labels are not as many of each of 7 classes"),
            ("clustering", "minibatch=1", "norm.encoder: a minibatch has 1 row, and batch norm"),
        ] {
            let text = try blame(recipe, [set])
            #expect(text.hasPrefix("--set \(set): \(rest)"), "\(text)")
        }
        let text = try blame("quickstart", [], file: "name: a\nvariant: label-informed")
        #expect(text.hasPrefix("my.yaml, line 2: prior: no part of the gaussian prior"), "\(text)")
        let wide = try blame("quickstart", ["prior.low=7"], file: "prior: {kind: uniform, high: 1}")
        #expect(wide.hasPrefix("--set prior.low=7: prior.high: a uniform prior from 7.0 to 1.0"), "\(wide)")
    }

    @Test("What a prior cannot do for a variant is told with the prior's place")
    func priors() {
        #expect(
            sentence { _ = try Self.read("variant: vae\nprior: {kind: swiss-roll}") }.hasPrefix(
                "my.yaml, line 2: prior.kind: the swiss-roll prior "))
        #expect(
            sentence { _ = try Self.read("variant: label-informed\nprior: {kind: gaussian}") }
                == "my.yaml, line 2: prior: no part of the gaussian prior is a class's own, expected a mixture or a swiss-roll.")
        #expect(
            sentence { _ = try Self.read("variant: label-informed\nprior: {kind: mixture, components: 7}") }.hasPrefix(
                "my.yaml, line 2: prior: a mixture of 7 components has no component for each of 10 classes"))
    }
}
