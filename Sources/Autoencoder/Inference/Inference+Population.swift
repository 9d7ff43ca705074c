import Kernels
import Layers

/// Images over which a model's norms take the moments that they are evaluated by.
public struct PopulationImages: Sendable {
    public let count: Int
    /// The bytes of some of them, one image after the other.
    public let images: @Sendable (Range<Int>) -> [UInt8]
    /// Their labels; asked for only where the decoder is told them.
    public let labels: @Sendable (Range<Int>) -> [UInt8]

    public init(
        count: Int, images: @escaping @Sendable (Range<Int>) -> [UInt8], labels: @escaping @Sendable (Range<Int>) -> [UInt8]
    ) {
        self.count = count
        self.images = images
        self.labels = labels
    }
}

extension TrainingSettings {
    /// Whether a trained model has norms, whose moments must be found before it is evaluated.
    public var hasNorms: Bool { parts.norm != NormSettings() && !composition.norms.isEmpty }
}

extension Inference {
    /// Images whose sums are taken together; they are added chunk by chunk, so that threads change nothing.
    private static let chunkBlocks = 20

    /// Mean and variance of the columns of every norm over clean images: the same for all who ask (paper.md section 1, "Batch norm").
    ///
    /// A phase normalises by its own minibatch, whose images are noisy or labelled, so nothing can be kept from training. The norms are gone
    /// through in their order, each with those below it settled; the decoder's from the images' own codes.
    ///
    /// - Parameters:
    ///   - tensors: of a state.
    ///   - averaged: take the averaged weights.
    ///   - pace: called before each piece of the work; what it throws ends it.
    /// - Returns: the tensors that `init` looks for beside the parameters.
    public static func populationMoments(
        _ settings: TrainingSettings, tensors: [Tensor], averaged: Bool, over images: PopulationImages, team: ThreadTeam,
        pace: @Sendable () throws -> Void = {}
    ) throws -> [Tensor] {
        precondition(images.count > 0, "moments of no image")
        var inference = try Inference(settings, tensors: tensors, averaged: averaged, hasMoments: false)
        var found: [Tensor] = []
        var decoded: DecodedInputs?
        for norm in inference.model.composition.norms {
            let isDecoded = inference.isDecoded(norm.node)
            if isDecoded, decoded == nil { decoded = try inference.decodedInputs(of: images, team, pace) }
            let sums = try inference.sums(of: norm.node, images, isDecoded ? decoded : nil, team, pace)
            let moments = ColumnMoments(columns: sums.count / 2)
            moments.set(sums: sums, rows: images.count)
            inference.population[norm.place] = moments
            for (name, values) in [(StateNames.mean(norm.name), moments.mean), (StateNames.variance(norm.name), moments.variance)] {
                found.append(Tensor(name: name, shape: [values.count], values: .f32(values)))
            }
        }
        return found
    }

    /// What the decoder gets of each image.
    private struct DecodedInputs: Sendable {
        let codes: Matrix
        let labels: Matrix?
    }

    private func isDecoded(_ node: Node) -> Bool {
        let graph = model.composition.graph
        return graph.order(for: [node]).contains { if case .given = graph[$0].operation { true } else { false } }
    }

    /// Codes and labels of all images; samples of the prior where none is encoded.
    private func decodedInputs(
        of images: PopulationImages, _ team: ThreadTeam, _ pace: @Sendable () throws -> Void
    ) throws -> DecodedInputs {
        guard canEncode else {
            let codes = Matrix(rows: images.count, columns: settings.model.code)
            settings.prior.sample(
                into: codes, source: RandomSource(seed: settings.seed, purpose: .evaluation, step: Self.step), firstRow: 0)
            return DecodedInputs(codes: codes, labels: nil)
        }
        let codes = Matrix(rows: images.count, columns: settings.model.code)
        let labels = decodedLabels.map { Matrix(rows: images.count, columns: $0) }
        _ = try team.map((images.count + Self.blockRows - 1) / Self.blockRows) { block in
            try pace()
            let rows = block * Self.blockRows..<min((block + 1) * Self.blockRows, images.count)
            let bytes = images.images(rows)
            codes.rows(rows).values.copy(from: encode(bytes).values)
            guard let labels else { return }
            if canLabel {
                Softmax.forward(labelLogits(bytes), into: labels.rows(rows))
            } else {
                let own = images.labels(rows).map(Int.init)
                labels.rows(rows).values.copy(from: Self.oneHots(own, classes: labels.columns).values)
            }
        }
        return DecodedInputs(codes: codes, labels: labels)
    }

    /// Σ x and Σ x² of the columns that a norm normalises, over all images.
    private func sums(
        of node: Node, _ images: PopulationImages, _ decoded: DecodedInputs?, _ team: ThreadTeam,
        _ pace: @Sendable () throws -> Void
    ) throws -> Slice<Double> {
        let graph = model.composition.graph
        let input = graph[node].inputs[0]
        let order = graph.order(for: [input])
        let blocks = (images.count + Self.blockRows - 1) / Self.blockRows
        let chunks = try team.map((blocks + Self.chunkBlocks - 1) / Self.chunkBlocks) { chunk in
            try pace()
            if !FloatingPoint.modesAreSet { FloatingPoint.setModes() }
            let values = GraphValues(
                order, of: model, settings: settings, shards: 1, mostRows: { _ in Self.blockRows }, population: population)
            let (sums, part) = (
                Storage<Double>(count: 2 * graph[node].columns).all, Storage<Double>(count: 2 * graph[node].columns).all
            )
            for block in chunk * Self.chunkBlocks..<min((chunk + 1) * Self.chunkBlocks, blocks) {
                let rows = block * Self.blockRows..<min((block + 1) * Self.blockRows, images.count)
                values.load(inputs(rows, images, decoded), shards: [0], counts: [.images: [Self.blockRows]])
                order.forEach(values.compute)
                BatchNorm.forwardSums(values.value(input).rows(0..<rows.count), into: part)
                for index in sums.indices { sums[index] += part[index] }
            }
            return sums
        }
        return Replica.total(chunks)
    }

    private func inputs(_ rows: Range<Int>, _ images: PopulationImages, _ decoded: DecodedInputs?) -> GraphInputs {
        guard let decoded else { return Self.inputs(images.images(rows)[...], pixels: settings.pixels, firstRow: rows.lowerBound) }
        var given: [Given: Matrix] = [.code: Self.block(decoded.codes, rows)]
        if let labels = decoded.labels { given[.label] = Self.block(labels, rows) }
        return GraphInputs(step: Self.step, batches: [.images: [Self.noImages(rows)]], given: given)
    }
}

extension Composition {
    /// The norms of a trained model, each after those below it; `name` is `encoder.0`.
    var norms: [(node: Node, place: NormPlace, name: String)] {
        graph.order(for: Array(outputs.values)).compactMap { node in
            guard case .normalise(let network, let layer, _) = graph[node].operation else { return nil }
            return (node, NormPlace(network: network, layer: layer), "\(networks[network].name).\(layer)")
        }
    }
}
