import Kernels
import Layers

// Shapes of this file: N images, P pixels, K classes.

/// A classifier of images that all labels of the training images have taught, for figures of generated images alone.
///
/// Two hidden layers of 256 ReLU on pixels from 0 to 1, trained by Adam for ten rounds through the images, but 500 steps at least
/// and 5,000 at most. One thread, and everything random from the seed: the same images make the same classifier.
public final class ImageClassifier {
    static let hidden = 256
    static let minibatch = 100
    static let rounds = 10
    /// Whatever the number of images.
    static let steps = 500...5_000

    public let classes: Int
    private let classifier: SmallClassifier

    /// - Parameters:
    ///   - images: with labels, one at least.
    ///   - classes: above every label.
    ///   - pace: called before each step.
    public init(
        _ images: ImageBlocks, pixels: Int, classes: Int, seed: UInt64, pace: WorkPace = { _ in }
    ) throws {
        guard let labels = images.labels, images.count > 0 else { preconditionFailure("a classifier that nothing teaches") }
        self.classes = classes
        classifier = SmallClassifier(inputs: pixels, hidden: Self.hidden, outputs: classes, seed: seed, firstStep: 20)
        let rows = min(Self.minibatch, images.count)
        let perRound = images.count / rows
        let steps = max(Self.steps.lowerBound, min(Self.steps.upperBound, Self.rounds * perRound))
        var order: [Int] = []
        for step in 0..<steps {
            try pace(Double(step) / Double(steps))
            let place = step % perRound
            if place == 0 { order = Self.order(of: images.count, seed: seed, round: step / perRound) }
            let chosen = order[place * rows..<(place + 1) * rows]
            let inputs = Matrix(rows: rows, columns: pixels)
            var classes: [UInt8] = []
            for (row, image) in chosen.enumerated() {
                Elementwise.bytesToUnit(try images.images(image..<image + 1)[...], into: inputs.row(row))
                classes += labels(image..<image + 1)
            }
            precondition(classes.allSatisfy { $0 < self.classes }, "a label is not among the classes")
            let targets = Slice(classes)
            classifier.step(inputs) { _ = ClassificationLoss.gradient(logits: $0, labels: targets) }
        }
    }

    /// The likeliest class of each image (N, P); of equal ones the lowest.
    public func classes(of images: Matrix) -> [Int] {
        let logits = classifier.logits(of: images)
        return (0..<logits.rows).map { row in
            (0..<logits.columns).reduce(0) { logits[row, $1] > logits[row, $0] ? $1 : $0 }
        }
    }

    /// A permutation of a round's own (Fisher and Yates).
    private static func order(of count: Int, seed: UInt64, round: Int) -> [Int] {
        let source = RandomSource(seed: seed, purpose: .evaluation, step: 19)
        var order = Array(0..<count)
        for place in 0..<max(0, count - 1) {
            let word = source.word(row: UInt32(round), element: place)
            order.swapAt(place, place + Int(UInt64(word) * UInt64(count - place) >> 32))
        }
        return order
    }
}
