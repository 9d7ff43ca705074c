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

    /// A label that is none.
    private static let none = UInt8.max

    /// - Parameter data: the training images.
    /// - Throws: `DataError` where the labels are not those that the settings need.
    public init(_ data: ImageSubset, _ settings: TrainingSettings) throws {
        self.data = data
        self.settings = settings
        plan = MinibatchPlan(count: data.count, minibatch: settings.minibatch, seed: settings.seed)
        guard let labels = settings.parts.labels, settings.usesImageLabels || settings.labelledMinibatch > 0 else {
            (labelled, isVisible) = (nil, nil)
            return
        }
        let classes = settings.model.classes
        guard data.hasLabels else { throw DataError.unlabelled(variant: settings.variant.rawValue) }
        guard let count = labels.count else {
            try Self.check(data, classes: classes)
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

    /// Every image has one of the classes, and every class an image.
    private static func check(_ data: ImageSubset, classes: Int) throws {
        var counts = [Int](repeating: 0, count: 256)
        for index in 0..<data.count { counts[Int(data.label(index))] += 1 }
        if let label = counts.lastIndex(where: { $0 > 0 }), label >= classes {
            throw DataError.labels(
                key: "model.classes", found: "\(classes)",
                expected: "\(label + 1) or more, since a training image has the label \(label)")
        }
        if let missing = counts[..<classes].firstIndex(of: 0) {
            throw DataError.labels(
                key: "model.classes", found: "\(classes)",
                expected: "classes that there are, and no training image has the label \(missing)")
        }
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

extension Configuration {
    /// What feeds the steps of a run of this configuration. What settings and images make impossible together is found here,
    /// before anything is made for the run.
    ///
    /// - Parameter train: the training images.
    /// - Throws: `SettingsError`; `DataError` where the labels are not those that the settings need.
    public func stepImages(_ train: ImageSubset) throws -> StepImages {
        let settings = training(pixels: train.pixels, trainingImages: train.count)
        try settings.validate()
        return try StepImages(train, settings)
    }
}
