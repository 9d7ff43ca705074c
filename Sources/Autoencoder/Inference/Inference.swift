import Kernels
import Layers

/// Encoder and decoder with fixed parameters, for evaluation, pictures and the commands that encode or decode.
///
/// It works in blocks of a fixed number of rows, the last one filled up, since products change bits with their rows: an
/// image's code depends on its place in the block, but not on the images around it or on how many there are.
public struct Inference: Sendable {
    /// Rows of every product.
    public static let blockRows = 100

    public let model: ModelSettings
    public let pixels: Int
    private let encoder: MultilayerPerceptron
    private let decoder: MultilayerPerceptron

    /// Copies encoder and decoder from the tensors of a state, snapshot or checkpoint.
    ///
    /// - Parameters:
    ///   - tensors: others beside those needed are ignored.
    ///   - averaged: take the averaged weights. Throws `StateError` where a tensor is missing or of another shape; `MemoryShortage`.
    public init(model: ModelSettings, pixels: Int, tensors: [StateTensor], averaged: Bool = false) throws {
        self.model = model
        self.pixels = pixels
        try MemoryRoom.require(
            threads: 1, bytes: 2 * MemoryLayout<Float>.size * model.parameterCount(pixels: pixels), for: "encoding and decoding")
        let networks = Model(model, pixels: pixels)
        encoder = networks.encoder
        decoder = networks.decoder
        let byName = Dictionary(tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        for network in [encoder, decoder] {
            for tensor in network.layout.tensors {
                let name = averaged ? StateNames.average(tensor.name) : tensor.name
                guard let found = byName[name] else {
                    throw StateError(tensor: name, problem: "is missing; the run has another configuration")
                }
                guard found.shape == tensor.shape, case .f32(let values) = found.values else {
                    throw StateError(
                        tensor: name,
                        problem: "is \(found.values.type) of shape \(found.shape), expected f32 of \(tensor.shape); "
                            + "the run has another configuration")
                }
                network.parameters[tensor.range].copy(from: values)
            }
        }
    }

    /// (N, Z): the codes of N images of `pixels` bytes each.
    public func encode(_ images: [UInt8]) -> Matrix {
        precondition(images.count % pixels == 0, "\(images.count) bytes are not whole images of \(pixels)")
        let codes = Matrix(rows: images.count / pixels, columns: model.code)
        forward(encoder, rows: codes.rows, into: codes) { input, rows in
            Elementwise.bytesToUnit(images[rows.lowerBound * pixels..<rows.upperBound * pixels], into: input.values)
        }
        return codes
    }

    /// (N, P): the images of codes (N, Z), as the output's nonlinearity gives them.
    public func decode(_ codes: Matrix) -> Matrix {
        precondition(codes.columns == model.code, "codes of \(codes.columns) dimensions, expected \(model.code)")
        let images = Matrix(rows: codes.rows, columns: pixels)
        forward(decoder, rows: codes.rows, into: images) { input, rows in
            input.values.copy(from: codes.rows(rows).values)
        }
        if model.output == .sigmoid { Elementwise.sigmoid(images.values, into: images.values) }
        return images
    }

    /// (N, P): decoded codes of images.
    public func reconstruct(_ images: [UInt8]) -> Matrix { decode(encode(images)) }

    /// Runs a network block by block; `fill` writes the input rows of a range.
    private func forward(
        _ network: MultilayerPerceptron, rows: Int, into output: Matrix, fill: (Matrix, Range<Int>) -> Void
    ) {
        if !FloatingPoint.modesAreSet { FloatingPoint.setModes() }
        let block = Self.blockRows
        let blocks = RowBlocks(shards: [0], counts: [block])
        let input = Workspace(columns: network.inputs, capacity: block).matrix(rows: block)
        let activations = Activations(widths: network.widths, capacity: block)
        for start in stride(from: 0, to: rows, by: block) {
            let range = start..<min(start + block, rows)
            if range.count < block { input.values.fill(0) }
            fill(input.rows(0..<range.count), range)
            let result = network.forward(input, into: activations, blocks: blocks)
            output.rows(range).values.copy(from: result.rows(0..<range.count).values)
        }
    }
}
