import Autoencoder
import Kernels
import Layers

/// Small settings of a variant with all its phases; He initialisation, so that gradients are not tiny.
func smallSettings(
    _ variant: Variant = .basic, hidden: [Int] = [17, 3], code: Int = 2, pixels: Int = 12, minibatch: Int = 5, shards: Int = 3,
    trainingImages: Int = 13, cost: Cost = .halfSquaredError, output: Output = .sigmoid,
    prior: PriorSettings? = nil, noise: Double = 0, average: Double = 0, bits: Int? = nil,
    optimizer: OptimizerSettings = .sgd(momentum: 0.5), rate: Double = 0.05, parts change: (inout PartSettings) -> Void = { _ in }
) -> TrainingSettings {
    let phase = PhaseSettings(optimizer: optimizer, rate: rate, schedule: Schedule())
    var parts = variant.usualParts
    if parts.labels != nil { parts.labels = LabelSettings(minibatch: 7) }
    change(&parts)
    let usual: PriorSettings =
        variant == .labelInformed ? .mixture(components: 4, radial: 0.5, tangential: 0.1, distance: 1.4) : .gaussian(std: 1)
    return TrainingSettings(
        variant: variant,
        model: ModelSettings(
            encoder: hidden, decoder: hidden.reversed(), discriminator: hidden, code: code, output: output,
            initialisation: .he, classes: 4, clusters: 5),
        cost: cost, prior: prior ?? usual, inputNoise: noise, parts: parts,
        phases: Dictionary(uniqueKeysWithValues: variant.phaseNames(parts).map { ($0, phase) }), average: average,
        gradientBits: bits ?? ExactSum.fullBits(shards: shards), minibatch: minibatch, shards: shards, seed: 42,
        pixels: pixels, trainingImages: trainingImages)
}

/// Settings of a variant, some with further parts, under the name that a test prints.
struct VariantCase: Sendable, CustomStringConvertible {
    let description: String
    let settings: TrainingSettings

    private init(_ name: String, _ settings: TrainingSettings) {
        description = name
        self.settings = settings
    }

    /// Every variant, and every part in some of them.
    static let all: [VariantCase] =
        Variant.allCases.map { VariantCase($0.rawValue, smallSettings($0)) } + [
            VariantCase("basic, Gaussian posterior", smallSettings { $0.posterior = .gaussian }),
            VariantCase("basic, universal approximator", smallSettings { $0.posterior = .universal(width: 3, std: 0.5) }),
            VariantCase(
                "vae, mixture",
                smallSettings(.vae, prior: .mixture(components: 3, radial: 0.7, tangential: 0.5, distance: 1.4))),
            VariantCase(
                "clustering, batch norm everywhere",
                smallSettings(.clustering) { $0.norm = NormSettings(encoder: .batch, heads: .batch, decoder: .batch) }),
            VariantCase(
                "semi-supervised, batch norm, dropout and noises",
                smallSettings(.semiSupervised, noise: 0.3, average: 0.9) {
                    $0.norm = NormSettings(encoder: .batch, heads: .batch)
                    $0.dropout = DropoutSettings(input: 0.2, hidden: 0.2)
                    $0.discriminatorNoise = 0.1
                    $0.posterior = .gaussian
                }),
            VariantCase(
                "semi-supervised, shard norm",
                smallSettings(.semiSupervised, minibatch: 8, shards: 2) { $0.norm = NormSettings(encoder: .shard, heads: .shard) }),
            VariantCase("reduction, no labels", smallSettings(.reduction)),
            VariantCase("reduction, labels", smallSettings(.reduction) { $0.labels = LabelSettings(count: 8, minibatch: 4) }),
            VariantCase(
                "label-informed, roll, noise", smallSettings(.labelInformed, prior: .swissRoll(thickness: 0.1), noise: 0.2)),
        ]
}

/// The minibatches of a step, cut into shards. Grey levels come from a counter and are always the same; in the stream `images` one
/// image in three has no label.
func images(_ settings: TrainingSettings, step: UInt64) -> [Stream: [ShardImages]] {
    var streams: [Stream: [ShardImages]] = [:]
    for (stream, seed) in [(Stream.images, 3), (.labelled, 5)] as [(Stream, UInt64)] {
        let rows = settings.minibatchSize(of: stream, ofStep: step)
        guard rows > 0 else { continue }
        let source = RandomSource(seed: seed, purpose: .spare, step: step)
        var bytes: [UInt8] = []
        for row in 0..<rows {
            for pixel in 0..<settings.pixels {
                bytes.append(UInt8(truncatingIfNeeded: source.word(row: UInt32(row), element: pixel)))
            }
        }
        let labels = (0..<rows).map { stream == .images && $0 % 3 == 2 ? UInt8.max : UInt8($0 % settings.model.classes) }
        streams[stream] = ShardGeometry.cut(images: bytes, labels: labels, pixels: settings.pixels, shards: settings.shards)
    }
    return streams
}

/// Trains some steps, from the trainer's current step on.
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
