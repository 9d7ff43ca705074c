import Kernels

/// The training images whose labels a model may see, and which of them each step uses (section 5 of the paper).
///
/// Each class has equally many: its first images in a permutation of the training images. A separate seed gives the permutation, so that all runs
/// with this seed use the same subset, whatever their own seed.
public struct LabelledSamples: Sendable, Equatable {
    /// Indices among the training images, in order.
    public let indices: [Int]

    /// - Parameters:
    ///   - count: of all classes together; a multiple of `classes`.
    ///   - images: how many training images there are.
    ///   - label: the label of each of them.
    /// - Throws: `DataError.classes` where the images are not of these classes; `DataError.labels` where one of them has too few images, or the
    ///   count does not divide.
    public init(count: Int, classes: Int, seed: UInt64, images: Int, label: (Int) -> UInt8) throws {
        precondition(classes > 0, "labels of \(classes) classes")
        let counts = ClassCounts(.train, images: images, label: label)
        try counts.require(classes: classes)
        let (rarest, there) = counts.rarest(of: classes)
        guard count > 0, count % classes == 0, count / classes <= there else {
            throw DataError.labels(
                key: "labels.count", found: "\(count)",
                expected:
                    "all, or a multiple of \(classes) up to \(there * classes), since class \(rarest) has \(there) of the training images"
            )
        }
        let source = RandomSource(seed: seed, purpose: .labels, step: 0)
        let words = Storage<UInt32>(count: images).all
        source.fillWords(words, row: 0)
        let order = (0..<images).sorted { (words[$0], $0) < (words[$1], $1) }
        var left = [Int](repeating: count / classes, count: classes)
        var chosen: [Int] = []
        for index in order {
            let label = Int(label(index))
            guard left[label] > 0 else { continue }
            left[label] -= 1
            chosen.append(index)
        }
        indices = chosen.sorted()
    }

    /// All `images` images.
    public init(all images: Int) { indices = Array(0..<images) }

    /// The labelled minibatch of a step, counted from 0: drawn with replacement, each row by itself.
    public func samples(of step: UInt64, minibatch: Int, seed: UInt64) -> [Int] {
        let source = RandomSource(seed: seed, purpose: .labels, step: step + 1)
        return (0..<minibatch).map { row in
            indices[Int((UInt64(source.word(row: UInt32(row), element: 0)) * UInt64(indices.count)) >> 32)]
        }
    }
}
