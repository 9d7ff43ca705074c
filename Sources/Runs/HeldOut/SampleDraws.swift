import Autoencoder
import Kernels

/// Which codes, and beside them which classes or clusters, samples of a trained model are decoded from.
public struct SampleDraws: Sendable {
    private let prior: PriorSettings
    private let codeSize: Int
    /// Classes or clusters, one of which is decoded beside a code; nil where the code is all.
    private let labels: Int?
    /// Classes that have a part of the prior each; nil where it has no such parts.
    private let classes: Int?
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

    /// - Parameters:
    ///   - labels: of `Inference.decodedLabels`.
    ///   - classes: of `TrainingSettings.priorClasses`.
    public init(_ configuration: Configuration, labels: Int?, classes: Int? = nil, seed: UInt64) {
        self.classes = classes
        prior = configuration.prior
        codeSize = configuration.model.code
        self.labels = labels
        source = RandomSource(seed: seed, purpose: .sample, step: 0)
    }

    /// Samples of the prior; a sample depends on its number only. Classes are drawn evenly: a grid of so many columns has one a
    /// row.
    ///
    /// - Parameter label: the class or cluster of all of them, decoded beside the code; where the code is all, the class from whose part of the
    ///   prior it is drawn.
    public func samples(_ range: Range<Int>, columns: Int, label: Int? = nil) -> Drawn {
        let codes = Matrix(rows: range.count, columns: codeSize)
        prior.sample(into: codes, source: source, firstRow: range.lowerBound, labels: label.flatMap { rows(range.count, of: $0) })
        let hots = labels.map { labels in
            Inference.oneHots(range.map { label ?? $0 / columns % labels }, classes: labels)
        }
        return Drawn(codes: codes, labels: hots)
    }

    /// So many rows of one class; nil where no class has a part of the prior.
    private func rows(_ count: Int, of label: Int) -> RowLabels? {
        classes.map { RowLabels(Slice([UInt8](repeating: UInt8(label), count: count)), classes: $0) }
    }

    /// Places, in reading order, of a grid whose rows are the classes and whose columns are styles: a code depends on its column only.
    /// `headsFirst` makes the first style 0.
    public func styles(_ range: Range<Int>, columns: Int, headsFirst: Bool) -> Drawn {
        let codes = Matrix(rows: range.count, columns: codeSize)
        var place = range.lowerBound
        while place < range.upperBound {
            let column = place % columns
            let end = min(range.upperBound, place - column + columns)
            let row = codes.rows(place - range.lowerBound..<end - range.lowerBound)
            prior.sample(into: row, source: source, firstRow: column)
            if headsFirst, column == 0 { row.row(0).fill(0) }
            place = end
        }
        return Drawn(codes: codes, labels: labels.map { Inference.oneHots(range.map { $0 / columns }, classes: $0) })
    }
}
