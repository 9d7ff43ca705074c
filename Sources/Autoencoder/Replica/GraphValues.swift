import Kernels
import Layers

// Shapes of this file: B rows of the matrix that holds the blocks of some shards.

/// The values of a graph for the rows of some shards, and how each comes from others.
final class GraphValues {
    let model: Model
    private let settings: TrainingSettings
    private let workspaces: [Node: Workspace]
    /// Sums and moments of the norms among them.
    private(set) var norms: [Node: NormValues] = [:]
    private var inputs = GraphInputs(step: 0)
    /// By stream and by the rows that a value has for each row of the minibatch.
    private var blocks: [Stream: [Int: RowBlocks]] = [:]

    /// - Parameters:
    ///   - nodes: those that will be asked for, with what they need.
    ///   - shards: blocks of rows.
    ///   - mostRows: of a stream's block at most.
    ///   - population: moments by which norms are evaluated, by network and layer; nil in training, where the minibatch has its own.
    init(
        _ nodes: [Node], of model: Model, settings: TrainingSettings, shards: Int, mostRows: (Stream) -> Int,
        population: [NormPlace: ColumnMoments]? = nil
    ) {
        self.model = model
        self.settings = settings
        let graph = model.composition.graph
        workspaces = Dictionary(
            uniqueKeysWithValues: nodes.map { node in
                let vertex = graph[node]
                let capacity = RowBlocks.capacity(blocks: shards, rows: vertex.multiple * mostRows(vertex.stream))
                return (node, Workspace(columns: vertex.columns, capacity: capacity))
            })
        for node in nodes {
            guard case .normalise(let network, let layer, let kind) = graph[node].operation else { continue }
            norms[node] = NormValues(
                columns: graph[node].columns, shards: shards, isShared: kind == .batch,
                fixed: population?[NormPlace(network: network, layer: layer)])
        }
    }

    /// What the next values are computed from.
    func load(_ inputs: GraphInputs, shards: [Int], counts: [Stream: [Int]]) {
        self.inputs = inputs
        blocks = counts.mapValues { [1: RowBlocks(shards: shards, counts: $0)] }
        for (stream, once) in blocks { blocks[stream]![2] = once[1]!.scaled(by: 2) }
    }

    func vertex(_ node: Node) -> Graph.Vertex { model.composition.graph[node] }

    /// The rows of the shards in a value.
    func blocks(_ node: Node) -> RowBlocks {
        let vertex = vertex(node)
        guard let byMultiple = blocks[vertex.stream] else { preconditionFailure("no rows of \(vertex.stream) were loaded") }
        return byMultiple[vertex.multiple] ?? byMultiple[1]!.scaled(by: vertex.multiple)
    }

    /// (B, columns)
    func value(_ node: Node) -> Matrix {
        guard let workspace = workspaces[node] else { preconditionFailure("no memory for \(vertex(node).operation)") }
        return workspace.matrix(rows: blocks(node).rows)
    }

    /// The labels of a shard's rows, by its place among the blocks.
    func labels(_ stream: Stream, block: Int) -> Slice<UInt8> { Slice(inputs.batches[stream]![block].labels) }

    // MARK: Each value from those before it

    func compute(_ node: Node) {
        let vertex = vertex(node)
        let y = value(node)
        func x(_ index: Int) -> Matrix { value(vertex.inputs[index]) }
        switch vertex.operation {
        case .image, .label, .given, .corrupt, .noise, .drop, .prior:
            take(node, vertex, into: y)
        case .dense(let network, let layer, let isRectified):
            model.networks[network].dense(layer, isRectified: isRectified).forward(x(0), into: y, blocks: blocks(node))
        case .normalise(let network, let layer, _):
            let norm = model.networks[network].norm(layer)
            let values = norms[node]!
            eachBlock(node) { rows, block in norm.forward(x(0).rows(rows), moments: values.moments(block), into: y.rows(rows)) }
        case .rectify:
            eachBlock(node) { rows, _ in
                y.rows(rows).values.copy(from: x(0).rows(rows).values)
                Elementwise.relu(y.rows(rows).values)
            }
        case .columns(let range):
            eachBlock(node) { rows, _ in ColumnRange(range).forward(x(0).rows(rows), into: y.rows(rows)) }
        case .join:
            let places = Join.places(columns: vertex.inputs.map { self.vertex($0).columns })
            eachBlock(node) { rows, _ in
                for (index, place) in places.enumerated() { Join.forward(x(index).rows(rows), at: place, into: y.rows(rows)) }
            }
        case .add:
            eachBlock(node) { rows, _ in Elementwise.add(x(0).rows(rows).values, x(1).rows(rows).values, into: y.rows(rows).values)
            }
        case .stack:
            stack(vertex.inputs, into: node)
        case .softmax:
            eachBlock(node) { rows, _ in Softmax.forward(x(0).rows(rows), into: y.rows(rows)) }
        case .sigmoid:
            eachBlock(node) { rows, _ in Elementwise.sigmoid(x(0).rows(rows).values, into: y.rows(rows).values) }
        case .posterior:
            eachBlock(node) { rows, _ in
                GaussianPosterior.forward(x(0).rows(rows), noise: x(1).rows(rows), into: y.rows(rows))
            }
        }
    }

    /// What comes from outside, and what is drawn.
    private func take(_ node: Node, _ vertex: Graph.Vertex, into y: Matrix) {
        let stream = vertex.stream
        eachBlock(node) { rows, block in
            let y = y.rows(rows)
            switch vertex.operation {
            case .image:
                Elementwise.bytesToUnit(inputs.batches[stream]![block].images[...], into: y.values)
            case .label(let classes, let hasColumnForNone):
                y.values.fill(0)
                for (row, label) in inputs.batches[stream]![block].labels.enumerated() {
                    if label < classes { y[row, Int(label)] = 1 } else if hasColumnForNone { y[row, classes] = 1 }
                }
            case .given(let given):
                y.values.copy(from: inputs.given[given]!.rows(rows).values)
            default:
                draw(vertex, into: y, firstRow: inputs.firstRows(stream)[block], labels: inputs.labels(stream, block))
                guard let input = vertex.inputs.first else { return }
                let clean = value(input).rows(rows).values
                if case .drop = vertex.operation {
                    Elementwise.multiply(clean, y.values, into: y.values)
                } else {
                    Elementwise.axpy(1, clean, into: y.values)
                }
            }
        }
    }

    /// The random numbers of some rows of a value: noise, a mask, samples of the prior.
    ///
    /// - Parameters:
    ///   - y: overwritten.
    ///   - firstRow: its first row in the global minibatch.
    func draw(_ vertex: Graph.Vertex, into y: Matrix, firstRow: Int, labels: [UInt8]) {
        vertex.fill(y, settings: settings, step: inputs.step, firstRow: firstRow, labels: labels)
    }

    private func eachBlock(_ node: Node, _ body: (_ rows: Range<Int>, _ block: Int) -> Void) {
        for (block, rows) in blocks(node).ranges.enumerated() where !rows.isEmpty { body(rows, block) }
    }

    /// Of each shard first the rows of the first value, then those of the next.
    private func stack(_ inputs: [Node], into node: Node) {
        for (index, pair) in blocks(node).ranges.enumerated() {
            var start = pair.lowerBound
            for input in inputs {
                let rows = blocks(input).ranges[index]
                value(node).rows(start..<start + rows.count).values.copy(from: value(input).rows(rows).values)
                start += rows.count
            }
        }
    }
}

/// What the values of a graph are computed from.
struct GraphInputs {
    /// Counted from 0; what is drawn depends on it.
    let step: UInt64
    /// Images and labels, a block each.
    var batches: [Stream: [ShardImages]] = [:]
    /// (B, columns)
    var given: [Given: Matrix] = [:]

    /// Each block's first row in the global minibatch.
    func firstRows(_ stream: Stream) -> [Int] { batches[stream]!.map(\.rows.lowerBound) }
    func labels(_ stream: Stream, _ block: Int) -> [UInt8] { batches[stream]![block].labels }
}

/// A norm among the networks of a model.
struct NormPlace: Sendable, Hashable {
    let network: Int
    let layer: Int
}

/// What is known of the columns that a norm normalises, for the shards of a lane.
final class NormValues {
    /// Of each shard Σ x and Σ x², in the forward pass.
    let forwardSums: [Slice<Double>]
    /// Of each shard Σ dy and Σ dy x̂, on the way back.
    let backwardSums: [Slice<Double>]
    /// Those of all shards, or of each its own.
    private let backwardTotals: [Slice<Double>]
    private let all: [ColumnMoments]
    private let isFixed: Bool
    private(set) var rows: [Int]

    /// - Parameters:
    ///   - isShared: all shards are normalised together.
    ///   - fixed: moments that are known beforehand.
    init(columns: Int, shards: Int, isShared: Bool, fixed: ColumnMoments?) {
        func sums(_ count: Int) -> [Slice<Double>] { (0..<count).map { _ in Storage<Double>(count: 2 * columns).all } }
        forwardSums = sums(shards)
        backwardSums = sums(shards)
        backwardTotals = isShared ? sums(1) : backwardSums
        isFixed = fixed != nil
        all = fixed.map { [$0] } ?? (0..<(isShared ? 1 : shards)).map { _ in ColumnMoments(columns: columns) }
        rows = [Int](repeating: 0, count: all.count)
    }

    /// Bytes of one in training.
    static func bytes(columns: Int, shards: Int, isShared: Bool) -> Int {
        let sums = Storage<Double>.bytes(2 * columns) * (2 * shards + (isShared ? 1 : 0))
        return sums + 2 * Storage<Float>.bytes(columns) * (isShared ? 1 : shards)
    }

    func moments(_ block: Int) -> ColumnMoments { all.count == 1 ? all[0] : all[block] }
    /// The rows that a block is normalised with.
    func rows(_ block: Int) -> Int { rows.count == 1 ? rows[0] : rows[block] }
    func totals(_ block: Int) -> Slice<Double> { backwardTotals.count == 1 ? backwardTotals[0] : backwardTotals[block] }

    /// Takes the moments of all shards from their sums added up, or of one from its own.
    func receiveForward(_ sums: Slice<Double>, rows count: Int, block: Int = 0) {
        guard !isFixed, count > 0 else { return }
        all[block].set(sums: sums, rows: count)
        rows[block] = count
    }

    func receiveBackward(_ sums: Slice<Double>) { backwardTotals[0].copy(from: sums) }
}

extension Graph.Vertex {
    /// Draws the random numbers of some rows: noise, a mask, samples of the prior.
    ///
    /// - Parameters:
    ///   - y: (rows, columns), overwritten.
    ///   - firstRow: its first row in the global minibatch.
    ///   - labels: one a row, for a prior that has a part for each class.
    func fill(_ y: Matrix, settings: TrainingSettings, step: UInt64, firstRow: Int, labels: [UInt8]) {
        guard let draw else { preconditionFailure("nothing is drawn for \(operation)") }
        let (source, offset) = draw.source(seed: settings.seed, step: step)
        let first = firstRow + offset
        switch operation {
        case .corrupt(_, let std), .noise(_, let std):
            source.fillNormal(y, firstRow: first, std: Float(std))
        case .drop(_, let share):
            Dropout.draw(y, share: share, source: source, firstRow: first)
        case .prior(_, let prior, let classes):
            let labels = classes.map { RowLabels(Slice(labels), classes: $0) }
            prior.sample(into: y, source: source, firstRow: first, labels: labels)
        default:
            preconditionFailure("nothing is drawn for \(operation)")
        }
    }
}
