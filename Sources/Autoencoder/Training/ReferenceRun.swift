import Kernels
import Layers

/// A short run of a small model on generated images, with a known digest. A machine that arrives at this digest trains the same bits as every other
/// one.
public struct ReferenceRun: Sendable {
    public let precision: Precision
    /// SHA-256 of its parameters after the last step, 64 hexadecimal digits.
    public let digest: String

    /// The runs there are; each takes some milliseconds.
    public static let all = [
        ReferenceRun(precision: .fp32, digest: "7e959192447a6392c9da0f8f6f2fe1c698ba44275c9891f7c729d19dc6733c28"),
        ReferenceRun(precision: .bf16, digest: "f2463923b725e1f4d7301bf98d61f4fc45530ec5f061e0be3a843e51502ee0f8"),
    ]

    private static let steps: UInt64 = 5

    /// The digest that this machine comes to.
    ///
    /// - Throws: `MemoryShortage`.
    public func digestHere() throws -> String {
        let trainer = try LocalTrainer(settings, threads: 1)
        for step in 0..<Self.steps { try trainer.step([.images: Self.images(step, settings)]) }
        return hexDigits(trainer.replica.digest(full: false))
    }

    /// Whether this machine comes to it.
    public func holdsHere() throws -> Bool { try digestHere() == digest }

    /// Layers with partial tiles in every direction, a short last minibatch, and every kind of draw that the basic model has.
    private var settings: TrainingSettings {
        let schedule = Schedule(kind: .constant)
        func phase(_ rate: Double) -> PhaseSettings {
            PhaseSettings(optimizer: .sgd(momentum: 0.9), rate: rate, schedule: schedule)
        }
        return TrainingSettings(
            model: ModelSettings(
                encoder: [37, 21], decoder: [21, 37], discriminator: [19], code: 3, output: .sigmoid, initialisation: .he),
            cost: .crossEntropy, prior: .gaussian(std: 5), inputNoise: 0.3,
            phases: [
                PhaseNames.reconstruction: phase(0.002), PhaseNames.discriminator: phase(0.002), PhaseNames.generator: phase(0.002),
            ],
            average: 0, gradientBits: ExactSum.fullBits(shards: 4), minibatch: 30, shards: 4, seed: 20_151_118, pixels: 145,
            trainingImages: 70, engine: .portable, precision: precision)
    }

    private static func images(_ step: UInt64, _ settings: TrainingSettings) -> [ShardImages] {
        let rows = settings.minibatchSize(ofStep: step)
        let source = RandomSource(seed: 0, purpose: .probe, step: step)
        let bytes = (0..<rows).flatMap { row in
            (0..<settings.pixels).map { UInt8(truncatingIfNeeded: source.word(row: UInt32(row), element: $0)) }
        }
        return ShardGeometry.cut(
            images: bytes, labels: [UInt8](repeating: 0, count: rows), pixels: settings.pixels, shards: settings.shards)
    }
}
