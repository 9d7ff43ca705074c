import Autoencoder
import Kernels

// Shapes of this file: S samples, P pixels, Z code, K labels.

/// Samples that are made on demand, so that ten million take no more memory than ten thousand.
public struct SampleSource: Sendable {
    /// Some of them.
    public struct Block: Sendable {
        /// (S, P).
        public let images: Matrix
        /// (S): the logarithms of the samples' weights, where these differ; the mean weight over all samples must be 1.
        public let logWeights: [Double]?

        public init(images: Matrix, logWeights: [Double]? = nil) {
            precondition(logWeights?.count ?? images.rows == images.rows, "a weight for each sample")
            self.images = images
            self.logWeights = logWeights
        }
    }

    /// The number of samples; nil where it is unlimited.
    public let count: Int?
    /// The samples of a range of indices. A sample depends only on its index, as long as ranges begin at multiples of
    /// `ParzenWindow.blockSamples`. It is called from several threads at once.
    public let block: @Sendable (Range<Int>) throws -> Block

    public init(count: Int? = nil, block: @escaping @Sendable (Range<Int>) throws -> Block) {
        self.count = count
        self.block = block
    }

    /// The rows of a matrix (S, P): training images, say, or centres of clusters.
    public static func rows(of images: Matrix) -> SampleSource {
        SampleSource(count: images.rows) { Block(images: images.rows($0)) }
    }

    /// What a model decodes from samples of its prior: means, without the noise of any likelihood.
    ///
    /// The codes are those of `lockstep sample` with the same seed. Where a label or cluster is decoded with the code, all are
    /// taken in turn, so that each has its share.
    /// - Parameter mapped: turns a block of images into the units of those it is compared with, in place; may do nothing.
    public static func decoded(
        by inference: Inference, seed: UInt64, mapped: @escaping @Sendable (Matrix) -> Void = { _ in }
    ) -> SampleSource {
        let source = RandomSource(seed: seed, purpose: .sample, step: 0)
        return SampleSource { range in
            let codes = Matrix(rows: range.count, columns: inference.settings.model.code)
            inference.settings.prior.sample(into: codes, source: source, firstRow: range.lowerBound)
            let labels = inference.decodedLabels.map { labels in Inference.oneHots(range.map { $0 % labels }, classes: labels) }
            let images = inference.decode(codes, labels: labels)
            mapped(images)
            return Block(images: images)
        }
    }
}
