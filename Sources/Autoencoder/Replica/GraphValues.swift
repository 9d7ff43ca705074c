import Kernels
import Layers

// Shapes of this file: B rows of the matrix that holds the blocks of some shards.

/// The values of a graph for the rows of some shards: their memory, and what they are computed from.
final class GraphValues {
    let model: Model
    let settings: TrainingSettings
    /// Threads that share the products; nil where the computing thread makes them alone.
    let team: ThreadTeam?
    private let workspaces: [Node: Workspace]
    /// Sums and moments of the norms among them.
    private(set) var norms: [Node: NormValues] = [:]
    private(set) var inputs = GraphInputs(step: 0)
    /// Row blocks by stream, and by the number of rows that a value has for each row of the minibatch.
    private var blocks: [Stream: [Int: RowBlocks]] = [:]

    /// - Parameters:
    ///   - nodes: those that will be asked for, with what they need.
    ///   - shards: blocks of rows.
    ///   - mostRows: the most rows of a stream's block.
    ///   - population: moments by which norms are evaluated, by network and layer; nil in training, where the minibatch has its own.
    ///   - team: shares the products.
    init(
        _ nodes: [Node], of model: Model, settings: TrainingSettings, shards: Int, mostRows: (Stream) -> Int,
        population: [NormPlace: ColumnMoments]? = nil, team: ThreadTeam? = nil
    ) {
        self.model = model
        self.settings = settings
        self.team = team
        let graph = model.composition.graph
        let alignment = RowBlocks.alignment(model.arithmetic.engine)
        workspaces = Dictionary(
            uniqueKeysWithValues: nodes.map { node in
                let vertex = graph[node]
                let capacity = RowBlocks.capacity(
                    blocks: shards, rows: vertex.multiple * mostRows(vertex.stream), alignment: alignment)
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
        let alignment = RowBlocks.alignment(model.arithmetic.engine)
        blocks = counts.mapValues { [1: RowBlocks(shards: shards, counts: $0, alignment: alignment)] }
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
}
