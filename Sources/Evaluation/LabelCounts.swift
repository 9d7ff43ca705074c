import Autoencoder
import Glibc
import Kernels

/// For each label or cluster of a label head: the classes of the images that it is given to, gathered block by block.
public struct LabelCounts: Sendable, Equatable {
    /// Entries of the label head.
    public let entries: Int
    public private(set) var images = 0
    /// By entry, the number of images of each class; the last of 256 counts images without a class.
    private var counts: [[Int]]
    /// Sums of the label head's softmax over the images.
    private var sums: [Double]
    /// Whether all images have a class.
    private var areLabelled = true

    public init(entries: Int) {
        precondition(entries > 0, "a label head of no entries")
        self.entries = entries
        counts = Array(repeating: Array(repeating: 0, count: 256), count: entries)
        sums = Array(repeating: 0, count: entries)
    }

    /// Adds one block.
    ///
    /// - Parameters:
    ///   - logits: (N, K); of equal logits the first decides.
    ///   - labels: the images' classes; none where they have none.
    public mutating func add(logits: Matrix, labels: [UInt8]) {
        precondition(logits.columns == entries, "\(logits.columns) logits for \(entries) entries")
        precondition(labels.isEmpty || labels.count == logits.rows, "\(labels.count) labels for \(logits.rows) images")
        if labels.isEmpty, logits.rows > 0 { areLabelled = false }
        for row in 0..<logits.rows {
            let values = logits.row(row).array.map { Double($0) }
            let best = values.indices.reduce(0) { values[$1] > values[$0] ? $1 : $0 }
            counts[best][labels.isEmpty ? 255 : Int(labels[row])] += 1
            let powers = values.map { exp($0 - values[best]) }
            let total = powers.reduce(0, +)
            for (entry, power) in powers.enumerated() { sums[entry] += power / total }
        }
        images += logits.rows
    }

    /// The share of images that are given a wrong class; nil without classes or images.
    public var error: Double? {
        guard areLabelled, images > 0 else { return nil }
        let right = (0..<min(entries, 256)).reduce(0) { $0 + counts[$1][$1] }
        return Double(images - right) / Double(images)
    }

    /// The share of images that are not of their cluster's most frequent class; nil without classes or images.
    public var majorityError: Double? {
        guard areLabelled, images > 0 else { return nil }
        return Contingency(counts).majorityError
    }

    /// The adjusted Rand index of entries and classes: 1 where they are one division, about 0 where entries tell nothing of classes. Nil without
    /// classes or images.
    public var agreement: Double? {
        guard areLabelled, images > 0 else { return nil }
        return Contingency(counts).adjustedRandIndex
    }

    /// Entries that no image is given.
    public var empty: Int { Contingency(counts).empty }

    /// The entropy of the mean softmax over the images, in nats: ln K where all entries are used equally. NaN without images.
    public var entropy: Double {
        guard images > 0 else { return .nan }
        return sums.reduce(0) { total, sum in
            let share = sum / Double(images)
            // NaN stays NaN.
            return share == 0 ? total : total - share * log(share)
        }
    }

    /// The share of images that are given the most frequent entry; 0 without images.
    public var largestShare: Double {
        images > 0 ? Double(counts.map { $0.reduce(0, +) }.max() ?? 0) / Double(images) : 0
    }

    /// The number of classes that the images have; nil where they have none.
    public var classes: Int? {
        guard areLabelled else { return nil }
        return (0..<256).count { label in counts.contains { $0[label] > 0 } }
    }
}
