import Autoencoder
import Kernels
import Layers

/// One model with everything that decides its bits, and how many steps it is trained: what every arrangement must agree on.
package struct RandomSetting: CustomStringConvertible {
    package var training: TrainingSettings
    package var steps: UInt64

    /// Number `number` of the sequence that `seed` begins: a setting is found again by these two alone.
    package init(seed: UInt64, number: Int) {
        var random = SplitMix(seed: seed, number: number)
        let variant = Variant.allCases.randomElement(using: &random)!
        let code = variant == .labelInformed ? 2 : Int.random(in: 1...20, using: &random)
        let parts = Self.parts(variant, &random)
        let minibatch =
            Bool.random(using: &random) ? Int.random(in: 1...300, using: &random) : Int.random(in: 1...40, using: &random)
        let shards = Int.random(in: 1...16, using: &random)
        let output = Output.allCases.randomElement(using: &random)!
        func hidden() -> [Int] { (0..<Int.random(in: 1...3, using: &random)).map { _ in Self.width(&random) } }
        func phase() -> PhaseSettings {
            // Small steps: values that overflow to infinity are equal everywhere and show little.
            let rate = [0.0003, 0.003, 0.03].randomElement(using: &random)!
            let optimizer: OptimizerSettings =
                Bool.random(using: &random) ? .sgd(momentum: 0.5) : .adam(beta1: 0.9, beta2: 0.999, epsilon: 1e-8)
            return PhaseSettings(optimizer: optimizer, rate: rate, schedule: Schedule())
        }
        let full = ExactSum.fullBits(shards: shards)
        training = TrainingSettings(
            variant: variant,
            model: ModelSettings(
                encoder: hidden(), decoder: hidden(), discriminator: hidden(), code: code, output: output,
                initialisation: Bool.random(using: &random) ? .he : .normal),
            cost: output == .linear ? .halfSquaredError : Cost.allCases.randomElement(using: &random)!,
            prior: Self.prior(variant, code: code, &random), inputNoise: Bool.random(using: &random) ? 0 : 0.3, parts: parts,
            phases: Dictionary(uniqueKeysWithValues: variant.phaseNames(parts).map { ($0, phase()) }),
            average: Bool.random(using: &random) ? 0 : 0.9,
            gradientBits: [full, 24, 16, 12, 8].filter { $0 <= full }.randomElement(using: &random)!, minibatch: minibatch,
            shards: shards, seed: random.next(),
            pixels: [784, 784, Int.random(in: 1...1000, using: &random)].randomElement(using: &random)!,
            // An epoch of one whole minibatch and a short one, in which shards may be empty.
            trainingImages: minibatch + Int.random(in: 0..<minibatch, using: &random))
        steps = 3
        // The last minibatch of an epoch may have only one row, or a shard may have none.
        do { try training.validate() } catch { training.parts.norm = NormSettings() }
        let arithmetics = [Arithmetic(.openblas), .portable, Arithmetic(.portable, .bf16)]
        let arithmetic = arithmetics.randomElement(using: &random)!
        (training.engine, training.precision) = (arithmetic.engine, arithmetic.precision)
    }

    /// Something in the way of training, in every second model.
    private static func parts(_ variant: Variant, _ random: inout SplitMix) -> PartSettings {
        var parts = variant.usualParts
        if parts.labels != nil { parts.labels = LabelSettings(minibatch: Int.random(in: 1...60, using: &random)) }
        guard Bool.random(using: &random) else { return parts }
        func norm() -> NormKind { NormKind.allCases.randomElement(using: &random)! }
        parts.norm = NormSettings(encoder: norm(), heads: norm(), decoder: norm())
        parts.dropout = DropoutSettings(
            input: [0, 0.2].randomElement(using: &random)!, hidden: [0, 0.3].randomElement(using: &random)!)
        parts.discriminatorNoise = [0, 0.1].randomElement(using: &random)!
        if variant != .vae {
            parts.posterior = [.deterministic, .gaussian, .universal(width: 5, std: 1)].randomElement(using: &random)!
        }
        return parts
    }

    package init(_ training: TrainingSettings, steps: UInt64) {
        self.training = training
        self.steps = steps
    }

    /// 1…1000, every order of magnitude equally often; a quarter of them round, as people choose them.
    private static func width(_ random: inout SplitMix) -> Int {
        if Int.random(in: 0..<4, using: &random) == 0 {
            return [10, 16, 32, 50, 64, 100, 128, 200, 256, 400, 500, 1000].randomElement(using: &random)!
        }
        let decade = [1, 10, 100].randomElement(using: &random)!
        return Int.random(in: decade...10 * decade, using: &random)
    }

    private static func prior(_ variant: Variant, code: Int, _ random: inout SplitMix) -> PriorSettings {
        if variant == .vae { return .gaussian(std: [1, 5].randomElement(using: &random)!) }
        let own = try! CodeSamples((0..<7 * code).map { Float($0 % 5) - 2 }, dimensions: code)
        let anywhere: [PriorSettings] = [
            .gaussian(std: 1), .gaussian(std: 5), .uniform(low: -2, high: 2), .samples(file: "samples.npy").with(own),
        ]
        let plane: [PriorSettings] = [
            .mixture(components: 10, radial: 0.5, tangential: 0.1, distance: 4), .swissRoll(thickness: 0.1),
        ]
        if variant == .labelInformed { return plane.randomElement(using: &random)! }
        return (code == 2 ? anywhere + plane : anywhere).randomElement(using: &random)!
    }

    /// A step's images, a pure function of (seed, step), a third of the pixels black as in pictures.
    package func images(step: UInt64) -> [Stream: [ShardImages]] {
        var streams: [Stream: [ShardImages]] = [:]
        for stream in Stream.allCases {
            let rows = training.minibatchSize(of: stream, ofStep: step)
            guard rows > 0 else { continue }
            var random = SplitMix(seed: training.seed ^ step ^ UInt64(stream.rawValue) << 32)
            let bytes = (0..<rows * training.pixels).map { _ in
                let word = random.next()
                return word % 3 == 0 ? 0 : UInt8(truncatingIfNeeded: word >> 32)
            }
            let labels = (0..<rows).map { _ in UInt8(random.next() % UInt64(training.model.classes)) }
            streams[stream] = ShardGeometry.cut(images: bytes, labels: labels, pixels: training.pixels, shards: training.shards)
        }
        return streams
    }

    package var description: String {
        let model = training.model
        let phases = training.phaseNames.map { "\($0) \(training.phases[$0]!.optimizer) at \(training.phases[$0]!.rate)" }
        return
            "\(training.engine) in \(training.precision), \(training.variant) with \(training.parts), pixels \(training.pixels), encoder \(model.encoder), code \(model.code), decoder \(model.decoder), "
            + "discriminator \(model.discriminator), \(model.output) \(training.cost), \(model.initialisation), "
            + "\(training.prior), noise \(training.inputNoise), average \(training.average), bits \(training.gradientBits), "
            + "minibatch \(training.minibatch) of \(training.trainingImages), shards \(training.shards), \(phases), \(steps) steps"
    }
}

extension RandomSetting {
    /// The smallest description of a model: the rest as recipes have it.
    package static func fixed(
        encoder: [Int], decoder: [Int], discriminator: [Int], code: Int = 8, minibatch: Int = 100, shards: Int = 4,
        trainingImages: Int = 2000, steps: UInt64 = 3
    ) -> RandomSetting {
        let phase = PhaseSettings(optimizer: .sgd(momentum: 0.9), rate: 0.01, schedule: Schedule())
        return RandomSetting(
            TrainingSettings(
                model: ModelSettings(
                    encoder: encoder, decoder: decoder, discriminator: discriminator, code: code, output: .sigmoid,
                    initialisation: .he),
                cost: .halfSquaredError, prior: .gaussian(std: 1), inputNoise: 0,
                phases: ["reconstruction": phase, "discriminator": phase, "generator": phase], average: 0,
                gradientBits: ExactSum.fullBits(shards: shards), minibatch: minibatch, shards: shards, seed: 0, pixels: 784,
                trainingImages: trainingImages),
            steps: steps)
    }
}
