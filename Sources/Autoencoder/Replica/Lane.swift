import Kernels
import Layers

/// One thread's share of a worker, or that of several where threads outnumber shards: contiguous shards and the values of the graph for their rows,
/// reused by all phases.
public final class Lane: @unchecked Sendable {
    /// The lane's shards, by their numbers in the global minibatch.
    public let shards: Range<Int>
    /// The step whose images the lane holds, counted from 0.
    public private(set) var step: UInt64?

    let settings: TrainingSettings
    let model: Model
    let values: GraphValues
    /// For each stream, the images of the lane's shards.
    private(set) var batches: [Stream: [ShardImages]] = [:]
    /// Buffers for gradients on their way back, as few as the phases need at a time.
    private let gradients: [Storage<Float>]
    private let sum: Storage<Float>
    /// For one shard's gradient of a weight.
    let tile: Slice<Float>
    /// Threads that share the products, the lane's own being its first; nil where that is the only one.
    let team: ThreadTeam?
    /// For which step and which parameters each value was computed, and the sums of its columns.
    private var stamps: [Node: Stamp] = [:]
    private var sumStamps: [Node: Stamp] = [:]
    /// Reports of the phase under way, one for each shard.
    var reports: [ShardReport] = []

    private struct Stamp: Equatable {
        let step: UInt64
        /// Changes so far to the networks below the value, added up: each of them only grows.
        let changes: UInt64
    }

    init(shards: Range<Int>, threads: Int, settings: TrainingSettings, model: Model) {
        self.shards = shards
        self.settings = settings
        self.model = model
        let sizes = LaneSizes(
            shards: shards.count, threads: threads, settings: settings, composition: model.composition, programs: model.programs)
        team = threads > 1 ? ThreadTeam(threads: threads, name: "product") : nil
        values = GraphValues(
            sizes.nodes, of: model, settings: settings, shards: shards.count, mostRows: sizes.mostRows, team: team)
        gradients = sizes.gradients.map { Storage<Float>(count: $0) }
        sum = Storage<Float>(count: sizes.further)
        tile = Storage<Float>(count: sizes.tile).all
    }

    /// Gives the lane a step's images. They are converted when the step's first phase runs, on the lane's thread.
    ///
    /// - Parameters:
    ///   - step: counted from 0.
    ///   - images: of each stream that the settings have, those of the lane's shards in any order; others are ignored.
    public func load(step: UInt64, images: [Stream: [ShardImages]]) {
        self.step = step
        batches = [:]
        for stream in Stream.allCases where settings.mostRows(of: stream) > 0 {
            let minibatch = settings.minibatchSize(of: stream, ofStep: step)
            batches[stream] = shards.map { shard in
                guard let image = images[stream]?.first(where: { $0.shard == shard }) else {
                    preconditionFailure("no \(stream) of shard \(shard)")
                }
                let rows = ShardGeometry.rows(ofShard: shard, minibatch: minibatch, shards: settings.shards)
                precondition(image.rows == rows, "shard \(shard) has rows \(image.rows), expected \(rows)")
                precondition(image.images.count == rows.count * settings.pixels, "shard \(shard): images of another size")
                return image
            }
        }
        values.load(
            GraphInputs(step: step, batches: batches), shards: Array(shards),
            counts: batches.mapValues { $0.map(\.rows.count) })
        stamps.removeAll(keepingCapacity: true)
        sumStamps.removeAll(keepingCapacity: true)
    }

    // MARK: The values of the graph

    func vertex(_ node: Node) -> Graph.Vertex { values.vertex(node) }

    /// The rows of the lane's shards in a value.
    func blocks(_ node: Node) -> RowBlocks { values.blocks(node) }

    /// (B, columns). Here and below, B includes the rows between the blocks.
    func value(_ node: Node) -> Matrix { values.value(node) }

    /// (B, columns): the gradient by a value on its way back.
    func gradient(_ node: Node, _ program: PhaseProgram) -> Matrix {
        if program.replaced.contains(node) { return value(node) }
        return matrix(node, gradients[program.slots[node]!])
    }

    /// (B, columns): a second gradient of a value that already has one, or a dropout mask.
    func further(_ node: Node) -> Matrix { matrix(node, sum) }

    private func matrix(_ node: Node, _ storage: Storage<Float>) -> Matrix {
        let (rows, columns) = (blocks(node).rows, vertex(node).columns)
        return Matrix(storage[0..<rows * columns], rows: rows, columns: columns)
    }

    /// Runs `compute` unless the value is up to date for the step's images and the present parameters.
    ///
    /// - Parameter versions: changes so far to each network.
    func refresh(_ node: Node, versions: [UInt64], compute: () -> Void) {
        let stamp = stamp(node, versions)
        if stamps[node] == stamp { return }
        compute()
        stamps[node] = stamp
    }

    /// The same for the sums of a value's columns.
    func refreshSums(_ node: Node, versions: [UInt64], compute: () -> Void) {
        let stamp = stamp(node, versions)
        if sumStamps[node] == stamp { return }
        compute()
        sumStamps[node] = stamp
    }

    private func stamp(_ node: Node, _ versions: [UInt64]) -> Stamp {
        Stamp(step: step!, changes: vertex(node).below.reduce(0) { $0 + versions[$1] })
    }

    /// Marks a value as stale: a gradient has overwritten it.
    func spoil(_ node: Node) { stamps[node] = nil }
}
