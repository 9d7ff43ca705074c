import Autoencoder
import Kernels
import Layers

/// Small settings with the basic model's three phases; He initialisation, so that gradients are not tiny.
func smallSettings(
    hidden: [Int] = [17, 3], code: Int = 2, pixels: Int = 12, minibatch: Int = 5, shards: Int = 3,
    trainingImages: Int = 13, cost: Cost = .halfSquaredError, output: Output = .sigmoid,
    prior: PriorSettings = .gaussian(std: 1), noise: Double = 0, average: Double = 0, bits: Int? = nil,
    optimizer: OptimizerSettings = .sgd(momentum: 0.5), rate: Double = 0.05
) -> TrainingSettings {
    let phase = PhaseSettings(optimizer: optimizer, rate: rate, schedule: Schedule())
    return TrainingSettings(
        model: ModelSettings(
            encoder: hidden, decoder: hidden.reversed(), discriminator: hidden, code: code, output: output,
            initialisation: .he),
        cost: cost, prior: prior, inputNoise: noise,
        phases: ["reconstruction": phase, "discriminator": phase, "generator": phase], average: average,
        gradientBits: bits ?? ExactSum.fullBits(shards: shards), minibatch: minibatch, shards: shards, seed: 42,
        pixels: pixels, trainingImages: trainingImages)
}

/// Some minibatch of a step, cut into shards: grey levels from a counter, always the same.
func images(_ settings: TrainingSettings, step: UInt64) -> [ShardImages] {
    let rows = settings.minibatchSize(ofStep: step)
    let source = RandomSource(seed: 3, purpose: .spare, step: step)
    var bytes: [UInt8] = []
    for row in 0..<rows {
        for pixel in 0..<settings.pixels {
            bytes.append(UInt8(truncatingIfNeeded: source.word(row: UInt32(row), element: pixel)))
        }
    }
    return ShardGeometry.cut(
        images: bytes, labels: (0..<rows).map { UInt8($0 % 10) }, pixels: settings.pixels, shards: settings.shards)
}

/// Trains some steps from wherever the trainer stands.
@discardableResult
func train(_ trainer: LocalTrainer, steps: Int) throws -> [StepFigures] {
    try (0..<steps).map { _ in try trainer.step(images(trainer.replica.settings, step: trainer.replica.step)) }
}

extension ReplayCapture {
    func floats(_ name: String) -> [Float] {
        guard case .f32(let values)? = tensors.first(where: { $0.name == name })?.values else { return [] }
        return values.array
    }

    func double(_ name: String) -> Double {
        guard case .f64(let values)? = tensors.first(where: { $0.name == name })?.values else { return .nan }
        return values[0]
    }

    func bytes(_ name: String) -> [UInt8] {
        guard case .u8(let values)? = tensors.first(where: { $0.name == name })?.values else { return [] }
        return values.array
    }
}
