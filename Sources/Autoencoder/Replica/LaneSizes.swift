import Kernels
import Layers

/// The sizes of a lane's memory, before any is allocated: the one account of them, both for the allocation and for the check beforehand.
struct LaneSizes {
    let shards: Int
    /// Every value that a phase needs, each after what it needs.
    let nodes: [Node]
    /// Floats of each of the gradients on their way back.
    let gradients: [Int]
    /// Floats of a further gradient, or of a mask.
    let further: Int
    /// Floats of one shard's gradient of a tensor, or of what is laid out for one.
    let tile: Int
    private let graph: Graph
    private let shardRows: [Stream: Int]
    private let alignment: Int

    /// - Parameter threads: those that share its products.
    init(shards: Int, threads: Int, settings: TrainingSettings, composition: Composition, programs: [PhaseProgram]) {
        self.shards = shards
        let graph = composition.graph
        self.graph = graph
        let alignment = RowBlocks.alignment(settings.engine)
        self.alignment = alignment
        let mostRows = Dictionary(
            uniqueKeysWithValues: Stream.allCases.map {
                ($0, ShardGeometry.mostRows(minibatch: settings.mostRows(of: $0), shards: settings.shards))
            })
        shardRows = mostRows
        nodes = graph.order(for: programs.flatMap(\.forward))
        func elements(_ node: Node) -> Int { Self.elements(graph[node], shards: shards, mostRows: mostRows, alignment) }
        let slots = programs.flatMap(\.slots)
        gradients = (0..<(slots.map { $0.value + 1 }.max() ?? 0)).map { slot in
            slots.filter { $0.value == slot }.map { elements($0.key) }.max() ?? 0
        }
        let twice = programs.flatMap { program in
            program.backward.flatMap(\.adds) + program.terms.compactMap(\.root).filter { !program.replaced.contains($0) }
                + program.backward.map(\.node).filter { if case .drop = graph[$0].operation { true } else { false } }
        }
        further = twice.map(elements).max() ?? 0
        let weights = composition.networks.flatMap { $0.layout.tensors.map(\.count) }.max() ?? 1
        let rows = nodes.map { graph[$0].multiple * (mostRows[graph[$0].stream] ?? 0) }.max() ?? 0
        let laidOut = settings.engine == .portable ? shards * min(rows, ExactProduct.mostRows) : 0
        tile = max(weights, threads * ExactProduct.scratchElements(rows: laidOut, shards: shards))
    }

    /// The most rows of a shard of a stream.
    func mostRows(_ stream: Stream) -> Int { shardRows[stream] ?? 0 }

    private static func elements(_ vertex: Graph.Vertex, shards: Int, mostRows: [Stream: Int], _ alignment: Int) -> Int {
        vertex.columns
            * RowBlocks.capacity(blocks: shards, rows: vertex.multiple * (mostRows[vertex.stream] ?? 0), alignment: alignment)
    }

    /// Bytes of all of it.
    var bytes: Int {
        let values = nodes.map { Self.elements(graph[$0], shards: shards, mostRows: shardRows, alignment) }
        let floats = values + gradients + [further, tile]
        let norms = nodes.reduce(0) { sum, node in
            guard case .normalise(_, _, let kind) = graph[node].operation else { return sum }
            return sum + NormValues.bytes(columns: graph[node].columns, shards: shards, isShared: kind == .batch)
        }
        return floats.reduce(norms) { $0 + Storage<Float>.bytes($1) }
    }
}
