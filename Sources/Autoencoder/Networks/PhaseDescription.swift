import Layers

/// One phase of a step, as the network stratum sees it: named ranges of a flat sum, and the moments that it needs from all shards before.
public struct PhaseDescription: Sendable {
    /// Order in the step.
    public let index: Int
    public let name: String
    /// Whose minibatch the phase's sums are divided by.
    public let stream: Stream
    /// The tensors that the phase changes; their ranges lie in the phase's own sum buffer and fill it.
    public let tensors: [TensorSpec]
    /// Elements of that buffer.
    public let count: Int
    /// Indices of `tensors` in the order in which the backward pass completes them.
    public let readyOrder: [Int]
    /// Names of the sums over rows that each shard's report has.
    public let figures: [Figure]
    /// For each exchange before the gradient's: the number of doubles that each shard contributes.
    public let moments: [Int]
}

extension PhaseDescription {
    /// The phase's flat buffer: the layouts of the networks that it changes, one after the other.
    init(index: Int, of model: Model) {
        let (plan, program) = (model.composition.phases[index], model.programs[index])
        var tensors: [TensorSpec] = []
        var firsts: [Int: Int] = [:]
        var offset = 0
        for network in plan.changes {
            let layout = model.networks[network].layout
            firsts[network] = tensors.count
            tensors += layout.tensors.map { $0.moved(by: offset) }
            offset += layout.count
        }
        let ready = program.backward.filter(\.delivers).flatMap { back -> [Int] in
            switch model.composition.graph[back.node].operation {
            case .dense(let network, let layer, _):
                let layout = model.networks[network].layout
                return ([layout.bias(layer)].compactMap(\.self) + [layout.weight(layer)]).map { firsts[network]! + $0 }
            case .normalise(let network, let layer, _):
                let gamma = firsts[network]! + model.networks[network].layout.gamma(layer)!
                return [gamma + 1, gamma]
            default:
                return []
            }
        }
        self.init(
            index: index, name: plan.name, stream: plan.stream, tensors: tensors, count: offset, readyOrder: ready,
            figures: plan.figures,
            moments: program.segments.compactMap { if case .moments(_, let columns) = $0.exchange { 2 * columns } else { nil } })
    }
}
