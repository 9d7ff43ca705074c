import Autoencoder
import Datasets
import Layers
import Runs
import TestSupport
import Testing

@Suite struct ConfigurationSourcesTests {
    @Test("Without a source it is the quickstart")
    func nothing() throws {
        #expect(try Configuration.load(ConfigurationSources()) == Recipes.named("quickstart").configuration())
    }

    @Test("A flag wins over --set, that over the environment, that over the file, that over the recipe")
    func precedence() throws {
        let scratch = Scratch()
        let file = try scratch.write("minibatch: 64\n", to: "mine.yaml")
        var sources = ConfigurationSources(recipe: "mnist-likelihood")
        #expect(try Configuration.load(sources).minibatch == 100)
        #expect(try Configuration.load(sources).name == "mnist-likelihood")
        sources.file = file
        #expect(try Configuration.load(sources).minibatch == 64)
        #expect(try Configuration.load(sources).model.code == 8)
        sources.environment = ["LOCKSTEP_MINIBATCH": "32", "PATH": "/bin"]
        #expect(try Configuration.load(sources).minibatch == 32)
        sources.sets = ["minibatch=16", "minibatch=8"]
        #expect(try Configuration.load(sources).minibatch == 8)
        sources.flags = [FlagSetting(flag: "--minibatch", key: "minibatch", value: "4")]
        #expect(try Configuration.load(sources).minibatch == 4)
    }

    @Test("A file lies over the quickstart that `recipes` prints, under its own name", arguments: ["# nothing\n", "seed: 0\n"])
    func fewKeys(text: String) throws {
        var expected = try Recipes.named("quickstart").configuration()
        expected.name = "mine"
        let scratch = Scratch()
        #expect(try Configuration.load(ConfigurationSources(file: scratch.write(text, to: "mine.yaml"))) == expected)
    }

    @Test("What a file says of a mapping leaves the rest of it as the quickstart has it")
    func fewKeysOfMappings() throws {
        let text =
            "epochs: 9\nphases: {generator: {schedule: {warm_up: 1}}, discriminator: {optimizer: adam}}\nprior: {kind: mixture}\n"
        let scratch = Scratch()
        let loaded = try Configuration.load(ConfigurationSources(file: scratch.write(text, to: "mine.yaml")))
        // Its schedules are parts of the run's length.
        let quickstart = try Configuration.load(ConfigurationSources(recipe: "quickstart", sets: ["epochs=9"]))
        #expect(loaded.epochs == 9 && loaded.model == quickstart.model)
        #expect(loaded.phases["generator"]?.schedule.kind == quickstart.phases["generator"]?.schedule.kind)
        #expect(loaded.phases["generator"]?.schedule.warmUp == 1)
        #expect(loaded.phases["discriminator"]?.schedule == quickstart.phases["discriminator"]?.schedule)
        #expect(loaded.prior == .mixture(components: 10, radial: 0.5, tangential: 0.1, distance: 1.4))
    }

    @Test("A recipe leaves out only what the quickstart has alike", arguments: Recipes.all)
    func recipesOverTheQuickstart(recipe: Recipe) throws {
        let alone = try Configuration.load(ConfigurationSources(recipe: recipe.name))
        let scratch = Scratch()
        let file = try scratch.write(recipe.text, to: "\(recipe.runName).yaml")
        #expect(try Configuration.load(ConfigurationSources(file: file)) == alone)
    }

    @Test("A file that names everything means the same as ever, whatever lies below it")
    func wholeFile() throws {
        var whole = Configuration()
        whole.prior = .uniform(low: -1, high: 1)
        whole.phases["generator"]?.optimizer = .adam(beta1: 0.5, beta2: 0.9, epsilon: 1e-7)
        whole.steps = 70
        let scratch = Scratch()
        let file = try scratch.write(whole.yaml(), to: "whole.yaml")
        #expect(try Configuration.load(ConfigurationSources(file: file)) == whole)
    }

    @Test("A run's own configuration stands below what is typed")
    func base() throws {
        var base = Configuration()
        base.minibatch = 50
        base.model.code = 3
        let sources = ConfigurationSources(base: base, sets: ["model.code=5"])
        let loaded = try Configuration.load(sources)
        #expect(loaded.minibatch == 50)
        #expect(loaded.model.code == 5)
    }

    @Test("Every setting has an environment variable, of a list or a mapping too")
    func environment() throws {
        let loaded = try Configuration.load(
            ConfigurationSources(environment: [
                "LOCKSTEP_PHASES_RECONSTRUCTION_RATE": "0.02", "LOCKSTEP_MODEL_ENCODER": "[500, 500]",
                "LOCKSTEP_PRIOR": "{kind: uniform, low: -1}", "LOCKSTEP_CHECKPOINT_EVERY_SECONDS": "2m",
                "LOCKSTEP_GRADIENT_BITS": "24",
                "LOCKSTEP_PHASES_GENERATOR_OPTIMIZER": "adam", "LOCKSTEP_PHASES_GENERATOR_BETA1": "0.5",
            ]))
        #expect(loaded.phases["reconstruction"]?.rate == 0.02)
        #expect(loaded.model.encoder == [500, 500])
        #expect(loaded.prior == .uniform(low: -1, high: 2))
        #expect(loaded.checkpoint.everySeconds == 120)
        #expect(loaded.gradientBits == .bits(24))
        #expect(loaded.phases["generator"]?.optimizer == .adam(beta1: 0.5, beta2: 0.999, epsilon: 1e-8))
        #expect(loaded.phases["generator"]?.rate == 0.001)
    }

    @Test("Names that are the command's own, or resemble no setting, are left alone")
    func otherNames() throws {
        let names = Configuration.reservedEnvironment.union([
            "LOCKSTEP_COORDINATOR_SERVICE_HOST", "LOCKSTEP_PORT_7000_TCP", "LOCKSTEP_PORT", "LOCKSTEP_SERVICE_PORT",
            "LOCKSTEP_KERNEL_CHOSEN", "LOCKSTEP_SERVICE_HOST", "LOCKSTEP_SERVICE_PORT_CONTROL", "LOCKSTEP_PORT_7000_TCP_PROTO",
            "LOCKSTEP_PORT_7000_TCP_ADDR", "LOCKSTEP_PORT_7000_TCP_PORT", "LOCKSTEP_WORKER_PORT", "LOCKSTEP_WORKERS_SERVICE_HOST",
            "LOCKSTEP_DATA_PORT", "LOCKSTEP_LISTEN", "LOCKSTEP_COMMIT", "LOCKSTEP_COORDINATOR", "LOCKSTEP_KERNEL_CHOSE",
        ])
        let environment = Dictionary(uniqueKeysWithValues: names.map { ($0, "anything: [") })
        #expect(
            try Configuration.load(ConfigurationSources(environment: environment)) == Recipes.named("quickstart").configuration())
    }

    @Test(
        "An environment variable that misses a setting, or a flag's variable, by a letter or two is an error",
        arguments: [
            ("LOCKSTEP_MINIBACH", "LOCKSTEP_MINIBATCH"), ("LOCKSTEP_WORKER", "LOCKSTEP_WORKERS"),
            ("LOCKSTEP_RECIPES", "LOCKSTEP_RECIPE"), ("LOCKSTEP_TOPOLGY", "LOCKSTEP_TOPOLOGY"),
            ("LOCKSTEP_COMPRESION", "LOCKSTEP_COMPRESSION"), ("LOCKSTEP_DATE", "LOCKSTEP_DATA"),
        ])
    func slip(name: String, meant: String) {
        #expect(
            sentence { _ = try Configuration.load(ConfigurationSources(environment: [name: "3"])) }
                == "\(name): no setting has this name; did you mean \(meant)?")
    }

    @Test(
        "What was typed is named in its error",
        arguments: [
            (
                "model.encodr=[5]",
                "--set model.encodr=[5]: model.encodr: there is no such key in model; did you mean model.encoder?"
            ),
            ("minibatch", "--set minibatch: a setting is written KEY=VALUE, as in model.code=8."),
            ("=3", "--set =3: a setting is written KEY=VALUE, as in model.code=8."),
            ("model..code=3", "--set model..code=3: model..code: a key is names with dots between them, as in model.code."),
            ("minibatch.size=3", "--set minibatch.size=3: minibatch: a whole number is expected, not a mapping."),
            ("minibatch=", "--set minibatch=: minibatch: a whole number is expected, not nothing."),
            ("model.encoder=[5", "--set model.encoder=[5: this is not YAML: did not find expected ',' or ']'."),
            ("prior.kind=swiss-roll", "no error"),
            ("model.code=8", "no error"),
        ])
    func typed(text: String, expected: String) {
        #expect(sentence { _ = try Configuration.load(ConfigurationSources(sets: [text])) } == expected)
    }

    @Test("A flag and an environment variable are named in their errors")
    func named() {
        #expect(
            sentence { _ = try Configuration.load(ConfigurationSources(file: "")) } == "--config: the file's name is empty.")
        #expect(
            sentence {
                _ = try Configuration.load(ConfigurationSources(flags: [FlagSetting(flag: "--epochs", key: "epochs", value: "x")]))
            }
                == "--epochs: epochs: a whole number is expected, not \"x\".")
        #expect(
            sentence { _ = try Configuration.load(ConfigurationSources(environment: ["LOCKSTEP_SEED": "x"])) }
                == "LOCKSTEP_SEED: seed: a whole number is expected, not \"x\".")
    }

    @Test("A changed kind starts from its own defaults, in whatever order it is typed")
    func kinds() throws {
        let swissRoll = try Configuration.load(ConfigurationSources(sets: ["prior.thickness=0.2", "prior.kind=swiss-roll"]))
        #expect(swissRoll.prior == .swissRoll(thickness: 0.2))
        let mixture = try Configuration.load(
            ConfigurationSources(recipe: "mnist-swiss-roll", sets: ["prior={kind: mixture, distance: 3}"]))
        #expect(mixture.prior == .mixture(components: 10, radial: 0.5, tangential: 0.1, distance: 3))
        let cosine = try Configuration.load(
            ConfigurationSources(base: Configuration(), sets: ["phases.generator.schedule={kind: cosine, to: 9}"]))
        #expect(cosine.phases["generator"]?.schedule == Schedule(kind: .cosine(from: 0, to: 9)))
        let adam = try Configuration.load(ConfigurationSources(base: Configuration(), sets: ["phases.generator.optimizer=adam"]))
        #expect(adam.phases["generator"]?.schedule == Configuration().phases["generator"]?.schedule)
        let files = try Configuration.load(ConfigurationSources(sets: ["data={set: mnist}"]))
        #expect(files.data.train == 50_000)
    }

    @Test("Epochs that are typed take away steps from below, and steps win over epochs from below")
    func ends() throws {
        var base = Configuration()
        base.steps = 300
        #expect(try Configuration.load(ConfigurationSources(base: base)).steps == 300)
        let epochs = FlagSetting(flag: "--epochs", key: "epochs", value: "2")
        let longer = try Configuration.load(ConfigurationSources(base: base, flags: [epochs]))
        #expect(longer.lastStep(trainingImages: 50_050) == 2 * 501)
        let steps = FlagSetting(flag: "--steps", key: "steps", value: "70")
        #expect(try Configuration.load(ConfigurationSources(base: base, flags: [steps])).lastStep(trainingImages: 50_000) == 70)
        #expect(
            try Configuration.load(ConfigurationSources(base: base, flags: [epochs, steps])).lastStep(trainingImages: 50_000) == 70)
    }

    @Test("Whether a key was given can be asked")
    func given() throws {
        #expect(try !Configuration.isGiven("threads", in: ConfigurationSources()))
        #expect(try Configuration.isGiven("threads", in: ConfigurationSources(environment: ["LOCKSTEP_THREADS": "2"])))
        #expect(try Configuration.isGiven("model.code", in: ConfigurationSources()))
    }
}
