import Kernels
import Layers

/// A model with fixed parameters, for evaluation, pictures and the commands that encode or decode.
///
/// It works in blocks of a fixed number of rows, the last one filled up, since products change bits with their rows: an
/// image's code depends on its place in the block, but not on the images around it or on how many there are.
public struct Inference: Sendable {
    /// Rows of every product.
    public static let blockRows = 100

    public let settings: TrainingSettings
    private let model: Model

    /// Copies the networks that it needs from the tensors of a state, snapshot or checkpoint.
    ///
    /// - Parameters:
    ///   - tensors: others beside those needed are ignored.
    ///   - averaged: take the averaged weights. Throws `StateError` where a tensor is missing or of another shape; `MemoryShortage`.
    public init(_ settings: TrainingSettings, tensors: [Tensor], averaged: Bool = false) throws {
        self.settings = settings
        try MemoryRoom.require(
            threads: 1, bytes: 2 * MemoryLayout<Float>.size * settings.parameterCount, for: "encoding and decoding")
        model = Model(settings.composition)
        let byName = Dictionary(tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let graph = model.composition.graph
        let needed = graph[model.composition.code].below.union(graph[model.composition.image].below)
        for network in needed.sorted().map({ model.networks[$0] }) {
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

    /// (N, Z): the codes of N images of as many bytes as an image of the run has.
    public func encode(_ images: [UInt8]) -> Matrix {
        let pixels = settings.pixels
        precondition(images.count % pixels == 0, "\(images.count) bytes are not whole images of \(pixels)")
        return run(model.composition.code, rows: images.count / pixels) { input, rows in
            Elementwise.bytesToUnit(images[rows.lowerBound * pixels..<rows.upperBound * pixels], into: input.values)
        }
    }

    /// (N, P): the images of codes (N, Z), as the output's nonlinearity gives them.
    public func decode(_ codes: Matrix) -> Matrix {
        precondition(codes.columns == settings.model.code, "codes of \(codes.columns) dimensions, expected \(settings.model.code)")
        let images = run(model.composition.image, rows: codes.rows) { input, rows in
            input.values.copy(from: codes.rows(rows).values)
        }
        if settings.model.output == .sigmoid { Elementwise.sigmoid(images.values, into: images.values) }
        return images
    }

    /// (N, P): decoded codes of images.
    public func reconstruct(_ images: [UInt8]) -> Matrix { decode(encode(images)) }

    /// Runs the graph up to a node block by block; `fill` writes the rows of what comes from outside.
    private func run(_ node: Node, rows count: Int, fill: (Matrix, Range<Int>) -> Void) -> Matrix {
        if !FloatingPoint.modesAreSet { FloatingPoint.setModes() }
        let graph = model.composition.graph
        let block = Self.blockRows
        let blocks = RowBlocks(shards: [0], counts: [block])
        let order = graph.order(for: [node])
        var (values, activations): ([Node: Matrix], [Node: Activations]) = ([:], [:])
        for node in order {
            if case .apply(let network) = graph[node].operation {
                activations[node] = Activations(widths: model.networks[network].widths, capacity: block)
            } else {
                values[node] = Workspace(columns: graph[node].columns, capacity: block).matrix(rows: block)
            }
        }
        let output = Matrix(rows: count, columns: graph[node].columns)
        for start in stride(from: 0, to: count, by: block) {
            let rows = start..<min(start + block, count)
            for node in order {
                switch graph[node].operation {
                case .image, .given:
                    if rows.count < block { values[node]!.values.fill(0) }
                    fill(values[node]!.rows(0..<rows.count), rows)
                case .apply(let network):
                    values[node] = model.networks[network].forward(
                        values[graph[node].inputs[0]]!, into: activations[node]!, blocks: blocks)
                case .corrupt, .prior, .stack:
                    preconditionFailure("an output depends on \(graph[node].operation)")
                }
            }
            output.rows(rows).values.copy(from: values[node]!.rows(0..<rows.count).values)
        }
        return output
    }
}
