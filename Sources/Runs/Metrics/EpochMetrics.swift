import Autoencoder
import Evaluation

/// What `metrics.jsonl` says of one epoch: figures of the validation images. What a variant has not is nil.
public struct EpochMetrics: Sendable, Equatable {
    /// From 1.
    public var epoch: Int
    /// Half the squared error of an image, mean over the validation images.
    public var reconstruction: Double?
    public var code: CodeFigures?
    /// Share of the prior's cells with fewer than a fifth of the codes that they should have.
    public var holes: Double?
    /// The same of as many samples of the prior.
    public var holesZero: Double?
    /// Between codes and prior samples, 2,000 of each; nil where there are too few held-out images.
    public var energyDistance: Double?
    /// The same between two lots of prior samples.
    public var energyZero: Double?
    /// Values of generated images, where no image is encoded.
    public var samples: CodeFigures?
    /// How well they stand for held-out images.
    public var sampleMatch: SampleMatch?
    /// The share of images that the label head gives another class.
    public var classificationError: Double?
    public var clustering: Clustering?
    public var nearestComponent: NearestComponent?
    public var lowerBound: LowerBound?

    /// How well clusters agree with classes.
    public struct Clustering: Sendable, Equatable {
        /// Error where each cluster has the class of most of its images; nil where the images have no classes.
        public var majority: Double?
        /// Clusters without an image.
        public var empty: Int
        /// Of the mean of the softmax over the images, in nats.
        public var entropy: Double

        public init(majority: Double?, empty: Int, entropy: Double) {
            self.majority = majority
            self.empty = empty
            self.entropy = entropy
        }
    }

    public init(
        epoch: Int, reconstruction: Double? = nil, code: CodeFigures? = nil, holes: Double? = nil, holesZero: Double? = nil,
        energyDistance: Double? = nil, energyZero: Double? = nil
    ) {
        self.epoch = epoch
        self.reconstruction = reconstruction
        self.code = code
        self.holes = holes
        self.holesZero = holesZero
        self.energyDistance = energyDistance
        self.energyZero = energyZero
    }
}

extension EpochFigures {
    /// As a line of metrics.jsonl.
    public func metrics(epoch: Int) -> EpochMetrics {
        // A single cell, as samples that coincide have, tells nothing.
        let hasCells = match.map { $0.holes.cells > 1 } ?? false
        var metrics = EpochMetrics(
            epoch: epoch, reconstruction: reconstruction?.halfSquared,
            code: match.map { CodeFigures(mean: $0.code.mean, std: $0.code.std) }, holes: hasCells ? match?.holes.share : nil,
            holesZero: hasCells ? match?.holesZero : nil, energyDistance: tellsEnergy ? match?.energyDistance : nil,
            energyZero: tellsEnergy ? match?.energyZero : nil)
        metrics.samples = samples.map { CodeFigures(mean: $0.mean, std: $0.std) }
        metrics.sampleMatch = sampleMatch
        metrics.nearestComponent = nearestComponent
        metrics.lowerBound = lowerBound
        guard let labels else { return metrics }
        if isTaught {
            metrics.classificationError = labels.error
        } else {
            metrics.clustering = EpochMetrics.Clustering(
                majority: labels.majorityError, empty: labels.empty, entropy: labels.entropy)
        }
        return metrics
    }
}

extension EpochMetrics {
    /// What the figures are of: a model that makes samples alone encodes no image.
    public var subject: String { samples == nil ? "held-out images" : "samples of the prior" }

    /// The figures in one line: the variant's own first, then what all have in common.
    public var words: String { (ownWords + commonWords).joined(separator: ", ") }

    /// The variant's own figure in a few words; nil where it has none.
    public var headline: String? {
        func percent(_ name: String, _ share: Double?) -> String? {
            share.map { "\(HeldOutNames.words(of: name)) \(NumberText.percent($0))" }
        }
        return percent("classification.error", classificationError) ?? percent("clustering.majority", clustering?.majority)
            ?? percent("nearest_component.error", nearestComponent?.error)
            ?? lowerBound.map { "\(HeldOutNames.words(of: "elbo.nats")) \(NumberText.rounded($0.total))" }
            ?? percent("samples.explained", sampleMatch?.explained)
    }

    /// The one figure that a run is judged by beside others.
    public struct MainFigure: Sendable, Equatable {
        /// As `metrics.jsonl` has it: "classification.error".
        public let name: String
        public let value: Double
        /// Name and value for a person.
        public let words: String
    }

    /// The variant's own figure, else how far the codes are from the prior, else the error of reconstructions, else a figure of generated images.
    public var mainFigure: MainFigure? {
        func figure(_ name: String, _ value: Double?) -> MainFigure? {
            value.map {
                MainFigure(name: name, value: $0, words: headline ?? "\(HeldOutNames.words(of: name)) \(NumberText.rounded($0))")
            }
        }
        return figure("classification.error", classificationError) ?? figure("clustering.majority", clustering?.majority)
            ?? figure("nearest_component.error", nearestComponent?.error) ?? figure("elbo.nats", lowerBound?.total)
            ?? figure("energy_distance", energyDistance) ?? figure("reconstruction", reconstruction)
            ?? figure("samples.explained", sampleMatch?.explained) ?? figure("samples.std", samples?.std)
    }

    private var ownWords: [String] {
        var parts: [String] = []
        func add(_ name: String, _ value: String) { parts.append("\(HeldOutNames.words(of: name)) \(value)") }
        if let classificationError { add("classification.error", NumberText.percent(classificationError)) }
        if let clustering {
            if let majority = clustering.majority { add("clustering.majority", NumberText.percent(majority)) }
            add("clustering.empty", "\(clustering.empty)")
            add("clustering.entropy", "\(NumberText.rounded(clustering.entropy)) nats")
        }
        if let nearest = nearestComponent {
            add("nearest_component.error", "\(NumberText.percent(nearest.error)) (the prior: \(NumberText.percent(nearest.floor)))")
        }
        if let bound = lowerBound {
            let rounded = NumberText.rounded
            let sum = "entropy \(rounded(bound.entropy)) - cross-entropy with the prior \(rounded(bound.crossEntropy))"
            let cost = "reconstruction \(rounded(bound.reconstruction)), \(bound.cost.rawValue)"
            add("elbo.nats", "\(rounded(bound.total)) nats (\(sum) - \(cost))")
        }
        return parts
    }

    private var commonWords: [String] {
        var parts: [String] = []
        func add(_ name: String, _ value: String) { parts.append("\(HeldOutNames.words(of: name)) \(value)") }
        if let reconstruction { add("reconstruction", NumberText.rounded(reconstruction)) }
        if let code { add("code.mean", "\(NumberText.rounded(code.mean)), std \(NumberText.rounded(code.std))") }
        if let holes {
            let zero = holesZero.map { " (the prior: \(NumberText.rounded(100 * $0)) %)" } ?? ""
            add("holes", "\(NumberText.rounded(100 * holes)) %\(zero)")
        }
        if let energyDistance {
            let zero = energyZero.map { " (the prior: \(NumberText.rounded($0)))" } ?? ""
            add("energy_distance", "\(NumberText.rounded(energyDistance))\(zero)")
        }
        if let match = sampleMatch {
            let beside = "other images: \(NumberText.percent(match.byImages)), noise: \(NumberText.percent(match.byNoise))"
            add("samples.explained", "\(NumberText.percent(match.explained)) (\(beside))")
        }
        if let samples {
            add("samples.mean", "\(NumberText.rounded(samples.mean)), std \(NumberText.rounded(samples.std))")
        }
        return parts
    }
}
