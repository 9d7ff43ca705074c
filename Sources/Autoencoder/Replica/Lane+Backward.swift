import Kernels
import Layers

// Shapes of this file: B rows of the matrix that holds the blocks of the lane's shards.

/// Gradients on their way back.
extension Lane {
    /// Carries a value's gradient on to its inputs, and delivers that of its parameters.
    func carry(_ back: PhaseProgram.Back, _ pass: LanePass) {
        let vertex = vertex(back.node)
        switch vertex.operation {
        case .dense(let network, let layer, let isRectified):
            carry(back, pass, through: model.networks[network].dense(layer, isRectified: isRectified), network, layer)
        case .normalise(let network, let layer, let kind):
            if kind == .shard { backwardSums(back.node, pass.program) }
            carry(back, pass, throughNorm: layer, of: network)
        case .rectify, .softmax, .sigmoid, .corrupt, .add, .drop:
            carryEachValue(back, pass)
        case .columns(let range):
            send(back, pass, to: 0) { dy, dx, _ in ColumnRange(range).backward(dy, into: dx) }
        case .join:
            let places = Join.places(columns: vertex.inputs.map { self.vertex($0).columns })
            for (index, place) in places.enumerated() {
                send(back, pass, to: index) { dy, dx, _ in Join.backward(dy, at: place, into: dx) }
            }
        case .stack:
            unstack(back, pass)
        case .posterior:
            let (head, noise) = (value(vertex.inputs[0]), value(vertex.inputs[1]))
            send(back, pass, to: 0) { dy, gradient, rows in
                GaussianPosterior.backward(dy, head: head.rows(rows), noise: noise.rows(rows), into: gradient)
            }
        case .image, .label, .noise, .prior, .given:
            preconditionFailure("no parameter lies below \(vertex.operation)")
        }
    }

    // MARK: Where a gradient goes

    /// Calls `body` with the matrix for an input's gradient, where it is wanted. Where the input has a gradient already, the new one is added to it.
    private func target(_ back: PhaseProgram.Back, _ pass: LanePass, input index: Int, _ body: (Matrix) -> Void) {
        let input = vertex(back.node).inputs[index]
        guard back.inputs.contains(input) else { return }
        guard back.adds.contains(input) else { return body(gradient(input, pass.program)) }
        body(further(input))
        let (target, more) = (gradient(input, pass.program), further(input))
        for rows in blocks(input).ranges where !rows.isEmpty {
            Elementwise.axpy(1, more.rows(rows).values, into: target.rows(rows).values)
        }
    }

    /// The same block by block, for inputs with the same rows.
    private func send(
        _ back: PhaseProgram.Back, _ pass: LanePass, to index: Int, _ body: (_ dy: Matrix, _ dx: Matrix, _ rows: Range<Int>) -> Void
    ) {
        let dy = gradient(back.node, pass.program)
        target(back, pass, input: index) { dx in
            for rows in blocks(back.node).ranges where !rows.isEmpty { body(dy.rows(rows), dx.rows(rows), rows) }
        }
    }

    /// - Parameter tensor: the first tensor that is delivered, by its index in the network.
    private func delivery(_ network: Int, _ back: PhaseProgram.Back, _ pass: LanePass, tensor: Int) -> Delivery? {
        guard back.delivers, let first = pass.firstTensors[network] else { return nil }
        return Delivery(sink: pass.sink, firstTensor: first + tensor)
    }

    // MARK: Layers with parameters

    private func carry(_ back: PhaseProgram.Back, _ pass: LanePass, through dense: Dense, _ network: Int, _ layer: Int) {
        let node = back.node
        let (input, dy) = (vertex(node).inputs[0], gradient(node, pass.program))
        let delivery = delivery(network, back, pass, tensor: model.networks[network].layout.weight(layer))
        let addition = back.delivers ? penalty(on: network, pass) : nil
        let entered = model.arithmetic.engine == .portable ? pass.program.enteredByProducts : []
        func run(_ dx: Matrix?) {
            dense.backward(
                dy, input: value(input), output: value(node), blocks: blocks(node), into: dx, delivery: delivery,
                adding: addition, tile: tile, team: team, isBeforeReLU: entered.contains(node), entersReLU: entered.contains(input))
        }
        if back.inputs.isEmpty { run(nil) } else { target(back, pass, input: 0, run) }
    }

    private func carry(_ back: PhaseProgram.Back, _ pass: LanePass, throughNorm layer: Int, of network: Int) {
        let (vertex, blocks, sums) = (vertex(back.node), blocks(back.node), values.norms[back.node]!)
        let parameters = model.networks[network]
        if let delivery = delivery(network, back, pass, tensor: parameters.layout.gamma(layer)!) {
            for (block, rows) in blocks.ranges.enumerated() {
                BatchNorm.deliver(
                    sums: sums.backwardSums[block], shard: blocks.shards[block], rows: rows.count,
                    tile: tile[0..<vertex.columns], to: delivery)
            }
        }
        let (norm, x, dy) = (parameters.norm(layer), value(vertex.inputs[0]), gradient(back.node, pass.program))
        target(back, pass, input: 0) { dx in
            for (block, rows) in blocks.ranges.enumerated() where !rows.isEmpty {
                norm.backward(
                    dy.rows(rows), x: x.rows(rows), moments: sums.moments(block), sums: sums.totals(block),
                    rows: sums.rows(block), into: dx.rows(rows))
            }
        }
    }

    // MARK: Operations without parameters

    /// Gradients of inputs that have the shape of the value.
    private func carryEachValue(_ back: PhaseProgram.Back, _ pass: LanePass) {
        let (vertex, y) = (vertex(back.node), value(back.node))
        var mask: Matrix?
        if case .drop = vertex.operation { mask = drawnMask(back.node) }
        if let mask {
            let dy = gradient(back.node, pass.program)
            for rows in blocks(back.node).ranges where !rows.isEmpty {
                Dropout.apply(mask.rows(rows), to: dy.rows(rows), into: dy.rows(rows))
            }
        }
        for index in vertex.inputs.indices {
            send(back, pass, to: index) { dy, dx, rows in
                dx.values.copy(from: dy.values)
                switch vertex.operation {
                case .softmax: Softmax.backward(dx, output: y.rows(rows), into: dx)
                case .sigmoid: Elementwise.sigmoidBackward(dx.values, output: y.rows(rows).values)
                case .rectify: Elementwise.reluBackward(dx.values, output: y.rows(rows).values)
                default: break
                }
            }
        }
    }

    /// The mask of dropped values, drawn again.
    private func drawnMask(_ node: Node) -> Matrix {
        let mask = further(node)
        for (block, rows) in blocks(node).ranges.enumerated() where !rows.isEmpty {
            let image = batches[vertex(node).stream]![block]
            vertex(node).fill(
                mask.rows(rows), settings: settings, step: step!, firstRow: image.rows.lowerBound, labels: image.labels)
        }
        return mask
    }

    /// In each shard, the first rows are the first input's and the next are the second's.
    private func unstack(_ back: PhaseProgram.Back, _ pass: LanePass) {
        let (inputs, dy, blocks) = (vertex(back.node).inputs, gradient(back.node, pass.program), blocks(back.node))
        for index in inputs.indices {
            target(back, pass, input: index) { dx in
                for (block, pair) in blocks.ranges.enumerated() {
                    let start = pair.lowerBound + inputs[..<index].reduce(0) { $0 + self.blocks($1).ranges[block].count }
                    let rows = self.blocks(inputs[index]).ranges[block]
                    dx.rows(rows).values.copy(from: dy.rows(start..<start + rows.count).values)
                }
            }
        }
    }
}
