import Autoencoder
import Datasets
import Evaluation
import Kernels
import Synchronization

// Shapes of this file: N images, P pixels.

/// A trained model, the images it is judged by, and what several protocols need of both, which is found once.
public final class EvaluationSubject: Sendable {
    public let inference: Inference
    public let configuration: Configuration
    public let data: DataSet
    public let options: EvaluationOptions
    let training: TrainingSettings
    let team: ThreadTeam

    /// Training images whose codes teach a probe, at most.
    static let taught = 50_000
    /// Most bytes of images in memory at once, as floats.
    static let mostBytes = 1 << 28

    private struct Kept {
        var heldOut: EpochEvaluation?
        var encoded: [DataSet.Split: EncodedImages] = [:]
        var pixels: Matrix?
        var sigma: Double?
    }
    private let kept = Mutex(Kept())

    /// - Parameter threads: that share the work; the figures are the same, whatever their number.
    public init(
        _ inference: Inference, configuration: Configuration, data: DataSet, options: EvaluationOptions, threads: Int
    ) {
        self.inference = inference
        self.configuration = configuration
        self.data = data
        self.options = options
        training = configuration.training(on: data)
        team = ThreadTeam(threads: threads, name: "evaluate")
    }

    var seed: UInt64 { options.seed }
    var images: ImageSubset { data.subset(options.split) }
    var hasLabels: Bool { images.hasLabels && images.count > 0 }
    var pixels: Int { data.train.pixels }

    func blocks(_ split: DataSet.Split) -> ImageBlocks {
        let images = data.subset(split)
        let labels: @Sendable (Range<Int>) -> [UInt8] = { images.labels($0) }
        return ImageBlocks(count: images.count, labels: images.hasLabels ? labels : nil) { images.images($0) }
    }

    /// Figures and codes of the images, found as an epoch finds those of validation images; for these the figures are the same.
    func heldOut(_ pace: @escaping WorkPace) throws -> EpochEvaluation {
        if let found = kept.withLock({ $0.heldOut }) { return found }
        let evaluator = Evaluator(
            prior: configuration.prior, codeSize: configuration.model.code, seed: seed, figure: training.variantFigure)
        let blocks = blocks(options.split)
        let done = Atomic<Int>(0)
        let found = try evaluator.evaluate(inference, count: blocks.count, team: team, labels: blocks.labels) { range in
            let before = done.add(range.count, ordering: .relaxed).oldValue
            try pace(min(1, Double(before) / Double(max(1, blocks.count))))
            return try blocks.images(range)
        }
        kept.withLock { $0.heldOut = found }
        return found
    }

    /// What the model says of a split's images; of training images the first `taught`.
    func encoded(_ split: DataSet.Split, _ pace: @escaping WorkPace) throws -> EncodedImages {
        if let found = kept.withLock({ $0.encoded[split] }) { return found }
        let images = split == .train ? blocks(split).first(Self.taught) : blocks(split)
        let found = try EncodedImages(inference, images, team: team, pace: pace)
        kept.withLock { $0.encoded[split] = found }
        return found
    }

    /// How many training images `trainingPixels` has: all, or as many as there is room for, but 10,000 at least.
    var trainingRows: Int { min(data.train.count, max(10_000, Self.mostBytes / (4 * max(1, pixels)))) }

    /// (N, P): the first training images, values 0 to 1.
    func trainingPixels() throws -> Matrix {
        if let found = kept.withLock({ $0.pixels }) { return found }
        let found = try blocks(.train).matrix(0..<trainingRows, pixels: pixels)
        kept.withLock { $0.pixels = found }
        return found
    }

    /// The width of the Parzen window that the validation images choose, found with the same samples as the window's own.
    func sigma(_ pace: @escaping WorkPace) throws -> Double {
        if let found = kept.withLock({ $0.sigma }) { return found }
        let images = try ParzenImages(self, withReported: false)
        let sums = try Parzen.sums(
            images.window, count: options.samples, validation: images.validation, from: samples, team: team, pace: pace)
        let found = sums.bestSigma(validation: images.validation, pixels: pixels)
        keep(sigma: found)
        return found
    }

    func keep(sigma: Double) { kept.withLock { $0.sigma = sigma } }
    var knowsSigma: Bool { kept.withLock { $0.sigma != nil } }

    /// What the model decodes from samples of its whole prior.
    var samples: SampleSource { .decoded(by: inference, seed: seed) }

    /// The error of giving all images the most frequent class; nil without labels.
    var errorOfOneClass: Double? {
        guard hasLabels else { return nil }
        var counts = [Int](repeating: 0, count: 256)
        for label in images.labels(0..<images.count) { counts[Int(label)] += 1 }
        return 1 - Double(counts.max() ?? 0) / Double(images.count)
    }
}

// Multiplications, for estimates of time.
extension EvaluationSubject {
    var decodeWork: Double {
        Self.products([configuration.model.code + (inference.decodedLabels ?? 0)] + configuration.model.decoder + [pixels])
    }

    var encodeWork: Double { Self.products([pixels] + configuration.model.encoder + [configuration.model.code]) }

    private static func products(_ widths: [Int]) -> Double {
        zip(widths, widths.dropFirst()).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }

    /// Of squared distances, and what is done with each of them.
    func distanceWork(_ one: Int, _ other: Int, dimensions: Int? = nil) -> Double {
        Double(one) * Double(other) * Double((dimensions ?? pixels) + 40)
    }
}
