/// What a phase computes, in order: the values that its terms need, then the gradients on their way back to what it changes.
struct PhaseProgram: Sendable {
    /// What becomes of the gradient of a node.
    struct Back: Sendable {
        let node: Node
        /// The network whose parameters' gradients are delivered here; nil where the phase does not change it, or there is none.
        let delivers: Int?
        /// The inputs to which the gradient goes on.
        let inputs: [Node]
        /// Those among them that another node has sent a gradient to already, to which this one is added.
        let adds: Set<Node>
    }

    /// Every value that is needed, each after what it needs.
    let forward: [Node]
    let terms: [Term]
    /// From the terms down.
    let backward: [Back]

    init(_ plan: PhasePlan, graph: Graph) {
        terms = plan.terms
        forward = graph.order(for: plan.terms.flatMap(\.needs))
        let changes = Set(plan.changes)
        var reached = Set(plan.terms.filter(\.isMinimised).map(\.node))
        var backward: [Back] = []
        for node in forward.reversed() where reached.contains(node) {
            let vertex = graph[node]
            let wanting = vertex.inputs.filter { !graph[$0].below.isDisjoint(with: changes) }
            var delivers: Int?
            if case .apply(let network) = vertex.operation, changes.contains(network) { delivers = network }
            backward.append(Back(node: node, delivers: delivers, inputs: wanting, adds: Set(wanting).intersection(reached)))
            reached.formUnion(wanting)
        }
        self.backward = backward
        let roots = Set(plan.terms.filter(\.isMinimised).map(\.node))
        precondition(
            forward.allSatisfy { roots.isDisjoint(with: graph[$0].inputs) },
            "\(plan.name): a term's gradient takes the place of its node's values, which something else needs")
        let delivering = backward.compactMap(\.delivers)
        precondition(
            Set(delivering) == changes && delivering.count == changes.count,
            "\(plan.name): each network that it changes is run once in it")
    }
}

// MARK: What a step costs

extension Composition {
    /// Multiply-adds of one sample's phases, with what is not computed again while no network below it has changed: 22.6 million at
    /// 784-1000-1000-8.
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
        guard case .apply(let network) = graph[node].operation else { return 0 }
        return graph[node].multiple * networks[network].products
    }

    /// The gradients of the weights where they are delivered, and of the values below; the first layer's inputs may want none.
    private func backwardProducts(_ back: PhaseProgram.Back) -> Int {
        guard case .apply(let network) = graph[back.node].operation else { return 0 }
        let plan = networks[network]
        let weights = back.delivers == nil ? 0 : plan.products
        let values = back.inputs.isEmpty ? plan.products - plan.firstProduct : plan.products
        return graph[back.node].multiple * (weights + values)
    }

    /// Elements that a phase changes.
    func count(ofPhase phase: PhasePlan) -> Int { phase.changes.reduce(0) { $0 + networks[$1].parameters } }
}
