import Autoencoder
import Kernels

// Shapes of this file: N images, Z code, K labels.

/// What a model infers from images, computed once for all figures of codes and labels.
public struct EncodedImages: Sendable {
    /// (N, Z).
    public let codes: Matrix
    /// (N, K): logits of labels or clusters; nil where the model has none.
    public let logits: Matrix?
    /// (N, Z): places among cluster heads (section 7 of the paper); nil where there are none.
    public let representations: Matrix?
    /// (N): the images' classes; nil where they have none.
    public let labels: [UInt8]?

    /// - Parameters:
    ///   - inference: of a model that can encode.
    ///   - team: threads that share the blocks; the values are the same, whatever their number.
    ///   - pace: called before each block.
    public init(_ inference: Inference, _ images: ImageBlocks, team: ThreadTeam, pace: @escaping WorkPace = { _ in }) throws {
        precondition(inference.canEncode, "the model encodes nothing")
        let size = Inference.blockRows
        let blocks = (images.count + size - 1) / size
        let meter = WorkMeter(total: blocks, pace: pace)
        let codes = Matrix(rows: images.count, columns: inference.settings.model.code)
        let representations = inference.canRepresent ? Matrix(rows: images.count, columns: codes.columns) : nil
        let logits = try team.map(blocks) { block -> Matrix? in
            try meter.begin()
            let rows = block * size..<min(images.count, (block + 1) * size)
            let reading = inference.read(try images.images(rows), firstRow: rows.lowerBound)
            codes.rows(rows).values.copy(from: reading.codes.values)
            if let here = reading.representations { representations?.rows(rows).values.copy(from: here.values) }
            return reading.labelLogits
        }
        self.codes = codes
        self.representations = representations
        self.logits = Self.joined(logits.compactMap(\.self), rows: images.count)
        labels = images.labels?(0..<images.count)
    }

    /// Logits beside the images' classes; nil where the model or the images have none.
    public var labelledLogits: LabelledLogits? {
        logits.flatMap { logits in labels.map { LabelledLogits(logits: logits, labels: $0) } }
    }

    /// (N, K): the labels that are decoded together with the codes: the softmax of the logits, or one-hots of the images' classes where
    /// the model does not infer them; nil where only the code is decoded.
    func decodedLabels(_ inference: Inference) -> Matrix? {
        guard let classes = inference.decodedLabels else { return nil }
        guard let logits else {
            precondition(labels != nil, "images without the labels that the decoder is told")
            return Inference.oneHots((labels ?? []).map(Int.init), classes: classes)
        }
        let soft = Matrix(rows: logits.rows, columns: logits.columns)
        Elementwise.softmax(logits, into: soft)
        return soft
    }

    private static func joined(_ blocks: [Matrix], rows: Int) -> Matrix? {
        guard let columns = blocks.first?.columns else { return nil }
        let whole = Matrix(rows: rows, columns: columns)
        var row = 0
        for block in blocks {
            whole.rows(row..<row + block.rows).values.copy(from: block.values)
            row += block.rows
        }
        return whole
    }
}
