import Layers

/// One phase of a step, as the network stratum sees it: named ranges of a flat sum.
public struct PhaseDescription: Sendable {
    /// Order in the step.
    public let index: Int
    public let name: String
    /// The tensors that the phase changes; their ranges lie in the phase's own sum buffer and fill it.
    public let tensors: [TensorSpec]
    /// Elements of that buffer.
    public let count: Int
    /// Indices of `tensors` in the order in which the backward pass completes them.
    public let readyOrder: [Int]
    /// Names of the sums over rows that each shard's report has.
    public let figures: [Figure]
}

extension PhaseDescription {
    /// The phase's flat buffer: the layouts of the networks that it changes, one after the other.
    init(index: Int, of model: Model) {
        let plan = model.composition.phases[index]
        var tensors: [TensorSpec] = []
        var ready: [Int: [Int]] = [:]
        var offset = 0
        for network in plan.changes {
            let layout = model.networks[network].layout
            ready[network] = layout.readyOrder.map { $0 + tensors.count }
            tensors += layout.tensors.map { $0.moved(by: offset) }
            offset += layout.count
        }
        self.init(
            index: index, name: plan.name, tensors: tensors, count: offset,
            readyOrder: model.programs[index].backward.compactMap(\.delivers).flatMap { ready[$0]! }, figures: plan.figures)
    }
}
