/// What a phase computes, in order: the values that its terms need, then the gradients on their way back to what it changes.
struct PhaseProgram: Sendable {
    /// What is done with the gradient of a node.
    struct Back: Sendable, Hashable {
        let node: Node
        /// Whether the parameters' gradients are delivered here: the phase changes the network.
        let delivers: Bool
        /// The inputs to which the gradient goes on.
        let inputs: [Node]
        /// Those inputs that already have a gradient, to which this one is added.
        let adds: Set<Node>
    }

    /// A part of the phase that runs without any other shard.
    enum Part: Sendable, Hashable {
        case value(Node)
        /// Sums of the columns of a norm's input, which the norm needs from all shards.
        case valueMoments(Node)
        case term(Int)
        case gradient(Back)
        /// Sums of a gradient's columns, which its way back through the norm needs from all shards.
        case gradientMoments(Node)
    }

    /// What ends a segment: data that all shards must exchange.
    enum Exchange: Sendable, Hashable {
        /// Two doubles of each shard for each column of a norm's value.
        case moments(Node, columns: Int)
        /// The phase's sum; always the last.
        case gradient
    }

    struct Segment: Sendable, Hashable {
        var parts: [Part]
        var exchange: Exchange

        /// Whether the moments are those of values, not of gradients.
        var isForward: Bool { if case .valueMoments = parts.last { true } else { false } }
    }

    let segments: [Segment]
    /// Every value that is needed, each after what it needs.
    let forward: [Node]
    let backward: [Back]
    let terms: [Term]
    /// Nodes whose gradient overwrites their value, which nothing else needs.
    let replaced: Set<Node>
    /// Rectified layers whose gradient comes from products alone; these products can apply the ReLU's derivative as they write it.
    let enteredByProducts: Set<Node>
    /// The index of the lane's buffer for a node's gradient, for nodes outside `replaced`.
    let slots: [Node: Int]

    init(_ plan: PhasePlan, graph: Graph) {
        terms = plan.terms
        forward = graph.order(for: plan.terms.flatMap(\.needs))
        let changes = Set(plan.changes)
        let roots = plan.terms.compactMap(\.root)
        let needed = forward.flatMap { graph[$0].inputs } + plan.terms.flatMap(\.needs)
        let uses = needed.reduce(into: [Node: Int]()) { $0[$1, default: 0] += 1 }
        replaced = Set(roots.filter { uses[$0] == 1 })
        backward = Self.backward(graph, forward: forward, roots: Set(roots), changes: changes)
        enteredByProducts = Self.enteredByProducts(graph, backward, roots: Set(roots))
        segments = Self.segments(graph, forward, plan.terms, backward)
        slots = Self.slots(plan.terms, backward, replaced)
        let delivering = backward.filter(\.delivers).map { graph[$0.node].operation }
        precondition(Set(delivering).count == delivering.count, "\(plan.name): each layer that it changes is run once in it")
        precondition(
            Set(backward.filter(\.delivers).compactMap { graph[$0.node].network }) == changes,
            "\(plan.name): a network that it changes is not in it")
    }

    private static func backward(_ graph: Graph, forward: [Node], roots: Set<Node>, changes: Set<Int>) -> [Back] {
        var reached = roots
        var backward: [Back] = []
        for node in forward.reversed() where reached.contains(node) {
            let vertex = graph[node]
            let wanting = vertex.inputs.filter { !graph[$0].below.isDisjoint(with: changes) }
            let delivers = vertex.network.map(changes.contains) ?? false
            backward.append(Back(node: node, delivers: delivers, inputs: wanting, adds: Set(wanting).intersection(reached)))
            reached.formUnion(wanting)
        }
        return backward
    }

    private static func enteredByProducts(_ graph: Graph, _ backward: [Back], roots: Set<Node>) -> Set<Node> {
        let others = backward.filter { if case .dense = graph[$0.node].operation { false } else { true } }.flatMap(\.inputs)
        let rectified = backward.map(\.node).filter { if case .dense(_, _, true) = graph[$0].operation { true } else { false } }
        return Set(rectified).subtracting(others).subtracting(roots)
    }

    private static func segments(_ graph: Graph, _ forward: [Node], _ terms: [Term], _ backward: [Back]) -> [Segment] {
        var segments: [Segment] = []
        var parts: [Part] = []
        func cut(_ node: Node, _ part: Part) {
            parts.append(part)
            segments.append(Segment(parts: parts, exchange: .moments(node, columns: graph[node].columns)))
            parts = []
        }
        for node in forward {
            if graph[node].isExchanged { cut(node, .valueMoments(node)) }
            parts.append(.value(node))
        }
        parts += terms.indices.map { .term($0) }
        for back in backward {
            if graph[back.node].isExchanged { cut(back.node, .gradientMoments(back.node)) }
            parts.append(.gradient(back))
        }
        segments.append(Segment(parts: parts, exchange: .gradient))
        return segments
    }

    /// Uses as few buffers as possible: a buffer is free again once its gradient has been passed on.
    private static func slots(
        _ terms: [Term], _ backward: [Back], _ replaced: Set<Node>
    ) -> [Node: Int] {
        var slots: [Node: Int] = [:]
        var free: [Int] = []
        var next = 0
        func give(_ node: Node) {
            guard slots[node] == nil, !replaced.contains(node) else { return }
            if let slot = free.popLast() {
                slots[node] = slot
                return
            }
            slots[node] = next
            next += 1
        }
        terms.compactMap(\.root).forEach(give)
        for back in backward {
            back.inputs.forEach(give)
            if let slot = slots[back.node] { free.append(slot) }
        }
        return slots
    }
}

extension Graph.Vertex {
    /// The network whose parameters it uses.
    var network: Int? {
        switch operation {
        case .dense(let network, _, _), .normalise(let network, _, _): network
        default: nil
        }
    }

    /// Whether it needs sums from all shards, forward and backward.
    var isExchanged: Bool {
        if case .normalise(_, _, .batch) = operation { true } else { false }
    }
}
