import Autoencoder
import Kernels

/// Evaluates a model on held-out images after an epoch; made once a run.
///
/// Works through the images in blocks, so that of the memory only that of the codes grows with their number. All randomness comes
/// from the seed: the same model gives the same figures.
public struct Evaluator: Sendable {
    /// Images that are encoded and decoded together: few, since each thread of a team has so many in hand.
    public static let blockImages = Inference.blockRows
    /// Samples that are drawn from a model that encodes nothing, and the most images that they are compared with.
    public static let sampledImages = 1_000

    public let prior: PriorSettings
    public let codeSize: Int
    private let source: RandomSource
    private let cells: CodeCells
    /// The classes' parts of the prior and the floor of its own samples, where codes are to lie in these parts.
    private let parts: (parts: CodeParts, floor: Double)?

    /// - Parameter figure: the variant's own.
    public init(prior: PriorSettings, codeSize: Int, seed: UInt64, figure: VariantFigure? = nil) {
        self.prior = prior
        self.codeSize = codeSize
        source = RandomSource(seed: seed, purpose: .evaluation, step: 0)
        cells = prior.cells(codeSize: codeSize)
        guard case .nearestComponent(let classes) = figure, let parts = prior.parts(classes: classes) else {
            self.parts = nil
            return
        }
        let labelled = RandomSource(seed: seed, purpose: .evaluation, step: 2)
        self.parts = (parts, NearestComponent.floor(of: prior, codeSize: codeSize, parts: parts, source: labelled))
    }

    /// The first `count` samples of the prior that the figures compare with; the same on every call.
    public func priorSamples(_ count: Int, from first: Int = 0) -> Matrix {
        let samples = Matrix(rows: count, columns: codeSize)
        prior.sample(into: samples, source: source, firstRow: first)
        return samples
    }

    /// What is known of a block of images.
    private struct Block: Sendable {
        let originals: [UInt8]
        let labels: [UInt8]
        let reading: Inference.Reading
        let images: Matrix
        let lowerBound: LowerBoundSums?
    }

    /// Encodes and reconstructs `count` images, compares their codes with the prior, and takes the variant's own figure. A model
    /// that encodes nothing is asked for samples instead.
    ///
    /// `images` gives the bytes of a range of them, one image after the other, and `labels` their classes; nil where they have
    /// none.
    /// - Parameter team: threads that share the blocks; the figures are the same, whatever their number.
    public func evaluate(
        _ inference: Inference, count: Int, team: ThreadTeam = ThreadTeam(threads: 1),
        labels: (@Sendable (Range<Int>) -> [UInt8])? = nil, images: @Sendable (Range<Int>) throws -> [UInt8]
    ) throws -> EpochEvaluation {
        precondition(count >= 0, "\(count) images")
        guard inference.canEncode else {
            let figures = try sampleFigures(inference, count: count, team: team, images)
            return EpochEvaluation(figures: figures, codes: nil, representations: nil)
        }
        let own = inference.variantFigure
        let codes = Matrix(rows: count, columns: codeSize)
        let representations = inference.canRepresent ? Matrix(rows: count, columns: codeSize) : nil
        var error = ReconstructionError()
        var labelCounts = own?.entries.map { LabelCounts(entries: $0) }
        var bound = LowerBoundSums()
        try inBlocks(count, team) {
            try read($0, inference, labels, images, own)
        } take: { range, block in
            precondition(block.reading.codes.rows == range.count && block.reading.codes.columns == codeSize, "other codes")
            codes.rows(range).values.copy(from: block.reading.codes.values)
            if let here = block.reading.representations { representations?.rows(range).values.copy(from: here.values) }
            if let logits = block.reading.labelLogits { labelCounts?.add(logits: logits, labels: block.labels) }
            if let sums = block.lowerBound { bound.add(sums) }
            error.add(originals: block.originals, reconstructions: block.images)
        }
        var figures = figures(codes: codes, reconstruction: error, labels: labels?(0..<count) ?? [])
        figures.labels = labelCounts
        if case .classification = own { figures.isTaught = true }
        if own == .lowerBound { figures.lowerBound = LowerBound(bound, cost: inference.settings.cost) }
        figures.hasAdversary = inference.settings.hasAdversary
        return EpochEvaluation(figures: figures, codes: codes, representations: representations)
    }

    private func read(
        _ range: Range<Int>, _ inference: Inference, _ labels: (@Sendable (Range<Int>) -> [UInt8])?,
        _ images: @Sendable (Range<Int>) throws -> [UInt8], _ own: VariantFigure?
    ) throws -> Block {
        let originals = try images(range)
        let reading = inference.read(originals, firstRow: range.lowerBound)
        let labels = labels?(range) ?? []
        // `.max` stands for "no label", and is decoded as no class.
        let told = labels.isEmpty ? [UInt8](repeating: .max, count: range.count) : labels
        let logits = inference.reconstructedLogits(reading, labels: told)
        return Block(
            originals: originals, labels: labels, reading: reading, images: inference.images(ofLogits: logits),
            lowerBound: own == .lowerBound ? inference.lowerBound(originals, reading, logits: logits) : nil)
    }

    /// As many blocks at once as there are threads, and no more, since blocks take the memory. Their results are taken in the order
    /// of the images.
    private func inBlocks(
        _ count: Int, _ team: ThreadTeam, _ work: @Sendable (Range<Int>) throws -> Block, take: (Range<Int>, Block) -> Void
    ) throws {
        let ranges = stride(from: 0, to: count, by: Evaluator.blockImages).map { $0..<min(count, $0 + Evaluator.blockImages) }
        for first in stride(from: 0, to: ranges.count, by: team.threads) {
            let together = Array(ranges[first..<min(ranges.count, first + team.threads)])
            let blocks = try team.map(together.count) { try work(together[$0]) }
            for (range, block) in zip(together, blocks) { take(range, block) }
        }
    }

    /// Figures of a model that encodes nothing, from equally many samples, held-out images and other held-out images.
    private func sampleFigures(
        _ inference: Inference, count: Int, team: ThreadTeam, _ images: @Sendable (Range<Int>) throws -> [UInt8]
    ) throws -> EpochFigures {
        let samples = inference.decode(priorSamples(Evaluator.sampledImages))
        var figures = EpochFigures()
        figures.samples = SampledImages(samples)
        let each = min(count / 2, samples.rows)
        let bytes = try images(0..<2 * each)
        guard each >= SampleMatch.fewestImages else { return figures }
        let heldOut = Matrix(rows: 2 * each, columns: samples.columns)
        Elementwise.bytesToUnit(bytes[...], into: heldOut.values)
        figures.sampleMatch = try SampleMatch(
            samples: samples.rows(0..<each), images: heldOut.rows(0..<each), others: heldOut.rows(each..<2 * each), team: team)
        return figures
    }

    /// The figures of codes and errors that are known already.
    ///
    /// - Parameter labels: the images' classes; none where they have none.
    public func figures(codes: Matrix, reconstruction: ReconstructionError, labels: [UInt8] = []) -> EpochFigures {
        let size = EnergyDistance.sampleSize
        let samples = priorSamples(size)
        // As many samples as codes, and none of them in the other sample: then chance moves both distances away from 0 equally.
        let others = priorSamples(codes.rows, from: size)
        var figures = EpochFigures()
        figures.reconstruction = reconstruction
        figures.match = PriorMatch(
            code: CodeStatistics(codes), prior: CodeStatistics(samples), holes: Holes(codes, in: cells),
            holesZero: Holes(others, in: cells).share, energyDistance: EnergyDistance.between(codes, samples),
            energyZero: EnergyDistance.between(others, samples))
        if let parts, let error = NearestComponent.error(of: codes, labels: labels, in: parts.parts) {
            figures.nearestComponent = NearestComponent(error: error, floor: parts.floor)
        }
        return figures
    }
}

extension VariantFigure {
    /// Entries of the label head; nil where there is none.
    fileprivate var entries: Int? {
        switch self {
        case .classification(let entries), .clustering(let entries): entries
        case .nearestComponent, .lowerBound: nil
        }
    }
}
