import Kernels
import Layers

/// The sizes of a run's arrays, computed without allocating any: a recipe may ask for a model that no machine has the memory for.
extension TrainingSettings {
    /// Parameters of all networks.
    public var parameterCount: Int { composition.networks.reduce(0) { $0 + $1.layout.count } }

    /// Multiply-adds of one row of each stream's minibatch in a step: 22.6 million for an image at 784-1000-1000-8. A value that is not stale is not
    /// counted again. Two streams' minibatches have different numbers of rows.
    public var multiplyAdds: [Stream: Int] { composition.multiplyAdds }

    /// Rows of a stream that the first steps of a run take; an epoch's last minibatch may be smaller than the others.
    public func rows(of stream: Stream, inSteps count: UInt64) -> Double {
        switch stream {
        case .images:
            Double(epochs.done(after: count)) * Double(trainingImages) + Double(epochs.positions(ofStep: count).lowerBound)
        case .labelled: Double(count) * Double(labelledMinibatch)
        }
    }

    /// Multiply-adds of the first steps of a run.
    public func multiplyAdds(inSteps count: UInt64) -> Double {
        multiplyAdds.reduce(0) { $0 + Double($1.value) * rows(of: $1.key, inSteps: count) }
    }

    /// The products of every shard that a step may have: of every layer that a phase runs.
    public var products: [(rows: Int, inputs: Int, outputs: Int)] {
        let rows = Dictionary(uniqueKeysWithValues: Stream.allCases.map { ($0, shardSizes(of: $0)) })
        let composition = composition
        let graph = composition.graph
        struct Layer: Hashable {
            let network: Int
            let layer: Int
        }
        var counts: [Layer: Set<Int>] = [:]
        for node in graph.order(for: composition.phases.flatMap(\.terms).flatMap(\.needs)) {
            guard case .dense(let network, let layer, _) = graph[node].operation else { continue }
            let (multiple, rows) = (graph[node].multiple, rows[graph[node].stream] ?? [])
            counts[Layer(network: network, layer: layer), default: []].formUnion(rows.map { $0 * multiple })
        }
        return composition.networks.enumerated().flatMap { index, network in
            (0..<network.widths.count - 1).flatMap { layer in
                (counts[Layer(network: index, layer: layer)] ?? []).sorted().map {
                    ($0, network.widths[layer], network.widths[layer + 1])
                }
            }
        }
    }

    /// How many rows shards of a stream may have; the last minibatch of an epoch may be shorter.
    private func shardSizes(of stream: Stream) -> Set<Int> {
        let minibatches = Set([0, UInt64(epochs.steps - 1)].map { minibatchSize(of: stream, ofStep: $0) })
        return Set(
            minibatches.flatMap { minibatch in
                (0..<shards).map { ShardGeometry.rows(ofShard: $0, minibatch: minibatch, shards: shards).count }
            }
        ).filter { $0 > 0 }
    }

    /// Bytes of the tensors of a state, as `Replica.state` has them; a few small ones are left out.
    public var stateBytes: Int {
        let composition = composition
        let optimizers = composition.phases.reduce(0) { sum, phase in
            guard let settings = phases[phase.name] else { return sum }
            return sum + settings.optimizer.stateNames.count * composition.count(ofPhase: phase)
        }
        return (parameterCount * (average > 0 ? 2 : 1) + optimizers) * MemoryLayout<Float>.size
    }

    /// Bytes of the sums of all phases: the gradient that a worker exchanges in a step, before it is packed.
    public var sumBytes: Int {
        let composition = composition
        return composition.phases.reduce(0) { $0 + composition.count(ofPhase: $1) } * MemoryLayout<Int32>.size
    }

    /// Bytes of the sums that a replica keeps: a step's only phase has two buffers that alternate.
    public var keptSumBytes: Int { phaseNames.count > 1 ? sumBytes : 2 * sumBytes }

    /// Exchanges of a step: each phase's gradient, and the moments that a batch norm needs from all shards, forward and backward; with the bytes of
    /// all shards' moments.
    public var exchanges: (count: Int, phases: Int, momentBytes: Int) {
        let composition = composition
        let exchanges = composition.phases.flatMap { PhaseProgram($0, graph: composition.graph).segments.map(\.exchange) }
        let columns = exchanges.reduce(0) { if case .moments(_, let columns) = $1 { $0 + columns } else { $0 } }
        return (exchanges.count, composition.phases.count, 2 * columns * shards * MemoryLayout<Double>.size)
    }

    /// Networks with the widths of their layers, in the order in which their weights are drawn.
    public var networkWidths: [(name: String, widths: [Int])] { composition.networks.map { ($0.name, $0.widths) } }

    /// Names and shapes of the parameters of all networks, in the order in which they are drawn.
    public var parameterShapes: [(name: String, shape: [Int])] {
        composition.networks.flatMap { $0.layout.tensors.map { ($0.name, $0.shape) } }
    }

    /// The advice of a command with a --threads flag where memory is short.
    public static let smallerTraining = "take fewer --threads or a smaller model"

    /// Throws unless this process may have the memory for training, less `held` bytes, which it gives up first or does not need.
    ///
    /// - Parameter wayOn: as `MemoryRoom.require` has it.
    /// - Throws: `MemoryShortage`.
    public func requireMemory(threads: Int, held: Int = 0, or wayOn: String? = Self.smallerTraining) throws {
        try MemoryRoom.require(
            threads: threads, bytes: max(0, memoryBytes(threads: threads) - held),
            for: "training with \(threads) thread\(threads == 1 ? "" : "s")", or: wayOn)
    }
}
