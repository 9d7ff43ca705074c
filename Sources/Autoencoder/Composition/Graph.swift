/// Which rows a value has, and where they come from; each stream has its own minibatch, shards and rows.
enum Stream: Sendable, Hashable {
    /// The training images, in the order of their epoch.
    case images
}

/// A value of the graph: one row for each row of its stream's minibatch, or several.
struct Node: Sendable, Hashable {
    let index: Int
}

/// How a value comes from others. Forward and backward are pure in (state, step, stream, global row).
enum Operation: Sendable, Hashable {
    /// The stream's images as they are, values 0 to 1.
    case image
    /// Gaussian noise of this standard deviation on it, one draw a step.
    case corrupt(std: Double)
    /// A sample of the prior for each row.
    case prior(PriorSettings)
    /// What whoever runs the graph gives: a code to decode.
    case given
    /// A network's output, the nonlinearity behind it left to what follows.
    case apply(network: Int)
    /// Of each shard the rows of the first value, then those of the second: one product for both.
    case stack
}

/// The values of a model and how they follow from each other, in an order in which they can be computed.
struct Graph: Sendable, Hashable {
    struct Vertex: Sendable, Hashable {
        let operation: Operation
        let inputs: [Node]
        let columns: Int
        let stream: Stream
        /// Rows for each row of the stream.
        let multiple: Int
        /// Networks whose parameters the value depends on.
        let below: Set<Int>
    }

    private(set) var vertices: [Vertex] = []

    subscript(node: Node) -> Vertex { vertices[node.index] }

    /// - Parameter columns: of an image's values.
    mutating func image(_ stream: Stream, columns: Int) -> Node { add(.image, [], columns: columns, stream: stream) }

    /// The value itself where there is no noise.
    mutating func corrupt(_ node: Node, std: Double) -> Node {
        std == 0 ? node : add(.corrupt(std: std), [node], columns: self[node].columns, stream: self[node].stream)
    }

    mutating func sample(_ prior: PriorSettings, _ stream: Stream, columns: Int) -> Node {
        add(.prior(prior), [], columns: columns, stream: stream)
    }

    mutating func given(columns: Int) -> Node { add(.given, [], columns: columns, stream: .images) }

    /// - Parameters:
    ///   - network: its place among the composition's networks.
    ///   - outputs: its last width.
    mutating func apply(_ network: Int, outputs: Int, to input: Node) -> Node {
        add(.apply(network: network), [input], columns: outputs, stream: self[input].stream)
    }

    mutating func stack(_ first: Node, _ second: Node) -> Node {
        precondition(
            self[first].columns == self[second].columns && self[first].stream == self[second].stream, "values of two shapes")
        return add(.stack, [first, second], columns: self[first].columns, stream: self[first].stream)
    }

    private mutating func add(_ operation: Operation, _ inputs: [Node], columns: Int, stream: Stream) -> Node {
        var below = inputs.reduce(into: Set<Int>()) { $0.formUnion(self[$1].below) }
        var multiple = inputs.map { self[$0].multiple }.max() ?? 1
        if case .apply(let network) = operation { below.insert(network) }
        if case .stack = operation { multiple = inputs.reduce(0) { $0 + self[$1].multiple } }
        let vertex = Vertex(
            operation: operation, inputs: inputs, columns: columns, stream: stream, multiple: multiple, below: below)
        // What is the same is computed once.
        if let known = vertices.firstIndex(of: vertex) { return Node(index: known) }
        vertices.append(vertex)
        return Node(index: vertices.count - 1)
    }

    /// Everything that the nodes need, themselves too, each after what it needs.
    func order(for nodes: [Node]) -> [Node] {
        var needed = Set(nodes)
        for index in vertices.indices.reversed() where needed.contains(Node(index: index)) {
            needed.formUnion(vertices[index].inputs)
        }
        return needed.sorted { $0.index < $1.index }
    }
}
