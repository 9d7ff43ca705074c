import Autoencoder
import Crypto
import Datasets
import Kernels
import Layers

/// How many bits a shard's gradient keeps (`gradient_bits`).
public enum GradientBits: Sendable, Hashable {
    /// As many as the exact sum of the run's shards has room for.
    case full
    case bits(Int)

    /// The number of bits.
    public func resolved(shards: Int) -> Int {
        switch self {
        case .full: ExactSum.fullBits(shards: shards)
        case .bits(let bits): bits
        }
    }
}

/// The whole recipe of a run: every setting, with its default. Read, checked and written by the other files of this folder.
public struct Configuration: Sendable, Equatable {
    public var name: String
    public var data: DataSettings
    /// Rows of the global minibatch, whatever the workers.
    public var minibatch: Int
    /// Shards that define the arithmetic, for the life of the run.
    public var shards: Int
    public var epochs: Int
    /// Ends the run after so many steps; 0 = by epochs.
    public var steps: Int
    public var seed: UInt64
    /// Compute threads of a worker; not part of the run's identity.
    public var threads: Int
    public var variant: Variant
    public var model: ModelSettings
    public var cost: Cost
    public var prior: PriorSettings
    public var parts: PartSettings
    /// By name; exactly those of `phaseNames`.
    public var phases: [String: PhaseSettings]
    /// Decay a step of the averaged weights; 0 = none.
    public var average: Double
    public var gradientBits: GradientBits
    /// Who computes the products.
    public var engine: ProductEngine
    /// Of the products' operands while it trains.
    public var precision: Precision
    /// "auto" or a kernel family. A run's own `config.yaml` has the family that "auto" turned out to be.
    public var kernel: String
    public var checkpoint: CheckpointSettings
    public var evaluate: EvaluateSettings
    public var figures: FigureSettings

    /// The phases of a step, in order.
    public var phaseNames: [String] { variant.phaseNames(parts) }

    /// Standard deviation of the noise on the encoder's input, training only (`noise.input`), one of the parts.
    public var inputNoise: Double {
        get { parts.inputNoise }
        set { parts.inputNoise = newValue }
    }

    /// Every default of a variant.
    public init(variant: Variant = .basic) {
        name = "quickstart"
        data = DataSettings()
        minibatch = 100
        shards = Self.defaultShards(minibatch: 100)
        epochs = 6
        steps = 0
        seed = 0
        threads = 1
        self.variant = variant
        model = ModelSettings(
            encoder: [1000, 1000], decoder: [1000, 1000], discriminator: [1000, 1000], code: 2, output: .sigmoid,
            initialisation: .normal)
        cost = variant.usualCost
        prior = .gaussian(std: 5)
        parts = variant.usualParts
        phases = Dictionary(uniqueKeysWithValues: variant.phaseNames(parts).map { ($0, Self.defaultPhase($0)) })
        average = 0
        gradientBits = .full
        engine = .portable
        precision = .fp32
        kernel = "auto"
        checkpoint = CheckpointSettings()
        evaluate = EvaluateSettings()
        figures = FigureSettings()
    }

    /// Most compute threads of a worker.
    public static var mostThreads: Int { ConfigurationLimits.threads }

    /// Most shards of a minibatch.
    public static var mostShards: Int { ConfigurationLimits.shards }

    /// Four shards up to a minibatch of 128, else twelve, which 1, 2, 3, 4, 6 and 12 workers share evenly.
    public static func defaultShards(minibatch: Int) -> Int {
        minibatch <= 128 ? 4 : 12
    }

    /// The paper's rates and momenta (its semi-supervised section).
    static func defaultPhase(_ name: String) -> PhaseSettings {
        let isAdversarial = ["discriminator", "generator"].contains(name)
        return PhaseSettings(
            optimizer: .sgd(momentum: isAdversarial ? 0.1 : 0.9), rate: name == "reconstruction" ? 0.01 : 0.1,
            schedule: Schedule(kind: .steps(at: [50, 1000], factor: 0.1)))
    }

    /// What the learning stratum needs, bits resolved.
    ///
    /// - Parameters:
    ///   - pixels: values of one image.
    ///   - trainingImages: images of one epoch, as the data set has them.
    ///   - standardisation: of the training images, where `data.standardise` asks for one.
    public func training(pixels: Int, trainingImages: Int, standardisation: Standardisation? = nil) -> TrainingSettings {
        TrainingSettings(
            variant: variant, model: model, cost: cost, prior: prior, parts: parts,
            phases: phases, average: average,
            gradientBits: gradientBits.resolved(shards: shards), minibatch: minibatch, shards: shards, seed: seed, pixels: pixels,
            trainingImages: trainingImages, standardisation: standardisation, engine: engine, precision: precision)
    }

    /// What the learning stratum needs, on this data.
    public func training(on data: DataSet) -> TrainingSettings {
        training(pixels: data.train.pixels, trainingImages: data.train.count, standardisation: data.standardisation)
    }

    /// Which steps make an epoch.
    public func epochs(trainingImages: Int) -> Epochs { Epochs(images: trainingImages, minibatch: minibatch) }

    /// Steps done when the run ends.
    public func lastStep(trainingImages: Int) -> UInt64 {
        let byEpochs = epochs.multipliedReportingOverflow(by: epochs(trainingImages: trainingImages).steps)
        return min(UInt64(steps > 0 ? steps : byEpochs.overflow ? .max : byEpochs.partialValue), Plausible.count)
    }
}
