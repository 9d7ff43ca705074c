import Kernels
import Layers

// Shapes of this file: B rows of the matrix that holds the blocks of some shards.

/// How each value comes from others.
extension GraphValues {
    /// Computes a value from those before it.
    func compute(_ node: Node) {
        let vertex = vertex(node)
        let y = value(node)
        func x(_ index: Int) -> Matrix { value(vertex.inputs[index]) }
        switch vertex.operation {
        case .image, .label, .given, .corrupt, .noise, .drop, .prior:
            input(node, vertex, into: y)
        case .dense(let network, let layer, let isRectified):
            model.networks[network].dense(layer, isRectified: isRectified).forward(
                x(0), into: y, blocks: blocks(node), team: team)
        case .normalise(let network, let layer, _):
            let norm = model.networks[network].norm(layer)
            let values = norms[node]!
            eachBlock(node) { rows, block in norm.forward(x(0).rows(rows), moments: values.moments(block), into: y.rows(rows)) }
        case .rectify:
            eachBlock(node) { rows, _ in
                y.rows(rows).values.copy(from: x(0).rows(rows).values)
                Elementwise.relu(y.rows(rows).values)
            }
        case .columns(let range):
            eachBlock(node) { rows, _ in ColumnRange(range).forward(x(0).rows(rows), into: y.rows(rows)) }
        case .join:
            let places = Join.places(columns: vertex.inputs.map { self.vertex($0).columns })
            eachBlock(node) { rows, _ in
                for (index, place) in places.enumerated() { Join.forward(x(index).rows(rows), at: place, into: y.rows(rows)) }
            }
        case .add:
            eachBlock(node) { rows, _ in
                Elementwise.add(x(0).rows(rows).values, x(1).rows(rows).values, into: y.rows(rows).values)
            }
        case .stack:
            stack(vertex.inputs, into: node)
        case .softmax:
            eachBlock(node) { rows, _ in Softmax.forward(x(0).rows(rows), into: y.rows(rows)) }
        case .sigmoid:
            eachBlock(node) { rows, _ in Elementwise.sigmoid(x(0).rows(rows).values, into: y.rows(rows).values) }
        case .posterior:
            eachBlock(node) { rows, _ in
                GaussianPosterior.forward(x(0).rows(rows), noise: x(1).rows(rows), into: y.rows(rows))
            }
        }
    }

    /// What comes from outside, and what is drawn.
    private func input(_ node: Node, _ vertex: Graph.Vertex, into y: Matrix) {
        let stream = vertex.stream
        eachBlock(node) { rows, block in
            let y = y.rows(rows)
            switch vertex.operation {
            case .image:
                settings.values(of: inputs.batches[stream]![block].images[...], into: y.values)
            case .label(let classes, let hasColumnForNone):
                y.values.fill(0)
                for (row, label) in inputs.batches[stream]![block].labels.enumerated() {
                    if label < classes { y[row, Int(label)] = 1 } else if hasColumnForNone { y[row, classes] = 1 }
                }
            case .given(let given):
                y.values.copy(from: inputs.given[given]!.rows(rows).values)
            default:
                vertex.fill(
                    y, settings: settings, step: inputs.step, firstRow: inputs.firstRows(stream)[block],
                    labels: inputs.labels(stream, block))
                guard let input = vertex.inputs.first else { return }
                let clean = value(input).rows(rows)
                if case .drop = vertex.operation {
                    Dropout.apply(y, to: clean, into: y)
                } else {
                    Elementwise.axpy(1, clean.values, into: y.values)
                }
            }
        }
    }

    private func eachBlock(_ node: Node, _ body: (_ rows: Range<Int>, _ block: Int) -> Void) {
        for (block, rows) in blocks(node).ranges.enumerated() where !rows.isEmpty { body(rows, block) }
    }

    /// Of each shard first the rows of the first value, then those of the next.
    private func stack(_ inputs: [Node], into node: Node) {
        for (index, pair) in blocks(node).ranges.enumerated() {
            var start = pair.lowerBound
            for input in inputs {
                let rows = blocks(input).ranges[index]
                value(node).rows(start..<start + rows.count).values.copy(from: value(input).rows(rows).values)
                start += rows.count
            }
        }
    }
}
