/// What a step costs.
extension Composition {
    /// Multiply-adds of one sample's phases, with what is not computed again while no network below it has changed: 22.6 million at
    /// 784-1000-1000-8. A sample has a row in each stream.
    var multiplyAddsPerSample: Int {
        var fresh = Set<Node>()
        return phases.reduce(0) { sum, phase in
            let program = PhaseProgram(phase, graph: graph)
            let forward = program.forward.filter { !fresh.contains($0) }.reduce(0) { $0 + forwardProducts($1) }
            fresh.formUnion(program.forward)
            fresh = fresh.filter { graph[$0].below.isDisjoint(with: phase.changes) }
            return sum + forward + program.backward.reduce(0) { $0 + backwardProducts($1) }
        }
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
