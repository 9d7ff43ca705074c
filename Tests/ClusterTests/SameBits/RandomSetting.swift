import Autoencoder
import Kernels
import Layers

/// One model with everything that decides its bits, and how many steps it is trained: what every arrangement must agree on.
struct RandomSetting: CustomStringConvertible {
    var training: TrainingSettings
    var steps: UInt64

    /// Number `number` of the sequence that `seed` begins: a setting is found again by these two alone.
    init(seed: UInt64, number: Int) {
        var random = SplitMix(seed: seed, number: number)
        let code = Int.random(in: 1...20, using: &random)
        let minibatch =
            Bool.random(using: &random) ? Int.random(in: 1...300, using: &random) : Int.random(in: 1...40, using: &random)
        let shards = Int.random(in: 1...16, using: &random)
        let output = Output.allCases.randomElement(using: &random)!
        func hidden() -> [Int] { (0..<Int.random(in: 1...3, using: &random)).map { _ in Self.width(&random) } }
        func phase() -> PhaseSettings {
            // Small steps: what overflows to infinity is equal everywhere, and says little.
            let rate = [0.0003, 0.003, 0.03].randomElement(using: &random)!
            let optimizer: OptimizerSettings =
                Bool.random(using: &random) ? .sgd(momentum: 0.5) : .adam(beta1: 0.9, beta2: 0.999, epsilon: 1e-8)
            return PhaseSettings(optimizer: optimizer, rate: rate, schedule: Schedule())
        }
        let full = ExactSum.fullBits(shards: shards)
        training = TrainingSettings(
            model: ModelSettings(
                encoder: hidden(), decoder: hidden(), discriminator: hidden(), code: code, output: output,
                initialisation: Bool.random(using: &random) ? .he : .normal),
            cost: output == .linear ? .halfSquaredError : Cost.allCases.randomElement(using: &random)!,
            prior: Self.prior(code: code, &random), inputNoise: Bool.random(using: &random) ? 0 : 0.3,
            phases: ["reconstruction": phase(), "discriminator": phase(), "generator": phase()],
            average: Bool.random(using: &random) ? 0 : 0.9,
            gradientBits: [full, 24, 16].filter { $0 <= full }.randomElement(using: &random)!, minibatch: minibatch,
            shards: shards, seed: random.next(),
            pixels: [784, 784, Int.random(in: 1...1000, using: &random)].randomElement(using: &random)!,
            // An epoch of one whole minibatch and a short one, in which shards may be empty.
            trainingImages: minibatch + Int.random(in: 0..<minibatch, using: &random))
        steps = 3
    }

    init(_ training: TrainingSettings, steps: UInt64) {
        self.training = training
        self.steps = steps
    }

    /// 1…1000, every order of magnitude as often; a quarter of them round, as people choose them.
    private static func width(_ random: inout SplitMix) -> Int {
        if Int.random(in: 0..<4, using: &random) == 0 {
            return [10, 16, 32, 50, 64, 100, 128, 200, 256, 400, 500, 1000].randomElement(using: &random)!
        }
        let decade = [1, 10, 100].randomElement(using: &random)!
        return Int.random(in: decade...10 * decade, using: &random)
    }

    private static func prior(code: Int, _ random: inout SplitMix) -> PriorSettings {
        let anywhere: [PriorSettings] = [.gaussian(std: 1), .gaussian(std: 5), .uniform(low: -2, high: 2)]
        let plane: [PriorSettings] = [
            .mixture(components: 10, radial: 0.5, tangential: 0.1, distance: 4), .swissRoll(thickness: 0.1),
        ]
        return (code == 2 ? anywhere + plane : anywhere).randomElement(using: &random)!
    }

    /// A step's images, a pure function of (seed, step), a third of the pixels black as in pictures.
    func images(step: UInt64) -> [ShardImages] {
        let rows = training.minibatchSize(ofStep: step)
        var random = SplitMix(seed: training.seed ^ step)
        let bytes = (0..<rows * training.pixels).map { _ in
            let word = random.next()
            return word % 3 == 0 ? 0 : UInt8(truncatingIfNeeded: word >> 32)
        }
        return ShardGeometry.cut(
            images: bytes, labels: [UInt8](repeating: 0, count: rows), pixels: training.pixels, shards: training.shards)
    }

    var description: String {
        let model = training.model
        let phases = training.phaseNames.map { "\($0) \(training.phases[$0]!.optimizer) at \(training.phases[$0]!.rate)" }
        return "pixels \(training.pixels), encoder \(model.encoder), code \(model.code), decoder \(model.decoder), "
            + "discriminator \(model.discriminator), \(model.output) \(training.cost), \(model.initialisation), "
            + "\(training.prior), noise \(training.inputNoise), average \(training.average), bits \(training.gradientBits), "
            + "minibatch \(training.minibatch) of \(training.trainingImages), shards \(training.shards), \(phases), \(steps) steps"
    }
}

extension RandomSetting {
    /// The smallest description of a model: the rest as recipes have it.
    static func fixed(
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
