import Kernels
import Layers

// Shapes of this file: N images, P pixels, K classes.

/// A classifier of images, trained on all labels of the training images; used only for figures of generated images.
///
/// Two hidden layers of 256 ReLU on pixels from 0 to 1, trained by Adam for ten rounds through the images, but at least 500 and
/// at most 5,000 steps. One thread, and all randomness from the seed: the same images make the same classifier.
public struct ImageClassifier: Sendable {
    static let hidden = 256
    static let minibatch = 100
    static let rounds = 10
    /// Bounds on the steps, whatever the number of images.
    static let steps = 500...5_000

    public let classes: Int
    private let network: SmallClassifier.Network

    /// - Parameters:
    ///   - images: images with labels, at least one.
    ///   - classes: greater than every label.
    ///   - pace: called before each step.
    public init(
        _ images: ImageBlocks, pixels: Int, classes: Int, seed: UInt64, pace: WorkPace = { _ in }
    ) throws {
        guard let labels = images.labels, images.count > 0 else { preconditionFailure("a classifier that nothing teaches") }
        let classifier = SmallClassifier(inputs: pixels, hidden: Self.hidden, outputs: classes, seed: seed, firstStep: 20)
        let rows = min(Self.minibatch, images.count)
        let perRound = images.count / rows
        let steps = max(Self.steps.lowerBound, min(Self.steps.upperBound, Self.rounds * perRound))
        var order: [Int] = []
        let source = RandomSource(seed: seed, purpose: .evaluation, step: 19)
        for step in 0..<steps {
            try pace(Double(step) / Double(steps))
            let place = step % perRound
            if place == 0 { order = source.order(of: images.count, round: step / perRound) }
            let chosen = order[place * rows..<(place + 1) * rows]
            let inputs = Matrix(rows: rows, columns: pixels)
            var told: [UInt8] = []
            for (row, image) in chosen.enumerated() {
                Elementwise.bytesToUnit(try images.images(image..<image + 1)[...], into: inputs.row(row))
                told += labels(image..<image + 1)
            }
            precondition(told.allSatisfy { $0 < classes }, "a label is not among the classes")
            let targets = Slice(told)
            classifier.step(inputs) { _ = ClassificationLoss.gradient(logits: $0, labels: targets) }
        }
        self.classes = classes
        network = classifier.network
    }

    /// The likeliest class of each image (N, P); of equal ones the lowest.
    public func classes(of images: Matrix) -> [Int] {
        let logits = network.logits(of: images)
        return (0..<logits.rows).map { row in
            (0..<logits.columns).reduce(0) { logits[row, $1] > logits[row, $0] ? $1 : $0 }
        }
    }
}
