import Autoencoder
import Kernels

/// What an epoch's evaluation found on held-out images; the names of metrics.jsonl (contract.md) beside each.
public struct EpochFigures: Sendable, Equatable {
    /// `reconstruction`, and the same error in other units.
    public let reconstruction: ReconstructionError
    /// `code.mean`, `code.std`.
    public let code: CodeStatistics
    /// The prior's own, of as many samples as the energy distance takes.
    public let prior: CodeStatistics
    /// `holes` is its share.
    public let holes: Holes
    /// `holes_zero`: the share that as many samples of the prior leave empty; 0 where there are thousands, and much where there are few.
    public let holesZero: Double
    /// `energy_distance`: codes against the prior.
    public let energyDistance: Double
    /// `energy_zero`: as many samples of the prior against the prior.
    public let energyZero: Double
}

/// An epoch's figures with the codes they came from, which the pictures need too.
public struct EpochEvaluation: Sendable {
    public let figures: EpochFigures
    /// Held-out codes, one a row, in the order of the images.
    public let codes: Matrix
}

/// Evaluates a model on held-out images after an epoch; made once a run.
///
/// Works through the images in blocks, so that memory does not grow with their number beyond their codes. Everything random comes
/// from the seed: the same model gives the same figures.
public struct Evaluator: Sendable {
    /// Images that are encoded and decoded together: few, since each thread of a team has so many in hand.
    public static let blockImages = Inference.blockRows

    public let prior: PriorSettings
    public let codeSize: Int
    private let source: RandomSource
    private let cells: CodeCells

    public init(prior: PriorSettings, codeSize: Int, seed: UInt64) {
        self.prior = prior
        self.codeSize = codeSize
        source = RandomSource(seed: seed, purpose: .evaluation, step: 0)
        cells = prior.cells(codeSize: codeSize)
    }

    /// The first `count` samples of the prior that the figures compare with; the same on every call.
    public func priorSamples(_ count: Int, from first: Int = 0) -> Matrix {
        let samples = Matrix(rows: count, columns: codeSize)
        prior.sample(into: samples, source: source, firstRow: first)
        return samples
    }

    /// Encodes and reconstructs `count` images and compares their codes with the prior.
    ///
    /// `images` gives the bytes of a range of them, one image after the other.
    /// - Parameter team: threads that share the blocks; the figures are the same, whatever their number.
    public func evaluate(
        _ inference: Inference, count: Int, team: ThreadTeam = ThreadTeam(threads: 1),
        images: @Sendable (Range<Int>) throws -> [UInt8]
    ) throws -> EpochEvaluation {
        precondition(count >= 0, "\(count) images")
        let codes = Matrix(rows: count, columns: codeSize)
        var error = ReconstructionError()
        let ranges = stride(from: 0, to: count, by: Evaluator.blockImages).map { $0..<min(count, $0 + Evaluator.blockImages) }
        // As many blocks at once as there are threads, and no more: they are what takes memory.
        for first in stride(from: 0, to: ranges.count, by: team.threads) {
            let together = Array(ranges[first..<min(ranges.count, first + team.threads)])
            let blocks = try team.map(together.count) { index in
                let originals = try images(together[index])
                let block = inference.encode(originals)
                return (originals: originals, codes: block, images: inference.decode(block))
            }
            for (range, block) in zip(together, blocks) {
                precondition(block.codes.rows == range.count && block.codes.columns == codeSize, "\(block.codes.rows) codes")
                codes.rows(range).values.copy(from: block.codes.values)
                error.add(originals: block.originals, reconstructions: block.images)
            }
        }
        return EpochEvaluation(figures: figures(codes: codes, reconstruction: error), codes: codes)
    }

    /// The figures of codes and errors that are known already.
    public func figures(codes: Matrix, reconstruction: ReconstructionError) -> EpochFigures {
        let size = EnergyDistance.sampleSize
        let samples = priorSamples(size)
        // As many as there are codes, and none of them in the other sample: then both distances stray from 0 alike.
        let others = priorSamples(codes.rows, from: size)
        return EpochFigures(
            reconstruction: reconstruction, code: CodeStatistics(codes), prior: CodeStatistics(samples),
            holes: Holes(codes, in: cells), holesZero: Holes(others, in: cells).share,
            energyDistance: EnergyDistance.between(codes, samples),
            energyZero: EnergyDistance.between(others, samples))
    }
}
