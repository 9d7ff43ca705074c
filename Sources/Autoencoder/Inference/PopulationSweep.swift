import Kernels
import Layers

/// Goes through a population's images for one norm after the other, chunk by chunk, and keeps of each chunk what the next norm needs.
final class PopulationSweep: Sendable {
    private let images: PopulationImages
    private let kept: Int
    private let chunks: [Chunk]

    /// What is kept of a chunk. One thread at a time uses it.
    private final class Chunk: @unchecked Sendable {
        let blocks: Range<Int>
        /// A norm's input, the rows of whole blocks.
        var value: (node: Node, rows: Matrix)?
        /// The decoder's inputs for its images, one entry for each block.
        var given: [[Given: Matrix]]?

        init(_ blocks: Range<Int>) { self.blocks = blocks }
    }

    /// - Parameter kept: bytes of values that are kept at most, and of codes.
    init(_ images: PopulationImages, keeping kept: Int) {
        self.images = images
        self.kept = kept
        let blocks = (images.count + Inference.blockRows - 1) / Inference.blockRows
        chunks = stride(from: 0, to: blocks, by: Inference.chunkBlocks).map {
            Chunk($0..<min($0 + Inference.chunkBlocks, blocks))
        }
    }

    /// Σ x and Σ x² of the columns that a norm normalises, over all images.
    ///
    /// - Parameters:
    ///   - inference: has the moments of the norms below it.
    ///   - isKept: whether a norm above will need this norm's input.
    func sums(
        of norm: Node, _ inference: Inference, isKept: Bool, _ team: ThreadTeam, _ pace: @Sendable () throws -> Void
    ) throws -> Slice<Double> {
        let graph = inference.model.composition.graph
        let input = graph[norm].inputs[0]
        let bytes = graph[input].columns * Inference.blockRows * Inference.chunkBlocks * MemoryLayout<Float>.size
        let mostKept = isKept ? kept / bytes : 0
        let sums = try team.map(chunks.count) { index in
            try pace()
            if !FloatingPoint.modesAreSet { FloatingPoint.setModes() }
            return self.sums(of: input, inference, chunk: index, isKept: index < mostKept)
        }
        return Replica.total(sums)
    }

    private func sums(of input: Node, _ inference: Inference, chunk index: Int, isKept: Bool) -> Slice<Double> {
        let chunk = chunks[index]
        let graph = inference.model.composition.graph
        let known = chunk.value
        let order = graph.order(for: [input], given: known?.node)
        let values = GraphValues(
            order, of: inference.model, settings: inference.settings, shards: 1, mostRows: { _ in Inference.blockRows },
            population: inference.population)
        let columns = graph[input].columns
        let (sums, part) = (Storage<Double>(count: 2 * columns).all, Storage<Double>(count: 2 * columns).all)
        let result = isKept ? Matrix(rows: chunk.blocks.count * Inference.blockRows, columns: columns) : nil
        for (place, block) in chunk.blocks.enumerated() {
            let rows = block * Inference.blockRows..<min((block + 1) * Inference.blockRows, images.count)
            let own = place * Inference.blockRows..<(place + 1) * Inference.blockRows
            let inputs = inputs(rows, place, order.map { graph[$0].operation }, inference, chunk: index)
            values.load(inputs, shards: [0], counts: [.images: [Inference.blockRows]])
            for node in order {
                if let known, known.node == node {
                    values.value(node).values.copy(from: known.rows.rows(own).values)
                } else {
                    values.compute(node)
                }
            }
            let value = values.value(input)
            result?.rows(own).values.copy(from: value.values)
            BatchNorm.forwardSums(value.rows(0..<rows.count), into: part)
            for index in sums.indices { sums[index] += part[index] }
        }
        chunk.value = result.map { (input, $0) }
        return sums
    }

    /// What the operations of a block need from outside.
    private func inputs(
        _ rows: Range<Int>, _ place: Int, _ operations: [Operation], _ inference: Inference, chunk index: Int
    ) -> GraphInputs {
        if operations.contains(.image) {
            return Inference.inputs(images.images(rows)[...], pixels: inference.settings.pixels, firstRow: rows.lowerBound)
        }
        var inputs = GraphInputs(step: Inference.step, batches: [.images: [Inference.noImages(rows)]])
        guard operations.contains(where: { if case .given = $0 { true } else { false } }) else { return inputs }
        let chunk = chunks[index]
        if let given = chunk.given, place < given.count {
            inputs.given = given[place]
            return inputs
        }
        inputs.given = given(rows, inference)
        let bytes = inputs.given.values.reduce(0) { $0 + $1.values.count } * MemoryLayout<Float>.size
        // Blocks come in order, so their inputs are appended.
        if (index + 1) * Inference.chunkBlocks * bytes <= kept { chunk.given = (chunk.given ?? []) + [inputs.given] }
        return inputs
    }

    /// Codes and labels of a block of images; samples of the prior where none is encoded.
    private func given(_ rows: Range<Int>, _ inference: Inference) -> [Given: Matrix] {
        guard inference.canEncode else {
            let codes = Matrix(rows: rows.count, columns: inference.settings.model.code)
            inference.settings.prior.sample(
                into: codes, source: RandomSource(seed: inference.settings.seed, purpose: .evaluation, step: Inference.step),
                firstRow: rows.lowerBound)
            return [.code: Inference.block(codes, 0..<rows.count)]
        }
        let bytes = images.images(rows)
        var given: [Given: Matrix] = [.code: Inference.block(inference.encode(bytes, firstRow: rows.lowerBound), 0..<rows.count)]
        guard let columns = inference.decodedLabels else { return given }
        let labels: Matrix
        if inference.canLabel {
            labels = Matrix(rows: rows.count, columns: columns)
            Softmax.forward(inference.labelLogits(bytes, firstRow: rows.lowerBound), into: labels)
        } else {
            labels = Inference.oneHots(images.labels(rows).map(Int.init), classes: columns)
        }
        given[.label] = Inference.block(labels, 0..<rows.count)
        return given
    }
}
