import Kernels
import Layers

// Shapes of this file: B rows of the matrix that holds the blocks of the lane's shards.

/// One phase's pass through a lane, from its first segment to its last.
struct LanePass {
    let program: PhaseProgram
    let phase: PhaseDescription
    /// Changes so far to each network.
    let versions: [UInt64]
    /// Of each network that the phase changes, its first among the phase's tensors.
    let firstTensors: [Int: Int]
    let sink: any GradientSink
}

extension Lane {
    /// Runs a segment of a phase; the exchange that ends it is somebody else's.
    ///
    /// The terms' sums are added to the lane's reports.
    func run(_ segment: PhaseProgram.Segment, of pass: LanePass) {
        for part in segment.parts {
            switch part {
            case .value(let node):
                refresh(node, versions: pass.versions) {
                    if case .normalise(_, _, .shard) = vertex(node).operation { ownMoments(node) }
                    values.compute(node)
                }
            case .valueMoments(let node):
                refreshSums(vertex(node).inputs[0], versions: pass.versions) { forwardSums(node) }
            case .term(let index):
                evaluate(pass.program.terms[index], pass)
            case .gradientMoments(let node):
                backwardSums(node, pass.program)
            case .gradient(let back):
                carry(back, pass)
            }
        }
    }

    // MARK: Norms

    private func forwardSums(_ node: Node) {
        let (x, norm) = (value(vertex(node).inputs[0]), values.norms[node]!)
        for (block, rows) in blocks(node).ranges.enumerated() {
            BatchNorm.forwardSums(x.rows(rows), into: norm.forwardSums[block])
        }
    }

    private func ownMoments(_ node: Node) {
        forwardSums(node)
        let norm = values.norms[node]!
        for (block, rows) in blocks(node).ranges.enumerated() {
            norm.receiveForward(norm.forwardSums[block], rows: rows.count, block: block)
        }
    }

    private func backwardSums(_ node: Node, _ program: PhaseProgram) {
        let (dy, x, norm) = (gradient(node, program), value(vertex(node).inputs[0]), values.norms[node]!)
        for (block, rows) in blocks(node).ranges.enumerated() {
            BatchNorm.backwardSums(
                dy.rows(rows), x: x.rows(rows), moments: norm.moments(block), into: norm.backwardSums[block])
        }
    }

    /// A shard's doubles for the exchange that ends a segment.
    func moments(_ segment: PhaseProgram.Segment, block: Int) -> Slice<Double> {
        guard case .moments(let node, _) = segment.exchange, let norm = values.norms[node] else {
            preconditionFailure("the segment ends with another exchange")
        }
        return segment.isForward ? norm.forwardSums[block] : norm.backwardSums[block]
    }

    /// Takes the doubles of all shards, added in the order of the shards.
    func receive(_ totals: Slice<Double>, of segment: PhaseProgram.Segment) {
        guard case .moments(let node, _) = segment.exchange, let norm = values.norms[node] else { return }
        if segment.isForward {
            let stream = vertex(node).stream
            norm.receiveForward(
                totals, rows: vertex(node).multiple * settings.minibatchSize(of: stream, ofStep: step!))
        } else {
            norm.receiveBackward(totals)
        }
    }

    // MARK: Terms

    /// A term's sums, and its gradient where it goes.
    private func evaluate(_ term: Term, _ pass: LanePass) {
        func add(_ sums: [Double], _ index: Int) {
            for (figure, sum) in zip(term.figures, sums) {
                reports[index].figures[pass.phase.figures.firstIndex(of: figure)!] += sum
            }
        }
        guard let node = term.node else {
            if case .headDistance(let network, let settings) = term, let index = penalisedShard {
                // As much as all rows' share of a term that has no rows.
                add([Double(rows(of: pass.phase)) * settings.penalty.penalty(heads(network))], index)
            }
            return
        }
        let isFirst = term.root == nil || !evaluated(before: term, at: node, pass.program)
        let target = isFirst ? gradientTarget(term, pass.program) : further(node)
        for (index, rows) in blocks(node).ranges.enumerated() where !rows.isEmpty {
            let (value, gradient) = (value(node).rows(rows), target.rows(rows))
            if term.root != nil, !pass.program.replaced.contains(node) { gradient.values.copy(from: value.values) }
            add(sums(term, gradient, rows, index), index)
            if !isFirst { Elementwise.axpy(1, gradient.values, into: self.gradient(node, pass.program).rows(rows).values) }
        }
        if pass.program.replaced.contains(node) { spoil(node) }
    }

    private func evaluated(before term: Term, at node: Node, _ program: PhaseProgram) -> Bool {
        program.terms.prefix { $0 != term }.contains { $0.root == node }
    }

    private func gradientTarget(_ term: Term, _ program: PhaseProgram) -> Matrix {
        term.root.map { gradient($0, program) } ?? value(term.node!)
    }

    /// One shard's sums, in the order of the term's figures.
    ///
    /// - Parameter values: of the term's node; replaced by the gradient.
    private func sums(_ term: Term, _ values: Matrix, _ rows: Range<Int>, _ block: Int) -> [Double] {
        switch term {
        case .reconstruction(_, let target, let loss, let weight):
            let sums = loss.gradient(logits: values, target: value(target).rows(rows))
            if weight != 1 { Elementwise.scale(values.values, by: Float(weight)) }
            return [weight * sums.loss, sums.squaredError]
        case .discriminate:
            let middle = values.rows / 2
            let real = AdversarialLoss.gradient(logits: values.rows(0..<middle), real: true)
            let fake = AdversarialLoss.gradient(logits: values.rows(middle..<values.rows), real: false)
            return [real + fake]
        case .fool:
            return [AdversarialLoss.gradient(logits: values, real: true)]
        case .classify(let logits):
            let labels = self.values.labels(vertex(logits).stream, block: block)
            let sums = ClassificationLoss.gradient(logits: values, labels: labels)
            return [sums.loss, Double(sums.errors)]
        case .divergence(_, let std):
            let sums = Divergence.gaussian(values, std: std, gradient: values)
            return [-sums.entropy, sums.crossEntropy]
        case .entropy:
            return [-Divergence.entropy(values, gradient: values)]
        case .crossEntropy(_, let density):
            return [density.crossEntropy(values, gradient: values)]
        case .measure:
            return [Sums.sum(values.values), Sums.sumOfSquares(values.values), Double(values.values.count)]
        case .headDistance:
            preconditionFailure("the distance of heads has no rows")
        }
    }

    // MARK: Penalties on parameters

    private func heads(_ network: Int) -> Matrix { model.networks[network].dense(0, isRectified: false).weight }
    private func rows(of phase: PhaseDescription) -> Int { settings.minibatchSize(of: phase.stream, ofStep: step!) }

    /// The place among the lane's shards of the one that brings what depends on no data: the last, which is never empty.
    private var penalisedShard: Int? { shards.contains(settings.shards - 1) ? shards.count - 1 : nil }

    /// What a layer's weight gets beside the gradient of a shard's rows.
    private func penalty(on network: Int, _ pass: LanePass) -> Dense.Addition? {
        for case .headDistance(network, let heads) in pass.program.terms where penalisedShard != nil {
            let gradient = heads.penalty.gradient(self.heads(network), scale: Float(rows(of: pass.phase)))
            return Dense.Addition(shard: settings.shards - 1, gradient: gradient)
        }
        return nil
    }

    // MARK: Gradients on their way back

    /// Carries a value's gradient on to its inputs, and delivers that of its parameters.
    private func carry(_ back: PhaseProgram.Back, _ pass: LanePass) {
        let (node, program) = (back.node, pass.program)
        let (vertex, dy, blocks) = (vertex(node), gradient(node, program), blocks(node))
        /// Gives `body` where an input's gradient goes; what has come already is added to afterwards.
        func toInput(_ index: Int, _ body: (Matrix) -> Void) {
            let input = vertex.inputs[index]
            guard back.inputs.contains(input) else { return }
            guard back.adds.contains(input) else { return body(gradient(input, program)) }
            body(further(input))
            let (target, more) = (gradient(input, program), further(input))
            for rows in self.blocks(input).ranges where !rows.isEmpty {
                Elementwise.axpy(1, more.rows(rows).values, into: target.rows(rows).values)
            }
        }
        func eachBlock(_ body: (_ rows: Range<Int>, _ block: Int) -> Void) {
            for (block, rows) in blocks.ranges.enumerated() where !rows.isEmpty { body(rows, block) }
        }
        switch vertex.operation {
        case .dense(let network, let layer, let isRectified):
            let dense = model.networks[network].dense(layer, isRectified: isRectified)
            let delivery = delivery(network, back, pass) { $0.weight(layer) }
            let addition = back.delivers ? penalty(on: network, pass) : nil
            func run(_ target: Matrix?) {
                dense.backward(
                    dy, input: value(vertex.inputs[0]), output: value(node), blocks: blocks, into: target, delivery: delivery,
                    adding: addition, tile: tile)
            }
            if back.inputs.isEmpty { run(nil) } else { toInput(0, run) }
        case .normalise(let network, let layer, let kind):
            let norm = values.norms[node]!
            if kind == .shard { backwardSums(node, program) }
            if let delivery = delivery(network, back, pass, { $0.gamma(layer)! }) {
                for (block, rows) in blocks.ranges.enumerated() {
                    BatchNorm.deliver(
                        sums: norm.backwardSums[block], shard: blocks.shards[block], rows: rows.count,
                        tile: tile[0..<vertex.columns], to: delivery)
                }
            }
            toInput(0) { dx in
                let (layer, x) = (model.networks[network].norm(layer), value(vertex.inputs[0]))
                eachBlock { rows, block in
                    layer.backward(
                        dy.rows(rows), x: x.rows(rows), moments: norm.moments(block), sums: norm.totals(block),
                        rows: norm.rows(block), into: dx.rows(rows))
                }
            }
        case .rectify, .softmax, .sigmoid:
            let y = value(node)
            toInput(0) { dx in
                eachBlock { rows, _ in
                    dx.rows(rows).values.copy(from: dy.rows(rows).values)
                    switch vertex.operation {
                    case .softmax: Softmax.backward(dx.rows(rows), output: y.rows(rows), into: dx.rows(rows))
                    case .sigmoid: Elementwise.sigmoidBackward(dx.rows(rows).values, output: y.rows(rows).values)
                    default: Elementwise.reluBackward(dx.rows(rows).values, output: y.rows(rows).values)
                    }
                }
            }
        case .drop:
            let mask = drawn(node)
            eachBlock { rows, _ in Dropout.backward(dy.rows(rows), mask: mask.rows(rows), into: dy.rows(rows)) }
            toInput(0) { dx in eachBlock { rows, _ in dx.rows(rows).values.copy(from: dy.rows(rows).values) } }
        case .corrupt:
            toInput(0) { dx in eachBlock { rows, _ in dx.rows(rows).values.copy(from: dy.rows(rows).values) } }
        case .add:
            for index in 0..<2 {
                toInput(index) { dx in eachBlock { rows, _ in dx.rows(rows).values.copy(from: dy.rows(rows).values) } }
            }
        case .columns(let range):
            toInput(0) { dx in
                eachBlock { rows, _ in ColumnRange(range).backward(dy.rows(rows), into: dx.rows(rows), adds: false) }
            }
        case .join:
            let places = Join.places(columns: vertex.inputs.map { self.vertex($0).columns })
            for (index, place) in places.enumerated() {
                toInput(index) { dx in
                    eachBlock { rows, _ in Join.backward(dy.rows(rows), at: place, into: dx.rows(rows), adds: false) }
                }
            }
        case .stack:
            for index in vertex.inputs.indices { toInput(index) { unstack(dy, vertex.inputs, index, blocks, into: $0) } }
        case .posterior:
            let (head, noise) = (value(vertex.inputs[0]), value(vertex.inputs[1]))
            toInput(0) { gradient in
                eachBlock { rows, _ in
                    GaussianPosterior.backward(
                        dy.rows(rows), head: head.rows(rows), noise: noise.rows(rows), into: gradient.rows(rows))
                }
            }
        case .image, .label, .noise, .prior, .given:
            preconditionFailure("no parameter lies below \(vertex.operation)")
        }
    }

    /// - Parameter tensor: the first that the layer delivers, among its network's.
    private func delivery(
        _ network: Int, _ back: PhaseProgram.Back, _ pass: LanePass, _ tensor: (ParameterLayout) -> Int
    ) -> Delivery? {
        guard back.delivers, let first = pass.firstTensors[network] else { return nil }
        return Delivery(sink: pass.sink, firstTensor: first + tensor(model.networks[network].layout))
    }

    /// The mask of dropped values, drawn again.
    private func drawn(_ node: Node) -> Matrix {
        let mask = further(node)
        for (block, rows) in blocks(node).ranges.enumerated() where !rows.isEmpty {
            let image = batches[vertex(node).stream]![block]
            vertex(node).fill(
                mask.rows(rows), settings: settings, step: step!, firstRow: image.rows.lowerBound, labels: image.labels)
        }
        return mask
    }

    private func unstack(_ dy: Matrix, _ inputs: [Node], _ index: Int, _ blocks: RowBlocks, into dx: Matrix) {
        for (block, pair) in blocks.ranges.enumerated() {
            let start = pair.lowerBound + inputs[..<index].reduce(0) { $0 + self.blocks($1).ranges[block].count }
            let rows = self.blocks(inputs[index]).ranges[block]
            dx.rows(rows).values.copy(from: dy.rows(start..<start + rows.count).values)
        }
    }
}

extension HeadSettings {
    fileprivate var penalty: HeadDistance { HeadDistance(distance: distance, weight: weight) }
}
