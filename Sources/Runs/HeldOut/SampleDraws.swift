import Autoencoder
import Kernels

/// Which codes, and beside them which classes or clusters, samples of a trained model are decoded from.
public struct SampleDraws: Sendable {
    private let prior: PriorSettings
    private let codeSize: Int
    /// Classes or clusters, one of which is decoded beside a code; nil where the code is all.
    private let labels: Int?
    private let source: RandomSource

    /// What is decoded: a code a row, and a one-hot a row where the decoder is told one.
    public struct Drawn: Sendable {
        public let codes: Matrix
        public let labels: Matrix?

        public init(codes: Matrix, labels: Matrix?) {
            self.codes = codes
            self.labels = labels
        }
    }

    /// - Parameter labels: of `Inference.decodedLabels`.
    public init(_ configuration: Configuration, labels: Int?, seed: UInt64) {
        prior = configuration.prior
        codeSize = configuration.model.code
        self.labels = labels
        source = RandomSource(seed: seed, purpose: .sample, step: 0)
    }

    /// Samples of the prior; a sample depends on its number only. Classes are drawn evenly: a grid of so many columns has one a
    /// row.
    ///
    /// - Parameter label: the class or cluster of all of them.
    public func samples(_ range: Range<Int>, columns: Int, label: Int? = nil) -> Drawn {
        let codes = Matrix(rows: range.count, columns: codeSize)
        prior.sample(into: codes, source: source, firstRow: range.lowerBound)
        let hots = labels.map { labels in
            Inference.oneHots(range.map { label ?? $0 / columns % labels }, classes: labels)
        }
        return Drawn(codes: codes, labels: hots)
    }

    /// A grid whose rows are the first classes and whose columns are styles; `headsFirst` makes the first style 0.
    public func styles(rows: Int, columns: Int, headsFirst: Bool) -> Drawn {
        let styles = samples(0..<columns, columns: columns).codes
        if headsFirst { styles.row(0).fill(0) }
        let codes = Matrix(rows: rows * columns, columns: codeSize)
        for row in 0..<rows { codes.rows(row * columns..<(row + 1) * columns).values.copy(from: styles.values) }
        let hots = labels.map { labels in
            Inference.oneHots((0..<rows * columns).map { $0 / columns }, classes: labels)
        }
        return Drawn(codes: codes, labels: hots)
    }
}
