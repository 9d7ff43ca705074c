import Kernels
import Layers

/// What a run's arrays come to, without making any of them: a model may be asked for that no machine has the memory for.
extension TrainingSettings {
    /// Parameters of all networks.
    public var parameterCount: Int { composition.networks.reduce(0) { $0 + $1.parameters } }

    /// Multiply-adds of one sample's phases, with what neither a step nor a change of networks makes stale computed once: 22.6 million at
    /// 784-1000-1000-8.
    public var multiplyAddsPerSample: Int { composition.multiplyAddsPerSample }

    /// The products of a shard with so many rows: of every layer that a phase runs.
    public func products(rows: Set<Int>) -> [(rows: Int, inputs: Int, outputs: Int)] {
        let composition = composition
        let graph = composition.graph
        var multiples = [Set<Int>](repeating: [], count: composition.networks.count)
        for node in graph.order(for: composition.phases.flatMap(\.terms).flatMap(\.needs)) {
            if case .apply(let network) = graph[node].operation { multiples[network].insert(graph[node].multiple) }
        }
        return zip(composition.networks, multiples).flatMap { network, multiples in
            let all = Set(rows.flatMap { rows in multiples.map { rows * $0 } }).sorted()
            return zip(network.widths, network.widths.dropFirst()).flatMap { inputs, outputs in
                all.map { ($0, inputs, outputs) }
            }
        }
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

    /// Bytes of arrays that a process takes which trains with so many threads, at most: parameters, optimizer states, sums, a copy on its way to
    /// the coordinator, and the activations of a minibatch.
    public func memoryBytes(threads: Int) -> Int {
        let networks = composition.networks
        let widths = networks.reduce(0) { $0 + $1.widths.reduce(0, +) }
        let largest = networks.flatMap { zip($0.widths, $0.widths.dropFirst()).map { $0 * $1 } }.max() ?? 0
        return MemoryLayout<Float>.size * (8 * parameterCount + 4 * minibatch * widths + 2 * threads * largest)
    }

    /// What a command that is told how many threads to train with says where there is no room.
    public static let smallerTraining = "take fewer --threads or a smaller model"

    /// Whether this process may have the memory for it, besides `held`, which it gives up first or does not need.
    ///
    /// - Parameter wayOn: as `MemoryRoom.require` has it.
    /// - Throws: `MemoryShortage`.
    public func requireMemory(threads: Int, held: Int = 0, or wayOn: String? = Self.smallerTraining) throws {
        try MemoryRoom.require(
            threads: threads, bytes: max(0, memoryBytes(threads: threads) - held),
            for: "training with \(threads) thread\(threads == 1 ? "" : "s")", or: wayOn)
    }
}
