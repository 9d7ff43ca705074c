import Autoencoder
import Datasets
import Kernels

/// The images and labels of every step of a run, cut into shards: a pure function of data, settings and step.
public final class StepImages: Sendable {
    public let settings: TrainingSettings
    private let data: ImageSubset
    private let plan: MinibatchPlan
    /// Those that may be seen with their labels; nil where no label is asked for.
    private let labelled: LabelledSamples?
    /// Whether each image's label may be seen; nil where all may.
    private let isVisible: [Bool]?

    /// Stands for no label.
    private static let none = UInt8.max

    /// - Parameters:
    ///   - data: the training images.
    ///   - set: which data set they are of.
    /// - Throws: `DataError` where the labels are not those that the settings need.
    init(_ data: ImageSubset, _ settings: TrainingSettings, set: String) throws {
        self.data = data
        self.settings = settings
        plan = MinibatchPlan(count: data.count, minibatch: settings.minibatch, seed: settings.seed)
        guard settings.learnsFromLabels, let labels = settings.parts.labels else {
            (labelled, isVisible) = (nil, nil)
            return
        }
        let classes = settings.model.classes
        guard data.hasLabels else { throw DataError.unlabelled(variant: settings.variant.rawValue, set: set) }
        guard let count = labels.count else {
            try ClassCounts(.train, data).require(classes: classes)
            labelled = LabelledSamples(all: data.count)
            isVisible = nil
            return
        }
        let chosen = try LabelledSamples(
            count: count, classes: classes, seed: labels.seed, images: data.count, label: { data.label($0) })
        var visible = [Bool](repeating: false, count: data.count)
        for index in chosen.indices { visible[index] = true }
        (labelled, isVisible) = (chosen, visible)
    }

    /// What a step takes of every stream: drawn once, however many workers share it.
    ///
    /// - Parameter step: counted from 0.
    public func step(_ step: UInt64) -> Step {
        Step(source: self, samples: settings.streams.map { ($0, samples(of: $0, step: step)) })
    }

    /// All shards of all streams of a step, counted from 0.
    public func all(step: UInt64) -> [Stream: [ShardImages]] { self.step(step).shards(0..<settings.shards) }

    /// In the order of the minibatch's rows.
    private func samples(of stream: Stream, step: UInt64) -> [Int] {
        switch stream {
        case .images: plan.samples(of: step)
        case .labelled: labelled?.samples(of: step, minibatch: settings.labelledMinibatch, seed: settings.seed) ?? []
        }
    }

    fileprivate func images(_ indices: some Collection<Int>, of stream: Stream) -> (images: [UInt8], labels: [UInt8]) {
        (data.images(indices), indices.map { label($0, of: stream) })
    }

    private func label(_ index: Int, of stream: Stream) -> UInt8 {
        guard data.hasLabels else { return 0 }
        if stream == .images, let isVisible, !isVisible[index] { return Self.none }
        return data.label(index)
    }
}

extension StepImages {
    /// The samples of one step.
    public struct Step: Sendable {
        fileprivate let source: StepImages
        fileprivate let samples: [(stream: Stream, indices: [Int])]

        /// Some shards of every stream's minibatch.
        public func shards(_ shards: Range<Int>) -> [Stream: [ShardImages]] {
            Dictionary(
                uniqueKeysWithValues: samples.map { stream, indices in
                    let cut = shards.map { shard in
                        let rows = ShardGeometry.rows(
                            ofShard: shard, minibatch: indices.count, shards: source.settings.shards)
                        let (images, labels) = source.images(indices[rows], of: stream)
                        return ShardImages(shard: shard, rows: rows, images: images, labels: labels)
                    }
                    return (stream, cut)
                })
        }
    }
}

extension TrainingSettings {
    /// Whether a step sees labels of images.
    fileprivate var learnsFromLabels: Bool { parts.labels != nil && (usesImageLabels || labelledMinibatch > 0) }
}

extension Configuration {
    /// What feeds the steps of a run of this configuration. What settings and images make impossible together is found here,
    /// before anything is made for the run.
    ///
    /// - Parameter train: the training images.
    /// - Throws: `SettingsError`; `DataError` where the labels are not those that the settings need.
    public func stepImages(_ train: ImageSubset, standardisation: Standardisation? = nil) throws -> StepImages {
        let settings = training(pixels: train.pixels, trainingImages: train.count, standardisation: standardisation)
        try settings.validate()
        return try StepImages(train, settings, set: data.set)
    }

    /// The same for a whole data set. Its held-out images are judged by their labels, so where the settings need labels, these must be of the
    /// classes too.
    public func stepImages(_ data: DataSet) throws -> StepImages {
        let images = try stepImages(data.train, standardisation: data.standardisation)
        guard images.settings.learnsFromLabels else { return images }
        for split in [DataSet.Split.validation, .test] where data.subset(split).hasLabels {
            try ClassCounts(split, data.subset(split)).require(classes: images.settings.model.classes)
        }
        return images
    }
}
