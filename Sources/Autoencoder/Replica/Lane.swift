import Kernels
import Layers

/// One thread's share of a worker: contiguous shards and the values of the graph for their rows, reused by all phases.
public final class Lane: @unchecked Sendable {
    /// Numbers in the global minibatch.
    public let shards: Range<Int>
    /// The step whose images the lane holds, counted from 0.
    public private(set) var step: UInt64?

    let settings: TrainingSettings
    let model: Model
    let scratch: BackwardScratch
    /// By the rows that a value has for each row of the minibatch.
    private var blocks: [Int: RowBlocks] = [:]
    /// Each shard's first row in the global minibatch.
    private(set) var firstRows: [Int] = []
    private(set) var images: [ShardImages] = []

    private let values: [Node: Workspace]
    private let activations: [Node: Activations]
    private let gradients: [Node: Workspace]
    private let sum: Workspace?
    /// For which step and which parameters each value was computed.
    private var stamps: [Node: Stamp] = [:]

    private struct Stamp: Equatable {
        let step: UInt64
        /// Changes so far to the networks below the value.
        let versions: [UInt64]
    }

    init(shards: Range<Int>, settings: TrainingSettings, model: Model) {
        self.shards = shards
        self.settings = settings
        self.model = model
        let graph = model.composition.graph
        let most = ShardGeometry.mostRows(minibatch: settings.minibatch, shards: settings.shards)
        func capacity(_ node: Node) -> Int { RowBlocks.capacity(blocks: shards.count, rows: graph[node].multiple * most) }
        func workspace(_ node: Node) -> Workspace { Workspace(columns: graph[node].columns, capacity: capacity(node)) }
        let used = graph.order(for: model.programs.flatMap(\.forward))
        var (values, activations): ([Node: Workspace], [Node: Activations]) = ([:], [:])
        for node in used {
            if case .apply(let network) = graph[node].operation {
                activations[node] = Activations(widths: model.networks[network].widths, capacity: capacity(node))
            } else {
                values[node] = workspace(node)
            }
        }
        (self.values, self.activations) = (values, activations)
        let inner = model.programs.flatMap(\.backward)
        let receiving = Set(inner.flatMap(\.inputs))
        gradients = Dictionary(uniqueKeysWithValues: receiving.map { ($0, workspace($0)) })
        let widest = inner.flatMap(\.adds).max { graph[$0].columns * graph[$0].multiple < graph[$1].columns * graph[$1].multiple }
        sum = widest.map(workspace)
        let hidden = model.networks.flatMap { $0.widths.dropFirst().dropLast() }
        let tensors = model.networks.flatMap { $0.layout.tensors.map(\.count) }
        scratch = BackwardScratch(
            width: hidden.max() ?? 1, capacity: used.map(capacity).max() ?? 0, tensor: tensors.max() ?? 1)
    }

    /// Gives the lane a step's images. They are converted when the step's first phase runs, on the lane's thread.
    ///
    /// - Parameters:
    ///   - step: counted from 0.
    ///   - minibatch: B of that step.
    ///   - images: those of the lane's shards in any order; others are ignored.
    public func load(step: UInt64, minibatch: Int, images: [ShardImages]) {
        precondition(minibatch <= settings.minibatch, "a minibatch of \(minibatch) in workspaces for \(settings.minibatch)")
        self.step = step
        self.images = shards.map { shard in
            guard let image = images.first(where: { $0.shard == shard }) else {
                preconditionFailure("no images of shard \(shard)")
            }
            let rows = ShardGeometry.rows(ofShard: shard, minibatch: minibatch, shards: settings.shards)
            precondition(image.rows == rows, "shard \(shard) has rows \(image.rows), expected \(rows)")
            precondition(image.images.count == rows.count * settings.pixels, "shard \(shard): images of another size")
            return image
        }
        let once = RowBlocks(shards: Array(shards), counts: self.images.map(\.rows.count))
        blocks = [1: once, 2: once.scaled(by: 2)]
        firstRows = self.images.map(\.rows.lowerBound)
        stamps = [:]
    }

    // MARK: The values of the graph

    func vertex(_ node: Node) -> Graph.Vertex { model.composition.graph[node] }

    /// The rows of the lane's shards in a value.
    func blocks(_ node: Node) -> RowBlocks {
        let multiple = vertex(node).multiple
        return blocks[multiple] ?? blocks[1]!.scaled(by: multiple)
    }

    /// (B, columns); B, here and below, with the rows between the blocks.
    func value(_ node: Node) -> Matrix {
        let rows = blocks(node).rows
        return values[node]?.matrix(rows: rows) ?? activations[node]!.output(rows: rows)
    }

    /// The outputs of the layers of a network that was applied.
    func activations(_ node: Node) -> Activations { activations[node]! }

    /// (B, columns): the gradient by a value on its way back.
    func gradient(_ node: Node) -> Matrix { gradients[node]!.matrix(rows: blocks(node).rows) }

    /// (B, columns): a further gradient by a value that has received one.
    func further(_ node: Node) -> Matrix { sum!.matrix(rows: blocks(node).rows, columns: vertex(node).columns) }

    /// Runs `compute` for the values among these that were not computed for the step's images and the parameters as they are.
    ///
    /// - Parameter versions: changes so far to each network.
    func refresh(_ nodes: [Node], versions: [UInt64], compute: (Node) -> Void) {
        for node in nodes {
            let stamp = Stamp(step: step!, versions: vertex(node).below.sorted().map { versions[$0] })
            if stamps[node] == stamp { continue }
            compute(node)
            stamps[node] = stamp
        }
    }

    /// What stood there is no more: a gradient has taken its place.
    func spoil(_ node: Node) { stamps[node] = nil }
}

extension TrainingSettings {
    /// Draws the input noise of some rows of a step's minibatch.
    ///
    /// - Parameters:
    ///   - noise: (rows, pixels), overwritten.
    ///   - firstRow: its first row in the global minibatch.
    func fillInputNoise(_ noise: Matrix, step: UInt64, firstRow: Int) {
        RandomSource(seed: seed, purpose: .inputNoise, step: step)
            .fillNormal(noise, firstRow: firstRow, std: Float(inputNoise))
    }
}
