import Layers

/// Which rows a value has, and where they come from; each stream has its own minibatch, shards and rows.
public enum Stream: Int, Sendable, Hashable, CaseIterable {
    /// The training images, in the order of their epoch.
    case images
    /// Images with labels, drawn with replacement.
    case labelled
}

/// A value of the graph: one row for each row of its stream's minibatch, or several.
struct Node: Sendable, Hashable {
    let index: Int
}

/// How a value is computed from others. Forward and backward are pure functions of (state, step, stream, global row).
enum Operation: Sendable, Hashable {
    /// The stream's images as they are, values 0 to 1.
    case image
    /// One-hots of the images' labels; zeros where there is none, or one in a further column.
    case label(classes: Int, hasColumnForNone: Bool)
    /// Gaussian noise on a value, one draw a step.
    case corrupt(Draw, std: Double)
    /// Gaussian noise alone, one draw a step.
    case noise(Draw, std: Double)
    /// A share of the values is 0, the others are scaled up; one draw a step.
    case drop(Draw, share: Double)
    /// A sample of the prior for each row; with `classes`, of the part of the row's class.
    case prior(Draw, PriorSettings, classes: Int?)
    /// A value that the caller supplies: a code to decode, a class as a one-hot.
    case given(Given)
    /// One dense layer of a network, with ReLU behind it or none.
    case dense(network: Int, layer: Int, isRectified: Bool)
    /// The batch norm behind a dense layer.
    case normalise(network: Int, layer: Int, by: NormKind)
    case rectify
    /// These columns of a value.
    case columns(Range<Int>)
    /// Values side by side.
    case join
    /// The sum of two values.
    case add
    /// For each shard, the rows of the first value, then those of the second, so that one product serves both.
    case stack
    case softmax
    case sigmoid
    /// A sample of N(μ, σ²) from a head (μ, log σ²) and noise of N(0, 1).
    case posterior
}

/// Values that the caller supplies after training.
enum Given: String, Sendable, Hashable {
    case code, label
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

    // MARK: What comes from outside

    /// - Parameter columns: values of an image.
    mutating func image(_ stream: Stream, columns: Int) -> Node { add(.image, [], columns: columns, stream: stream) }

    mutating func label(_ stream: Stream, classes: Int, hasColumnForNone: Bool = false) -> Node {
        add(
            .label(classes: classes, hasColumnForNone: hasColumnForNone), [], columns: classes + (hasColumnForNone ? 1 : 0),
            stream: stream)
    }

    mutating func given(_ given: Given, columns: Int) -> Node { add(.given(given), [], columns: columns, stream: .images) }

    // MARK: What is drawn

    /// The value itself where there is no noise.
    mutating func corrupt(_ node: Node, std: Double, _ purpose: DrawPurpose, _ name: String) -> Node {
        guard std > 0 else { return node }
        return drawn(name, purpose, [node], columns: self[node].columns, stream: self[node].stream) { .corrupt($0, std: std) }
    }

    /// The value itself where nothing is dropped.
    mutating func drop(_ node: Node, share: Double, _ name: String) -> Node {
        guard share > 0 else { return node }
        return drawn(name, .dropout, [node], columns: self[node].columns, stream: self[node].stream) { .drop($0, share: share) }
    }

    mutating func noise(_ stream: Stream, columns: Int, std: Double, _ purpose: DrawPurpose, _ name: String) -> Node {
        drawn(name, purpose, [], columns: columns, stream: stream) { .noise($0, std: std) }
    }

    mutating func sample(
        _ prior: PriorSettings, _ stream: Stream, columns: Int, classes: Int? = nil, _ name: String
    ) -> Node {
        drawn(name, .prior, [], columns: columns, stream: stream) { .prior($0, prior, classes: classes) }
    }

    /// Draws a value once for each name: a known name gives the known node.
    private mutating func drawn(
        _ name: String, _ purpose: DrawPurpose, _ inputs: [Node], columns: Int, stream: Stream, _ operation: (Draw) -> Operation
    ) -> Node {
        if let known = vertices.firstIndex(where: { $0.draw?.name == name }) {
            precondition(vertices[known].inputs == inputs, "\(name) is drawn for two values")
            return Node(index: known)
        }
        let place = vertices.count { $0.draw?.purpose == purpose }
        return add(operation(Draw(name: name, purpose: purpose, place: place)), inputs, columns: columns, stream: stream)
    }

    // MARK: What is computed

    /// - Parameters:
    ///   - network: its place among the composition's networks.
    ///   - outputs: the layer's width.
    mutating func dense(_ network: Int, _ layer: Int, outputs: Int, isRectified: Bool, _ input: Node) -> Node {
        add(
            .dense(network: network, layer: layer, isRectified: isRectified), [input], columns: outputs,
            stream: self[input].stream)
    }

    mutating func normalise(_ network: Int, _ layer: Int, by kind: NormKind, _ input: Node) -> Node {
        add(
            .normalise(network: network, layer: layer, by: kind), [input], columns: self[input].columns,
            stream: self[input].stream)
    }

    mutating func rectify(_ input: Node) -> Node {
        add(.rectify, [input], columns: self[input].columns, stream: self[input].stream)
    }

    /// The value itself where all columns are meant.
    mutating func columns(_ range: Range<Int>, of input: Node) -> Node {
        guard range != 0..<self[input].columns else { return input }
        return add(.columns(range), [input], columns: range.count, stream: self[input].stream)
    }

    /// The value itself where it is the only one.
    mutating func join(_ inputs: [Node]) -> Node {
        guard inputs.count > 1 else { return inputs[0] }
        return add(
            .join, inputs, columns: inputs.reduce(0) { $0 + self[$1].columns }, stream: common(inputs))
    }

    mutating func sum(_ first: Node, _ second: Node) -> Node {
        precondition(self[first].columns == self[second].columns, "values of two shapes")
        return add(.add, [first, second], columns: self[first].columns, stream: common([first, second]))
    }

    mutating func stack(_ first: Node, _ second: Node) -> Node {
        precondition(self[first].columns == self[second].columns, "values of two shapes")
        return add(.stack, [first, second], columns: self[first].columns, stream: common([first, second]))
    }

    mutating func softmax(_ input: Node) -> Node {
        add(.softmax, [input], columns: self[input].columns, stream: self[input].stream)
    }

    mutating func sigmoid(_ input: Node) -> Node {
        add(.sigmoid, [input], columns: self[input].columns, stream: self[input].stream)
    }

    mutating func posterior(_ head: Node, noise: Node) -> Node {
        precondition(self[head].columns == 2 * self[noise].columns, "a head of another width")
        return add(.posterior, [head, noise], columns: self[noise].columns, stream: common([head, noise]))
    }

    private func common(_ inputs: [Node]) -> Stream {
        let streams = Set(inputs.map { self[$0].stream })
        precondition(streams.count == 1, "values of two streams have no rows in common")
        return streams.first!
    }

    private mutating func add(_ operation: Operation, _ inputs: [Node], columns: Int, stream: Stream) -> Node {
        var below = inputs.reduce(into: Set<Int>()) { $0.formUnion(self[$1].below) }
        var multiple = inputs.map { self[$0].multiple }.max() ?? 1
        switch operation {
        case .dense(let network, _, _), .normalise(let network, _, _): below.insert(network)
        case .stack: multiple = inputs.reduce(0) { $0 + self[$1].multiple }
        default: break
        }
        let vertex = Vertex(
            operation: operation, inputs: inputs, columns: columns, stream: stream, multiple: multiple, below: below)
        // Equal vertices share a node, so that a value is computed once.
        if let known = vertices.firstIndex(of: vertex) { return Node(index: known) }
        vertices.append(vertex)
        return Node(index: vertices.count - 1)
    }

    /// All nodes that the given ones need, these included, each after its inputs.
    ///
    /// - Parameter given: a node whose value is known, so that its inputs are not needed.
    func order(for nodes: [Node], given: Node? = nil) -> [Node] {
        var needed = Set(nodes)
        for index in vertices.indices.reversed() where needed.contains(Node(index: index)) && Node(index: index) != given {
            needed.formUnion(vertices[index].inputs)
        }
        return needed.sorted { $0.index < $1.index }
    }
}

extension Graph.Vertex {
    /// The draw of its random numbers, if it has any.
    var draw: Draw? {
        switch operation {
        case .corrupt(let draw, _), .noise(let draw, _), .drop(let draw, _), .prior(let draw, _, _): draw
        default: nil
        }
    }
}
