import Layers

/// What a step costs.
extension Composition {
    /// Multiply-adds of all phases for one row of each stream's minibatch: 22.6 million for an image at 784-1000-1000-8. A value is counted again
    /// only after a network below it has changed.
    var multiplyAdds: [Stream: Int] {
        var fresh = Set<Node>()
        var sums: [Stream: Int] = [:]
        for phase in phases {
            let program = PhaseProgram(phase, graph: graph)
            for node in program.forward where !fresh.contains(node) {
                sums[graph[node].stream, default: 0] += forwardProducts(node)
            }
            for back in program.backward { sums[graph[back.node].stream, default: 0] += backwardProducts(back) }
            fresh.formUnion(program.forward)
            fresh = fresh.filter { graph[$0].below.isDisjoint(with: phase.changes) }
        }
        return sums
    }

    private func forwardProducts(_ node: Node) -> Int {
        guard case .dense(let network, let layer, _) = graph[node].operation else { return 0 }
        return graph[node].multiple * networks[network].products(layer)
    }

    /// The gradients of the weights where they are delivered, and of the values below where they are wanted.
    private func backwardProducts(_ back: PhaseProgram.Back) -> Int {
        guard case .dense(let network, let layer, _) = graph[back.node].operation else { return 0 }
        let passes = (back.delivers ? 1 : 0) + (back.inputs.isEmpty ? 0 : 1)
        return graph[back.node].multiple * passes * networks[network].products(layer)
    }

    /// Elements that a phase changes.
    func count(ofPhase phase: PhasePlan) -> Int { phase.changes.reduce(0) { $0 + networks[$1].layout.count } }
}
