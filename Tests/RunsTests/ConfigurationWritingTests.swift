import Autoencoder
import Datasets
import Foundation
import Kernels
import Layers
import Runs
import TestSupport
import Testing

@Suite struct ConfigurationWritingTests {
    static let variants: [Configuration] = {
        var all = [Configuration](repeating: Configuration(), count: 6)
        all[1].prior = .uniform(low: -2.5, high: 1e-7)
        all[1].phases["generator"] = PhaseSettings(
            optimizer: .adam(beta1: 0.5, beta2: 0.999, epsilon: 1e-8), rate: 1.0 / 3,
            schedule: Schedule(kind: .constant, warmUp: 2.5))
        all[1].data = DataSettings(set: "svhn", train: 600, validation: 50, folder: "/data", extra: true)
        all[2].data = DataSettings(set: "tfd", train: 600, validation: 50, fold: 4)
        all[2].prior = .mixture(components: 7, radial: 0.5, tangential: 0.1, distance: 0)
        all[2].phases["reconstruction"]?.schedule = Schedule(kind: .cosine(from: 95, to: 120.5))
        all[3].prior = .swissRoll(thickness: 0.1)
        all[3].data = DataSettings(set: "npz", train: 10, validation: 5, file: "/a: \"b\" #c\\.npz")
        all[3].gradientBits = .bits(24)
        (all[3].engine, all[4].precision) = (.openblas, .bf16)
        all[4].data = DataSettings(
            set: "idx", train: 10, images: "/yes", labels: "/1e5", testImages: "/~", testLabels: "/x'y", folder: "/a b")
        all[4].model = ModelSettings(
            encoder: [], decoder: [3], discriminator: [1, 2, 3], code: 9, output: .linear, initialisation: .he)
        all[4].seed = .max
        all[5].name = "1e5"
        all[5].steps = 12
        all[5].average = 0.999
        all[5].inputNoise = Double(Float.leastNormalMagnitude)
        (all[5].engine, all[5].kernel) = (.openblas, "haswell")
        all[5].checkpoint = CheckpointSettings(everySteps: 3, everySeconds: 0.5, everyEpochs: 0, keep: 9, keepEveryEpochs: 0)
        all[5].evaluate.everyEpochs = 0
        all[5].figures = FigureSettings(everyEpochs: 7, keep: 2, keepEveryEpochs: 0)
        return all
    }()

    @Test("What is written reads back equal, with and without provenance", arguments: variants)
    func roundTrip(configuration: Configuration) throws {
        #expect(try Configuration.read(yaml: configuration.yaml(), file: "config.yaml") == configuration)
        let provenance = Provenance(commit: "c: \"d\"", dataIdentity: "0", kernel: "haswell", commandLine: ["a b", "#"])
        let scratch = Scratch()
        let path = try scratch.write(configuration.yaml(provenance: provenance), to: "config.yaml")
        let (back, backProvenance) = try Configuration.readFile(path)
        #expect(back == configuration)
        #expect(backProvenance == provenance)
        #expect(try Configuration.load(ConfigurationSources(file: path)) == configuration)
        #expect(try Configuration.load(ConfigurationSources(base: configuration)) == configuration)
    }

    @Test("The file is one line a key, with the phases below one another")
    func text() {
        #expect(
            Configuration().yaml() == """
                name: quickstart
                data: {set: glyphs, train: 50000, validation: 10000}
                minibatch: 100
                shards: 4
                epochs: 6
                steps: 0
                seed: 0
                threads: 1
                model: {encoder: [1000, 1000], decoder: [1000, 1000], discriminator: [1000, 1000], code: 2, output: sigmoid, initialisation: normal}
                cost: half-squared-error
                prior: {kind: gaussian, std: 5}
                noise: {input: 0}
                phases:
                  reconstruction: {optimizer: sgd, rate: 0.01, momentum: 0.9, schedule: {kind: steps, at: [50, 1000], factor: 0.1, warm_up: 0}}
                  discriminator: {optimizer: sgd, rate: 0.1, momentum: 0.1, schedule: {kind: steps, at: [50, 1000], factor: 0.1, warm_up: 0}}
                  generator: {optimizer: sgd, rate: 0.1, momentum: 0.1, schedule: {kind: steps, at: [50, 1000], factor: 0.1, warm_up: 0}}
                average: 0
                gradient_bits: full
                engine: portable
                kernel: auto
                checkpoint: {every_steps: 0, every_seconds: 60, every_epochs: 1, keep: 3, keep_every_epochs: 10}
                evaluate: {every_epochs: 1}
                figures: {every_epochs: 1, keep: 10, keep_every_epochs: 10}

                """)
    }

    @Test(
        "A text without an engine is of the library where it names a family of its kernels, as runs from before there was a choice do"
    )
    func unsaidEngine() throws {
        func read(_ text: String) throws -> Configuration { try Configuration.read(yaml: text, file: "config.yaml") }
        let old = try read("kernel: haswell\n")
        #expect(old.engine == .openblas && old.precision == .fp32)
        #expect(!old.yaml().contains("engine") && !old.identity.contains("engine") && !old.identity.contains("precision"))
        #expect(try read("kernel: auto\n").engine == .portable && read("seed: 1\n").engine == .portable)
        var auto = Configuration()
        auto.engine = .openblas
        #expect(auto.yaml().contains("engine: openblas\n") && auto.identity.contains("engine=openblas\n"))
        // Both sides of a difference have a value.
        var wanted = old
        (wanted.engine, wanted.kernel) = (.portable, "auto")
        #expect(
            wanted.difference(from: old).map { "\($0.key) \($0.mine) \($0.other)" } == [
                "engine portable openblas", "kernel auto haswell",
            ])
        for text in [
            "engine: portable\nkernel: haswell\n", "engine: openblas\nprecision: bf16\n", "kernel: haswell\nprecision: bf16\n",
        ] {
            #expect(throws: ConfigurationError.self) { try read(text) }
        }
    }

    @Test("The identity has what changes bits and nothing else")
    func identity() {
        let start = Configuration()
        var free = start
        free.name = "other"
        free.epochs = 99
        free.steps = 5
        free.threads = 7
        free.checkpoint.keep = 9
        free.evaluate.everyEpochs = 0
        free.figures.everyEpochs = 0
        #expect(free.identity == start.identity)
        #expect(free.identityDigest == start.identityDigest)
        #expect(start.identityDigest.count == 64)
        let changes: [(inout Configuration) -> Void] = [
            { $0.seed = 1 }, { $0.minibatch = 99 }, { $0.shards = 5 }, { $0.data.train = 49_999 }, { $0.model.code = 3 },
            { $0.cost = .crossEntropy },
            { $0.prior = .gaussian(std: 4) }, { $0.inputNoise = 0.1 }, { $0.phases["generator"]?.rate = 0.2 }, { $0.average = 0.9 },
            { $0.gradientBits = .bits(24) }, { $0.gradientBits = .bits(8) }, { $0.kernel = "haswell" },
            { $0.engine = .openblas }, { $0.precision = .bf16 },
        ]
        free.data.folder = "/elsewhere"
        free.data.file = "/elsewhere/own.npz"
        #expect(free.identityDigest == start.identityDigest, "the place of the data changes no bit")
        for change in changes {
            var changed = start
            change(&changed)
            #expect(changed.identity != start.identity)
            #expect(changed.difference(from: start).map(\.changesBits) == [true])
        }
    }

    @Test("A difference names its key and both values")
    func difference() {
        let start = Configuration()
        var other = start
        other.prior = .uniform(low: -2, high: 2)
        other.epochs = 8
        #expect(
            other.difference(from: start) == [
                .init(key: "epochs", mine: "8", other: "6", changesBits: false),
                .init(key: "prior.kind", mine: "uniform", other: "gaussian", changesBits: true),
                .init(key: "prior.low", mine: "-2", other: "nothing", changesBits: true),
                .init(key: "prior.high", mine: "2", other: "nothing", changesBits: true),
                .init(key: "prior.std", mine: "nothing", other: "5", changesBits: true),
            ])
        #expect(start.difference(from: start).isEmpty)
    }

    @Test("A run goes on with other ends and threads, not with other bits, and the error names --from")
    func resume() throws {
        let run = Configuration()
        var asked = run
        asked.epochs = 60
        asked.threads = 4
        try asked.requireSameBits(as: run, after: 0, run: "latest")
        asked.minibatch = 200
        asked.phases["generator"]?.rate = 0.2
        #expect(
            sentence { try asked.requireSameBits(as: run, after: 0, run: "latest") }
                == "The run latest cannot go on with other settings that change its bits: minibatch (100 in the run, now 200), phases.generator.rate (0.1 in the run, now 0.2); begin a new run from its weights with `lockstep train --config runs/latest/config.yaml --from latest` and these settings."
        )
    }

    /// A short run: five epochs of ten steps.
    private func short(_ sets: [String] = []) throws -> Configuration {
        try Configuration.load(ConfigurationSources(recipe: "quickstart", sets: ["data.train=1000"] + sets))
    }

    @Test("A schedule without lengths of its own follows the run's, and keeps in the run what that came to")
    func lengths() throws {
        func cosine(_ sets: [String]) throws -> Schedule.Kind? { try short(sets).phases["generator"]?.schedule.kind }
        #expect(try cosine([]) == .cosine(from: 2, to: 5))
        #expect(try cosine(["epochs=12"]) == .cosine(from: 4.8, to: 12))
        #expect(try cosine(["epochs=12", "phases.generator.schedule={from: 0}"]) == .cosine(from: 0, to: 12))
        #expect(try cosine(["epochs=12", "phases.generator.schedule={from: 0.5, to: 3/4}"]) == .cosine(from: 0.5, to: 9))
        // `steps` ends a run before or after its planned length: it is not that length.
        #expect(try cosine(["steps=7"]) == .cosine(from: 2, to: 5))
        var sources = ConfigurationSources(sets: ["epochs=12"])
        sources.base = try Configuration.read(yaml: try short().yaml(), file: "config.yaml")
        #expect(try Configuration.load(sources).phases["generator"]?.schedule.kind == .cosine(from: 2, to: 5))
    }

    @Test("An end is not moved to where every rate is 0; the line that the refusal offers is one that the run can go on with")
    func idleEnd() throws {
        let run = try short()
        let longer = try short(["phases.generator.schedule.to=5", "epochs=5"])
        try longer.requireSameBits(as: run, after: 50, run: "latest")
        var sources = ConfigurationSources(flags: [FlagSetting(flag: "--epochs", key: "epochs", value: "12")])
        sources.base = run
        let refusal = sentence { try Configuration.load(sources).requireSameBits(as: run, after: 50, run: "latest") }
        #expect(
            refusal
                == "The run latest would learn nothing after step 50: every rate is 0 from there on (reconstruction 0.01 until epoch 2, then a cosine to 0 at epoch 5; discriminator 0.1 until epoch 2, then a cosine to 0 at epoch 5; generator 0.1 until epoch 2, then a cosine to 0 at epoch 5); say which share of its rate a phase shall go on with, as in `lockstep resume latest --epochs 12 --set phases.reconstruction.schedule.after=0.1 --set phases.discriminator.schedule.after=0.1 --set phases.generator.schedule.after=0.1`."
        )
        sources.sets = refusal.split(separator: " ").map(String.init).filter { $0.hasPrefix("phases.") && $0.contains("=") }
            .map { $0.trimmingCharacters(in: ["`", "."]) }
        #expect(sources.sets.count == 3)
        let offered = try Configuration.load(sources)
        try offered.requireSameBits(as: run, after: 50, run: "latest")
        #expect(offered.training(pixels: 784, trainingImages: 1000).idleStep == nil)
    }

    @Test(
        "Where steps were done with a rate of 0 the way on is a new run, and where the run had --steps the end that was asked for is told"
    )
    func idleSteps() throws {
        let run = try short(["steps=60"])
        var sources = ConfigurationSources(flags: [FlagSetting(flag: "--epochs", key: "epochs", value: "12")])
        sources.base = run
        let longer = try Configuration.load(sources)
        #expect(
            sentence { try longer.requireSameBits(as: run, after: 50, run: "old") }.contains(
                "`lockstep resume old --epochs 12 --set"))
        let refusal = sentence { try longer.requireSameBits(as: run, after: 60, run: "old") }
        #expect(
            refusal.contains(
                "; begin a new run from its weights, as with `lockstep train --config runs/old/config.yaml --from old --epochs 6 --set phases.reconstruction.schedule.from=0 --set phases.reconstruction.schedule.to=6 --set phases.discriminator"
            ), "\(refusal)")
        var anew = ConfigurationSources(flags: [FlagSetting(flag: "--epochs", key: "epochs", value: "6")])
        anew.base = run
        anew.sets = refusal.split(separator: " ").map(String.init).filter { $0.hasPrefix("phases.") && $0.contains("=") }
            .map { $0.trimmingCharacters(in: ["`", "."]) }
        #expect(anew.sets.count == 6)
        #expect(try Configuration.load(anew).phases["generator"]?.schedule.kind == .cosine(from: 0, to: 6))
    }

    @Test("A schedule may change where no step done had another rate, and nowhere else")
    func futures() throws {
        let run = try short()
        for (sets, steps, isAllowed) in [
            (["phases.generator.schedule.after=0.1"], 50, true), (["phases.generator.schedule.after=0.1"], 51, false),
            (["phases.generator.schedule.to=6"], 20, true), (["phases.generator.schedule.to=6"], 21, false),
            (["phases.generator.schedule={kind: constant}"], 20, true), (["phases.generator.schedule={kind: constant}"], 30, false),
            (["phases.generator.schedule.to=6", "phases.generator.rate=0.2"], 1, false),
            (["phases.generator.schedule.to=6", "minibatch=50"], 1, false),
            (["phases.generator.schedule.to=6", "seed=2"], 0, false),
        ] {
            #expect(try short(sets).bitsDifference(from: run, after: UInt64(steps)).isEmpty == isAllowed, "\(sets) at \(steps)")
        }
    }

    @Test("Of a run of any length it is told whether the steps done know of a change")
    func longFutures() throws {
        // Two hundred million epochs of ten steps.
        let length = ["epochs=200000000"]
        let done: UInt64 = 1_500_000_000
        func rates(_ schedule: String) -> [String] {
            length + Configuration().phaseNames.map { "phases.\($0).schedule=\(schedule)" }
        }
        let run = try short(rates("{kind: cosine, from: 150000000, to: 200000000}"))
        for (schedule, isAllowed) in [
            ("{kind: constant}", true), ("{kind: cosine, from: 160000000, to: 170000000, after: 0.1}", true),
            ("{kind: steps, at: [150000000], factor: 0.5}", true), ("{kind: steps, at: [149999999], factor: 0.5}", false),
            ("{kind: cosine, from: 140000000, to: 200000000}", false),
        ] {
            #expect(try short(rates(schedule)).bitsDifference(from: run, after: done).isEmpty == isAllowed, "\(schedule)")
        }
    }

    @Test(
        "The training settings have their bits resolved",
        arguments: [(GradientBits.full, 4, 30), (.full, 1, 31), (.bits(24), 4, 24), (.bits(16), 12, 16)])
    func training(bits: GradientBits, shards: Int, resolved: Int) throws {
        var configuration = Configuration()
        configuration.gradientBits = bits
        configuration.shards = shards
        let settings = configuration.training(pixels: 784, trainingImages: 50_000)
        #expect(settings.gradientBits == resolved)
        #expect(settings.epochs == configuration.epochs(trainingImages: 50_000))
        try settings.validate()
    }
}

@Suite struct RecipeTests {
    @Test("Every recipe reads, carries its own name and can be trained", arguments: Recipes.all)
    func reads(recipe: Recipe) throws {
        let configuration = try recipe.configuration()
        #expect(configuration.name == recipe.runName && !recipe.runName.contains("/"))
        #expect(try Configuration.load(ConfigurationSources(recipe: recipe.name)) == configuration)
        try configuration.training(pixels: 784, trainingImages: configuration.data.train ?? 98_058).validate()
        #expect(recipe.text.hasSuffix("\n"))
        #expect(!recipe.summary.isEmpty)
        #expect(Set(Recipes.all.map(\.runName)).count == Recipes.all.count)
        #expect(try Configuration.read(yaml: configuration.yaml(), file: "config.yaml") == configuration)
    }

    @Test("The paper's settings stand in recipes under the names of its tables and figures")
    func paper() throws {
        let semi = try Recipes.named("paper/semi-mnist-1000").configuration()
        #expect(semi.parts.labels == LabelSettings(count: 1000, seed: 0, minibatch: 100) && semi.inputNoise == 0.3)
        #expect(semi.phases == Configuration(variant: .semiSupervised).phases && semi.epochs == 5000)
        #expect(semi.prior == .gaussian(std: 1) && semi.model.code == 10 && semi.model.encoder == [1000, 1000])
        #expect(try Recipes.named("paper/semi-mnist-all").configuration().parts.labels?.count == nil)
        let clusters = try Recipes.named("paper/clustering-mnist-30").configuration()
        #expect(clusters.model.clusters == 30 && clusters.model.encoder == [3000, 3000] && clusters.model.code == 5)
        #expect(clusters.parts.norm == NormSettings(encoder: .batch, heads: .batch) && clusters.parts.dropout.input == 0.2)
        let map = try Recipes.named("paper/reduction-mnist-20-clusters").configuration()
        #expect(map.parts.labels == nil && map.model.clusters == 20 && map.parts.heads == HeadSettings(distance: 6, weight: 1))
        #expect(try Recipes.named("paper/figure-4-roll").configuration().parts.labels?.count == 10_000)
        #expect(try Recipes.named("paper/figure-6").configuration().model.code == 15)
        let houses = try Recipes.named("paper/figure-7").configuration()
        #expect(houses.data.set == "svhn" && houses.data.standardise && houses.model.output == .linear)
        #expect(houses.variant == .supervised && houses.model.classes == 10 && houses.model.code == 20)
        #expect(houses.parts.norm == NormSettings(encoder: .batch, decoder: .batch) && houses.parts.dropout.input == 0.2)
        let numbers = try Recipes.named("paper/semi-svhn-1000").configuration()
        #expect(
            numbers.data == DataSettings(set: "svhn", train: 63_257, validation: 10_000, standardise: true)
                && numbers.epochs == 1000)
        #expect(
            numbers.parts.norm == NormSettings(encoder: .batch, heads: .batch, decoder: .batch) && numbers.model.output == .linear)
        #expect(
            numbers.parts.dropout.input == 0.2 && numbers.inputNoise == 0 && numbers.model.code == 20
                && numbers.prior == .gaussian(std: 1))
        #expect(numbers.parts.labels == LabelSettings(count: 1000, seed: 0, minibatch: 100))
        for (phase, rate, momentum) in [
            ("reconstruction", 0.0001, 0.9), ("discriminator", 0.01, 0.1), ("generator", 0.01, 0.1), ("classification", 0.1, 0.9),
        ] {
            let steps = Schedule(kind: .steps(at: [250], factor: 0.1))
            #expect(numbers.phases[phase] == PhaseSettings(optimizer: .sgd(momentum: momentum), rate: rate, schedule: steps))
        }
        let faces = try Recipes.named("paper/likelihood-tfd").configuration()
        #expect(faces.data == DataSettings(set: "tfd", standardise: true, fold: 1) && faces.model.code == 15)
        #expect(faces.prior == .gaussian(std: 10) && faces.model.output == .linear && faces.cost == .halfSquaredError)
        var likelihood = try Recipes.named("mnist-likelihood").configuration()
        #expect(faces.phases == likelihood.phases && faces.model.encoder == [1000, 1000] && faces.variant == .basic)
        likelihood.name = "paper-likelihood-mnist"
        #expect(try Recipes.named("paper/likelihood-mnist").configuration() == likelihood)
    }

    @Test("The recipe on SVHN runs on built-in digits in colour by their name alone, as standardised as there")
    func withoutFiles() throws {
        let colour = try Configuration.load(ConfigurationSources(recipe: "paper/semi-svhn-1000", sets: ["data.set=glyphs-colour"]))
        #expect(colour.data == DataSettings(set: "glyphs-colour", train: 63_257, validation: 10_000, standardise: true))
        let short = try Recipes.named("semi-supervised-colour").configuration()
        #expect(short.data.set == "glyphs-colour" && short.variant == .semiSupervised)
        #expect((1_000...5_000).contains(short.lastStep(trainingImages: try #require(short.data.train))))
    }

    @Test("Every variant has a recipe on built-in digits, and a run of it is short")
    func builtIn() throws {
        let configurations = try Recipes.all.map { try $0.configuration() }.filter { $0.data.set == "glyphs" }
        #expect(Set(configurations.map(\.variant)) == Set(Variant.allCases))
        for configuration in configurations {
            let steps = configuration.lastStep(trainingImages: try #require(configuration.data.train))
            #expect((1_000...5_000).contains(steps), "\(configuration.name): \(steps) steps")
        }
    }

    @Test("The quickstart spells out every default, but for its smaller networks and its short schedule")
    func quickstart() throws {
        let quickstart = try Recipes.named("quickstart").configuration()
        var expected = Configuration()
        expected.epochs = quickstart.epochs
        expected.model.encoder = [500, 500]
        expected.model.decoder = [500, 500]
        expected.model.discriminator = [500, 500]
        for phase in Configuration().phaseNames {
            expected.phases[phase]?.schedule = Schedule(kind: .cosine(from: 2, to: Double(quickstart.epochs)))
        }
        #expect(quickstart == expected)
    }

    @Test("A recipe that is not there is answered with the nearest")
    func unknown() {
        #expect(
            sentence { _ = try Recipes.named("mnist-gausian-2d") }
                == "There is no recipe \"mnist-gausian-2d\"; did you mean mnist-gaussian-2d?")
        #expect(
            sentence { _ = try Recipes.named("figure-6") } == "There is no recipe \"figure-6\"; did you mean paper/figure-6?")
        #expect(
            sentence { _ = try Recipes.named("cifar") }
                == "There is no recipe \"cifar\"; there are \(Recipes.all.map(\.name).joined(separator: ", "))."
        )
    }
}
