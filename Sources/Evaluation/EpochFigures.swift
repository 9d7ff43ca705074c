import Autoencoder
import Kernels

/// What an epoch's evaluation found on held-out images, each with its name in metrics.jsonl (deploy/metrics.md). What a variant does not
/// have is nil.
public struct EpochFigures: Sendable, Equatable {
    /// `reconstruction`, and the same error in other units; nil where no image is encoded.
    public var reconstruction: ReconstructionError?
    /// Codes beside the prior; nil where no image is encoded.
    public var match: PriorMatch?
    /// `samples`: only for a model that has no codes.
    public var samples: SampledImages?
    /// Also under `samples`: how well samples represent held-out images; nil where these are few.
    public var sampleMatch: SampleMatch?
    /// What the label head says, taught by labels or not.
    public var labels: LabelCounts?
    /// Whether it was taught: `classification`, otherwise `clustering`.
    public var isTaught = false
    /// `nearest_component`.
    public var nearestComponent: NearestComponent?
    /// `elbo`.
    public var lowerBound: LowerBound?
    /// Whether an adversary makes codes follow the prior.
    public var hasAdversary = true

    /// Whether there are enough codes for a meaningful energy distance: between a few samples of one distribution it is far from 0.
    public var tellsEnergy: Bool { match.map { $0.holes.codes >= Self.fewestForEnergy } ?? false }

    private static let fewestForEnergy = 20

    public init() {}
}

/// Codes beside the prior that they are to follow.
public struct PriorMatch: Sendable, Equatable {
    /// `code.mean`, `code.std`.
    public let code: CodeStatistics
    /// The prior's own, of as many samples as the energy distance takes.
    public let prior: CodeStatistics
    /// `holes` is its share.
    public let holes: Holes
    /// `holes_zero`: the share that equally many samples of the prior have; 0 where there are thousands, large where there
    /// are few.
    public let holesZero: Double
    /// `energy_distance`: codes against the prior.
    public let energyDistance: Double
    /// `energy_zero`: as many samples of the prior against the prior.
    public let energyZero: Double
}

/// A lower bound on the log-likelihood of an image, mean over the images, in nats.
///
/// Where the cost is half the squared error, the likelihood is the Gaussian of deviation 1 about the decoder's image, without its constant.
public struct LowerBound: Sendable, Equatable {
    public let reconstruction: Double
    public let entropy: Double
    public let crossEntropy: Double
    public let cost: Cost

    public var total: Double { entropy - crossEntropy - reconstruction }

    public init(reconstruction: Double, entropy: Double, crossEntropy: Double, cost: Cost) {
        self.reconstruction = reconstruction
        self.entropy = entropy
        self.crossEntropy = crossEntropy
        self.cost = cost
    }

    /// The means; nil without images.
    init?(_ sums: LowerBoundSums, cost: Cost) {
        guard sums.images > 0 else { return nil }
        let count = Double(sums.images)
        self.init(
            reconstruction: sums.reconstruction / count, entropy: sums.entropy / count,
            crossEntropy: sums.crossEntropy / count, cost: cost)
    }
}

/// Generated images by themselves.
public struct SampledImages: Sendable, Equatable {
    /// Over all pixels of all samples; the deviation is about this one mean.
    public let mean: Double
    public let std: Double
    /// How far samples are from their mean image: the root of a pixel's variance, mean over the pixels.
    public let spread: Double

    /// Figures of images, one a row, values 0 to 1; NaN where there are none.
    public init(_ images: Matrix) {
        let statistics = CodeStatistics(images)
        mean = statistics.mean
        std = statistics.std
        let variances = statistics.stdByDimension.map { $0 * $0 }
        spread = (variances.reduce(0, +) / Double(variances.count)).squareRoot()
    }
}

/// An epoch's figures, with the data that the pictures need.
public struct EpochEvaluation: Sendable {
    public let figures: EpochFigures
    /// Held-out codes, one a row, in the order of the images; nil where no image is encoded.
    public let codes: Matrix?
    /// Where they lie among the cluster heads; nil where there are none.
    public let representations: Matrix?
}
