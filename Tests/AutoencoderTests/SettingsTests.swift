import Autoencoder
import Kernels
import Layers
import Testing

@Suite struct SettingsTests {
    @Test("the likelihood model costs 22.6 million multiply-adds a sample")
    func operations() {
        var settings = smallSettings(code: 8, pixels: 784)
        for width in [\ModelSettings.encoder, \.decoder, \.discriminator] { settings.model[keyPath: width] = [1000, 1000] }
        #expect(settings.multiplyAdds == [.images: 22_616_000])
        // An epoch of 13 images: steps of 5, 5 and 3.
        #expect(settings.multiplyAdds(inSteps: 4) == 18 * 22_616_000)
        #expect(settings.parameterCount == 4_599_793)
    }

    @Test("a labelled row costs its own phase only, however many of them a step has")
    func labelledOperations() {
        for rows in [1, 7, 50] {
            let settings = smallSettings(.semiSupervised, hidden: [17]) { $0.labels = LabelSettings(count: 8, minibatch: rows) }
            let one = settings.multiplyAdds
            // 12-17-6 forward, the weights' gradients of both layers, the values' of the upper one.
            let encoder = (12 * 17, 17 * 6)
            #expect(one[.labelled] == 2 * encoder.0 + 3 * encoder.1)
            var unlabelled = smallSettings(.clustering, hidden: [17])
            unlabelled.model.clusters = 4
            #expect(one[.images] == unlabelled.multiplyAdds[.images])
            let expected = Double(18 * (one[.images] ?? 0) + 4 * rows * (one[.labelled] ?? 0))
            #expect(settings.multiplyAdds(inSteps: 4) == expected)
        }
    }

    @Test("heads whose distances would take a step too long are refused, with the keys to lower")
    func heads() {
        var settings = smallSettings(.reduction, code: 512) { $0.labels = nil }
        settings.model.clusters = 4_096
        let error = #expect(throws: SettingsError.self) { try settings.validate() }
        #expect(error?.key == "model.clusters" && error?.problem.contains("lower model.clusters or model.code") == true)
        settings.model.clusters = 1_000
        #expect(throws: Never.self) { try settings.validate() }
    }

    @Test("the parameter count is that of the replica's tensors")
    func parameters() throws {
        let settings = smallSettings()
        let tensors = try Replica(settings).state().filter { StateNames.isParameter($0.name) }
        #expect(tensors.reduce(0) { $0 + $1.values.count } == settings.parameterCount)
    }

    @Test("the first step without a rate is the one after the last schedule's end, on whatever fraction of an epoch that lies")
    func idleStep() {
        var settings = smallSettings()
        settings.minibatch = 30
        settings.trainingImages = 100
        let ends: [(from: Double, to: Double)] = [(0, 1), (1, 3), (0.2, 0.3), (0, 2.1), (1, 2.125), (0, 7)]
        for end in ends {
            for name in settings.phaseNames {
                settings.phases[name]?.schedule = Schedule(kind: .cosine(from: end.from, to: end.to))
            }
            settings.phases["generator"]?.schedule = Schedule(kind: .cosine(from: 0, to: 0.01))
            let first = (0..<40).first { step in
                settings.phaseNames.allSatisfy { settings.rate(phase: $0, step: step) == 0 }
            }
            #expect(settings.idleStep == first && first != nil, "to \(end.to)")
        }
        settings.phases["generator"]?.schedule = Schedule()
        #expect(
            settings.idleStep == nil && settings.idleStep(of: "reconstruction") == 28 && settings.idleStep(of: "generator") == nil)
    }

    @Test("a warm-up that a run comes to less than a hundredth of is told with the rate that the run ends with")
    func unreachedRate() {
        var settings = smallSettings(minibatch: 10, trainingImages: 100)
        settings.phases["generator"]?.rate = 0.5
        for (warmUp, isReached) in [(0.0, true), (3, true), (194, true), (196, false), (1e300, false)] {
            settings.phases["generator"]?.schedule = Schedule(warmUp: warmUp)
            let rate = settings.unreachedRate(of: "generator", before: 20)
            #expect((rate == nil) == isReached, "\(warmUp)")
            if let rate { #expect(rate == settings.rate(phase: "generator", step: 19)) }
        }
        #expect(settings.unreachedRate(of: "reconstruction", before: 20) == nil)
    }

    @Test("a gradient that is not finite is told with its step counted from 1, and at the first one of no losses before it")
    func notFinite() {
        let words = [UInt64(0), 13].map {
            "\(NonFiniteGradient(step: $0, phase: "generator", tensor: "t", shard: 2, suspects: ["prior.std", "noise.input"]))"
        }
        #expect(
            words[0].hasPrefix(
                "step 1, generator phase: the gradient of t was not finite, first in shard 2; that is the run's first"))
        #expect(words[0].contains("look at prior.std, noise.input for numbers that are too large"))
        #expect(!words[0].contains("the losses before it") && !words[0].contains("--from"))
        #expect(words[1].hasPrefix("step 14, ") && words[1].contains("; the losses before it say which phase ran away"))
    }

    @Test(
        "what a gradient that is not finite at first asks to be looked at are settings that the variant has",
        arguments: Variant.allCases)
    func suspects(variant: Variant) throws {
        var settings = smallSettings(variant)
        if variant.has(.inputNoise) { settings.parts.inputNoise = 0.5 }
        if variant.has(.discriminatorNoise) { settings.parts.discriminatorNoise = 0.5 }
        let replica = try Replica(settings)
        let bad = TensorStatistics(maximumBits: Float.nan.bitPattern, lowestNonFiniteShard: 3)
        let statistics = replica.phases[0].tensors.map { _ in bad }
        guard case .stop(let error) = replica.decide(phase: 0, statistics: statistics) else {
            Issue.record("a gradient that is not finite is applied")
            return
        }
        #expect(error.suspects.contains { $0.hasPrefix("prior.") })
        for setting in VariantSetting.allCases {
            let isNamed = error.suspects.contains { $0 == setting.rawValue || $0.hasPrefix(setting.rawValue + ".") }
            #expect(!isNamed || variant.lack(of: setting, with: settings.parts) == nil, "\(variant) has no \(setting)")
        }
        #expect(error.suspects.contains("noise.input") == variant.has(.inputNoise))
        #expect(error.suspects.contains("noise.discriminator") == variant.has(.discriminatorNoise))
        #expect(error.suspects.contains("heads.distance") == variant.has(.heads))
    }

    struct Wrong: Sendable, CustomStringConvertible {
        let key: String
        let settings: TrainingSettings
        var description: String { key }

        init(_ key: String, _ change: (inout TrainingSettings) -> Void) {
            self.key = key
            var settings = smallSettings()
            change(&settings)
            self.settings = settings
        }
    }

    static let wrong = [
        Wrong("model.code") {
            $0.model.code = 8
            $0.prior = .swissRoll(thickness: 0.1)
        },
        Wrong("model.code") {
            $0.model.code = 3
            $0.prior = .mixture(components: 10, radial: 1, tangential: 1, distance: 0)
        },
        Wrong("model.code") { $0.model.code = 0 },
        Wrong("model.encoder") { $0.model.encoder = [10, 0] },
        Wrong("cost") {
            $0.cost = .crossEntropy
            $0.model.output = .linear
        },
        Wrong("prior.std") { $0.prior = .gaussian(std: 0) },
        Wrong("prior.high") { $0.prior = .uniform(low: 1, high: 1) },
        Wrong("prior.high") { $0.prior = .uniform(low: 1, high: .infinity) },
        Wrong("prior.high") { $0.prior = .uniform(low: 0, high: 1e-300) },
        Wrong("prior.components") { $0.prior = .mixture(components: 401, radial: 1, tangential: 1, distance: 0) },
        Wrong("prior.distance") { $0.prior = .mixture(components: 2, radial: 1, tangential: 1, distance: .nan) },
        Wrong("noise.input") { $0.inputNoise = -0.1 },
        Wrong("noise.input") { $0.inputNoise = 11 },
        Wrong("noise.discriminator") { $0.parts.discriminatorNoise = 1e38 },
        Wrong("weights.reconstruction") { $0.parts.reconstructionWeight = 1e38 },
        Wrong("posterior.std") { $0.parts.posterior = .universal(width: 3, std: 1e38) },
        Wrong("posterior.std") { $0.parts.posterior = .universal(width: 3, std: 1e-40) },
        Wrong("prior.std") { $0.prior = .gaussian(std: 1e38) },
        Wrong("prior.std") { $0.prior = .gaussian(std: 1e-20) },
        Wrong("prior.distance") { $0.prior = .mixture(components: 2, radial: 1, tangential: 1, distance: 1e38) },
        Wrong("heads.distance") {
            $0 = smallSettings(.reduction)
            $0.parts.heads.distance = 1e38
        },
        Wrong("average") { $0.average = 1 },
        Wrong("minibatch") { $0.minibatch = 0 },
        Wrong("shards") { $0.shards = 0 },
        Wrong("gradient_bits") { $0.gradientBits = 20 },
        Wrong("gradient_bits") { $0.gradientBits = 31 },
        Wrong("phases.generator") { $0.phases["generator"] = nil },
        Wrong("phases.classification") { $0.phases["classification"] = $0.phases["generator"] },
        Wrong("phases.generator.rate") { $0.phases["generator"]!.rate = .nan },
        Wrong("phases.generator.rate") { $0.phases["generator"]!.rate = 1e38 },
        Wrong("phases.generator.schedule") { $0.phases["generator"]!.schedule.kind = .steps(at: Array(1...64), factor: 1e6) },
        Wrong("phases.generator.schedule") { $0.phases["generator"]!.schedule.kind = .cosine(from: 0, to: 1, after: 1e8) },
        Wrong("phases.generator") { $0.phases["generator"]!.optimizer = .adam(beta1: 0.9, beta2: 0.9, epsilon: 1e-38) },
        Wrong("phases.generator") { $0.phases["generator"]!.optimizer = .sgd(momentum: 1.5) },
        Wrong("phases.generator.schedule") { $0.phases["generator"]!.schedule.warmUp = -1 },
    ]

    @Test("impossible settings are refused, naming the key", arguments: wrong)
    func refused(_ example: Wrong) {
        let error = #expect(throws: SettingsError.self) { try example.settings.validate() }
        #expect(error?.key == example.key)
        #expect(error?.description.hasPrefix("\(example.key): ") == true)
    }

    @Test("an epoch's last minibatch holds what is left")
    func minibatches() {
        let settings = smallSettings(minibatch: 5, trainingImages: 13)
        #expect(settings.epochs.steps == 3)
        #expect((0..<6).map { settings.minibatchSize(ofStep: $0) } == [5, 5, 3, 5, 5, 3])
        #expect((0..<6).map { settings.epoch(ofStep: $0) } == [1, 1, 1, 2, 2, 2])
    }

    @Test(
        "initial parameters: biases 0, weights of the wanted deviation, other tensors other numbers",
        arguments: [
            (Initialisation.normal, 0.01), (.he, 0.1),
        ])
    func initialisation(_ kind: Initialisation, std: Double) throws {
        var settings = smallSettings(hidden: [200, 200], pixels: 200)
        settings.model.initialisation = kind
        let tensors = try Replica(settings).state()
        func values(_ name: String) -> [Float] {
            guard case .f32(let values)? = tensors.first(where: { $0.name == name })?.values else { return [] }
            return values.array
        }
        #expect(values("encoder.1.bias").allSatisfy { $0 == 0 })
        let weight = values("encoder.1.weight")
        let found = (weight.reduce(0) { $0 + Double($1) * Double($1) } / Double(weight.count)).squareRoot()
        #expect(abs(found - std) < 0.02 * std)
        #expect(values("encoder.1.weight") != values("decoder.1.weight"))
        #expect(values("encoder.1.weight") != values("encoder.0.weight"))
    }
}
