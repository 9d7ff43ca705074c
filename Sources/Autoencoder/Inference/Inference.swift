import Kernels
import Layers

/// A model with fixed parameters, for evaluation, pictures and the commands that encode or decode.
///
/// It works in blocks of a fixed number of rows and fills up the last one, since a product's bits depend on its number of rows. An image's code
/// depends on its place in the block, but not on the images around it or on how many there are.
///
/// Shapes: N images, P pixels, Z code, K labels.
public struct Inference: Sendable {
    /// Rows of every product.
    public static let blockRows = 100
    /// The step number that noise is drawn for; no training has it.
    static let step: UInt64 = 1 << 48 - 1

    public let settings: TrainingSettings
    let model: Model
    /// The moments by which norms are evaluated.
    var population: [NormPlace: ColumnMoments] = [:]

    /// Copies the networks that it needs from the tensors of a state, snapshot or checkpoint.
    ///
    /// - Parameters:
    ///   - tensors: others beside those needed are ignored; where the model has norms, their moments are among them (`populationMoments`).
    ///   - averaged: take the averaged weights. Throws `StateError` where a tensor is missing or of another shape; `MemoryShortage`.
    public init(_ settings: TrainingSettings, tensors: [Tensor], averaged: Bool = false) throws {
        try self.init(settings, tensors: tensors, averaged: averaged, hasMoments: true)
    }

    /// - Parameter hasMoments: take the norms' moments from the tensors; otherwise they are still to be computed.
    init(_ settings: TrainingSettings, tensors: [Tensor], averaged: Bool, hasMoments: Bool) throws {
        self.settings = settings
        try MemoryRoom.require(
            threads: 1, bytes: 2 * MemoryLayout<Float>.size * settings.parameterCount, for: "encoding and decoding")
        let model = Model(settings.composition, arithmetic: .portable)
        self.model = model
        let byName = Dictionary(tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        func values(_ name: String, _ shape: [Int]) throws -> Slice<Float> {
            guard let found = byName[name] else {
                throw StateError(tensor: name, problem: "is missing; the run has another configuration")
            }
            guard found.shape == shape, case .f32(let values) = found.values else {
                throw StateError(
                    tensor: name,
                    problem: "is \(found.values.type) of shape \(found.shape), expected f32 of \(shape); "
                        + "the run has another configuration")
            }
            return values
        }
        let graph = model.composition.graph
        let outputs = Array(model.composition.outputs.values)
        let needed = outputs.reduce(into: Set<Int>()) { $0.formUnion(graph[$1].below) }
        for network in needed.sorted().map({ model.networks[$0] }) {
            for tensor in network.layout.tensors {
                let name = averaged ? StateNames.average(tensor.name) : tensor.name
                network.parameters[tensor.range].copy(from: try values(name, tensor.shape))
            }
        }
        guard hasMoments else { return }
        for norm in model.composition.norms {
            let columns = [graph[norm.node].columns]
            population[norm.place] = ColumnMoments(
                mean: try values(StateNames.mean(norm.name), columns), variance: try values(StateNames.variance(norm.name), columns)
            )
        }
    }

    // MARK: What it can be asked for

    /// Whether images can be encoded; false where they are only generated.
    public var canEncode: Bool { model.composition.outputs[.code] != nil }
    /// Whether the model predicts an image's label or cluster.
    public var canLabel: Bool { model.composition.outputs[.label] != nil }
    /// Whether images have a place among cluster heads.
    public var canRepresent: Bool { model.composition.outputs[.representation] != nil }
    /// Whether `posterior` can be asked for.
    public var hasPosterior: Bool { model.composition.outputs[.head] != nil }
    /// The number of labels or clusters, one of which is decoded beside a code; nil where only the code is decoded.
    public var decodedLabels: Int? { model.composition.decodedLabels }

    /// (K, Z): the cluster heads, W_C applied to each one-hot (section 7 of the paper); nil where there are none.
    public var clusterHeads: Matrix? {
        guard let place = model.composition.networks.firstIndex(where: { $0.name == "heads" }) else { return nil }
        let weight = model.networks[place].dense(0, isRectified: false).weight
        let heads = Matrix(rows: weight.columns, columns: weight.rows)
        for head in 0..<heads.rows {
            for dimension in 0..<heads.columns { heads[head, dimension] = weight[dimension, head] }
        }
        return heads
    }

    /// The variant's own figure of held-out images.
    public var variantFigure: VariantFigure? { settings.variantFigure }

    /// A model's outputs for N images; nil where it has no such output.
    public struct Reading: Sendable {
        /// (N, Z).
        public let codes: Matrix
        /// (N, K): of labels or clusters.
        public let labelLogits: Matrix?
        /// (N, 2 Z): of a Gaussian posterior.
        public let posterior: Matrix?
        /// (N, Z): W_C y + z.
        public let representations: Matrix?

        /// (N, K): the softmax of `labelLogits`.
        public var softLabels: Matrix? {
            labelLogits.map { logits in
                let soft = Matrix(rows: logits.rows, columns: logits.columns)
                Softmax.forward(logits, into: soft)
                return soft
            }
        }
    }

    /// Computes all these outputs in one pass; the model must be able to encode.
    ///
    /// - Parameter firstRow: the index of the first image in the whole set. A posterior's draw for an image depends on that index, so that images
    ///   which are read block by block have draws of their own.
    public func read(_ images: [UInt8], firstRow: Int) -> Reading {
        let there = [Composition.Output.code, .label, .head, .representation].filter { model.composition.outputs[$0] != nil }
        let values = Dictionary(uniqueKeysWithValues: zip(there, run(images, there, firstRow: firstRow)))
        guard let codes = values[.code] else { preconditionFailure("the model has no code") }
        return Reading(
            codes: codes, labelLogits: values[.label], posterior: values[.head], representations: values[.representation])
    }

    /// Reads single images of a larger set, each with its own index as its row.
    ///
    /// - Parameter images: returns the image at an index.
    public func read(_ places: [Int], of images: (Int) throws -> [UInt8]) rethrows -> Reading {
        let readings = try places.map { read(try images($0), firstRow: $0) }
        func joined(_ part: (Reading) -> Matrix?) -> Matrix? {
            let rows = readings.compactMap(part)
            guard let first = rows.first else { return nil }
            let whole = Matrix(rows: rows.count, columns: first.columns)
            for (row, values) in rows.enumerated() { whole.row(row).copy(from: values.row(0)) }
            return whole
        }
        return Reading(
            codes: joined(\.codes) ?? Matrix(rows: 0, columns: settings.model.code), labelLogits: joined(\.labelLogits),
            posterior: joined(\.posterior), representations: joined(\.representations))
    }

    /// (N, Z): the codes of N images, each of as many bytes as an image of the run. A posterior gives one sample each, always the same at the same
    /// place.
    public func encode(_ images: [UInt8], firstRow: Int) -> Matrix { run(images, [.code], firstRow: firstRow)[0] }

    /// (N, K): logits of the images' labels or clusters.
    public func labelLogits(_ images: [UInt8], firstRow: Int) -> Matrix { run(images, [.label], firstRow: firstRow)[0] }

    /// (N, P): the images of codes (N, Z), as the output's nonlinearity gives them.
    ///
    /// - Parameter labels: (N, K) where one is decoded beside the code: one-hots, or a softmax's.
    public func decode(_ codes: Matrix, labels: Matrix? = nil) -> Matrix {
        let images = decodedLogits(codes, labels: labels)
        settings.images(of: images.values)
        return images
    }

    /// (N, P): the images of the decoder's logits (N, P), which are not changed.
    public func images(ofLogits logits: Matrix) -> Matrix {
        let images = Matrix(rows: logits.rows, columns: logits.columns)
        images.values.copy(from: logits.values)
        settings.images(of: images.values)
        return images
    }

    /// (N, P): what `decode` puts through the output's nonlinearity.
    func decodedLogits(_ codes: Matrix, labels: Matrix? = nil) -> Matrix {
        precondition(codes.columns == settings.model.code, "codes of \(codes.columns) dimensions, expected \(settings.model.code)")
        precondition(labels?.columns == decodedLabels, "labels of \(labels?.columns ?? 0) columns, expected \(decodedLabels ?? 0)")
        return run([.image], rows: codes.rows) { rows in
            var given: [Given: Matrix] = [.code: Self.block(codes, rows)]
            if let labels { given[.label] = Self.block(labels, rows) }
            return GraphInputs(step: Self.step, batches: [.images: [Self.noImages(rows)]], given: given)
        }[0]
    }

    /// (N, P): decoded codes of images.
    ///
    /// - Parameter labels: the images', where the decoder is told them and the encoder does not find them itself.
    public func reconstruct(_ images: [UInt8], labels: [UInt8] = [], firstRow: Int) -> Matrix {
        reconstruct(read(images, firstRow: firstRow), labels: labels)
    }

    /// (N, P): the same from a reading of the images.
    public func reconstruct(_ reading: Reading, labels: [UInt8] = []) -> Matrix {
        let images = reconstructedLogits(reading, labels: labels)
        settings.images(of: images.values)
        return images
    }

    /// (N, P): the logits of the same, for callers that need more than the images.
    public func reconstructedLogits(_ reading: Reading, labels: [UInt8] = []) -> Matrix {
        let codes = reading.codes
        guard let columns = decodedLabels else { return decodedLogits(codes) }
        if let soft = reading.softLabels { return decodedLogits(codes, labels: soft) }
        precondition(labels.count == codes.rows, "\(labels.count) labels of \(codes.rows) images")
        return decodedLogits(codes, labels: Self.oneHots(labels.map(Int.init), classes: columns))
    }

    /// (N, K): a one-hot in each row; only zeros where a label is none of the classes.
    public static func oneHots(_ labels: [Int], classes: Int) -> Matrix {
        let matrix = Matrix(rows: labels.count, columns: classes)
        for (row, label) in labels.enumerated() where (0..<classes).contains(label) { matrix[row, label] = 1 }
        return matrix
    }

    // MARK: Block by block

    private func run(_ images: [UInt8], _ outputs: [Composition.Output], firstRow: Int) -> [Matrix] {
        let pixels = settings.pixels
        precondition(images.count % pixels == 0, "\(images.count) bytes are not whole images of \(pixels)")
        return run(outputs, rows: images.count / pixels) { rows in
            Self.inputs(
                images[rows.lowerBound * pixels..<rows.upperBound * pixels], pixels: pixels,
                firstRow: firstRow + rows.lowerBound)
        }
    }

    /// A block of images, filled up with black ones.
    static func inputs(_ images: ArraySlice<UInt8>, pixels: Int, firstRow: Int) -> GraphInputs {
        let bytes = Array(images) + [UInt8](repeating: 0, count: blockRows * pixels - images.count)
        let shard = ShardImages(
            shard: 0, rows: firstRow..<firstRow + blockRows, images: bytes, labels: [UInt8](repeating: .max, count: blockRows))
        return GraphInputs(step: step, batches: [.images: [shard]])
    }

    static func noImages(_ rows: Range<Int>) -> ShardImages {
        ShardImages(
            shard: 0, rows: rows.lowerBound..<rows.lowerBound + blockRows, images: [],
            labels: [UInt8](repeating: .max, count: blockRows))
    }

    /// Rows of a matrix, filled up with zeros to a block.
    static func block(_ matrix: Matrix, _ rows: Range<Int>) -> Matrix {
        let block = Matrix(rows: blockRows, columns: matrix.columns)
        block.rows(0..<rows.count).values.copy(from: matrix.rows(rows).values)
        return block
    }

    private func run(_ outputs: [Composition.Output], rows count: Int, inputs: (Range<Int>) -> GraphInputs) -> [Matrix] {
        let nodes = outputs.map { output in
            guard let node = model.composition.outputs[output] else { preconditionFailure("the model has no \(output)") }
            return node
        }
        if !FloatingPoint.modesAreSet { FloatingPoint.setModes() }
        let graph = model.composition.graph
        let order = graph.order(for: nodes)
        let values = GraphValues(
            order, of: model, settings: settings, shards: 1, mostRows: { _ in Self.blockRows }, population: population)
        let results = nodes.map { Matrix(rows: count, columns: graph[$0].columns) }
        for start in stride(from: 0, to: count, by: Self.blockRows) {
            let rows = start..<min(start + Self.blockRows, count)
            values.load(inputs(rows), shards: [0], counts: [.images: [Self.blockRows]])
            order.forEach(values.compute)
            for (node, result) in zip(nodes, results) {
                result.rows(rows).values.copy(from: values.value(node).rows(0..<rows.count).values)
            }
        }
        return results
    }
}
