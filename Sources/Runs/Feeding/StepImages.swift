import Autoencoder
import Datasets

/// The images and labels of every step of a run, cut into shards: a pure function of data, settings and step.
public final class StepImages: Sendable {
    private let data: ImageSubset
    private let settings: TrainingSettings
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

    /// Rows of a stream's minibatch of a step.
    public func minibatch(of stream: Stream, ofStep step: UInt64) -> Int { settings.minibatchSize(of: stream, ofStep: step) }

    /// Streams that a step has.
    public var streams: [Stream] { settings.labelledMinibatch > 0 ? [.images, .labelled] : [.images] }

    /// Some shards of a stream's minibatch of a step, counted from 0.
    public func shards(_ shards: Range<Int>, of stream: Stream, step: UInt64) -> [ShardImages] {
        let samples = samples(of: stream, step: step)
        return shards.map { shard in
            let rows = ShardGeometry.rows(ofShard: shard, minibatch: samples.count, shards: settings.shards)
            let indices = samples[rows]
            return ShardImages(
                shard: shard, rows: rows, images: data.images(indices), labels: indices.map { label($0, of: stream) })
        }
    }

    /// All shards of all streams of a step.
    public func all(step: UInt64) -> [Stream: [ShardImages]] {
        Dictionary(uniqueKeysWithValues: streams.map { ($0, shards(0..<settings.shards, of: $0, step: step)) })
    }

    private func samples(of stream: Stream, step: UInt64) -> [Int] {
        switch stream {
        case .images: plan.samples(of: step)
        case .labelled: labelled?.samples(of: step, minibatch: settings.labelledMinibatch, seed: settings.seed) ?? []
        }
    }

    private func label(_ index: Int, of stream: Stream) -> UInt8 {
        guard data.hasLabels else { return 0 }
        if stream == .images, let isVisible, !isVisible[index] { return Self.none }
        return data.label(index)
    }
}
