import Kernels
import Layers

// Shapes of this file: B rows of the matrix that holds the blocks of the lane's shards.

extension Lane {
    /// The terms of a phase, whose gradients take the place of their values.
    ///
    /// - Returns: one report a shard, in order.
    func terms(_ program: PhaseProgram, _ phase: PhaseDescription) -> [ShardReport] {
        let once = zip(shards, images).map { ($0, $1.rows.count) }
        var reports = once.map {
            ShardReport(
                shard: $0, phase: phase.index, rows: $1, figures: [Double](repeating: 0, count: phase.figures.count))
        }
        for term in program.terms {
            for (index, rows) in blocks(term.node).ranges.enumerated() {
                for (figure, sum) in zip(term.figures, evaluate(term, rows)) {
                    reports[index].figures[phase.figures.firstIndex(of: figure)!] += sum
                }
            }
            if term.isMinimised { spoil(term.node) }
        }
        return reports
    }

    /// One shard's sums, in the order of the term's figures.
    private func evaluate(_ term: Term, _ rows: Range<Int>) -> [Double] {
        let values = value(term.node).rows(rows)
        switch term {
        case .reconstruction(_, let target, let loss):
            let sums = loss.gradient(logits: values, target: value(target).rows(rows))
            return [sums.loss, sums.squaredError]
        case .discriminate:
            let middle = values.rows / 2
            let real = AdversarialLoss.gradient(logits: values.rows(0..<middle), real: true)
            let fake = AdversarialLoss.gradient(logits: values.rows(middle..<values.rows), real: false)
            return [real + fake]
        case .fool:
            return [AdversarialLoss.gradient(logits: values, real: true)]
        case .measure:
            return [Sums.sum(values.values), Sums.sumOfSquares(values.values)]
        }
    }

    /// Carries the terms' gradients back to what the phase changes, and delivers them there.
    ///
    /// - Parameter firstTensors: of each network that the phase changes, its first among the phase's tensors.
    func backward(_ program: PhaseProgram, firstTensors: [Int: Int], to sink: any GradientSink) {
        let roots = Set(program.terms.filter(\.isMinimised).map(\.node))
        for back in program.backward {
            let gradient = roots.contains(back.node) ? value(back.node) : gradient(back.node)
            let inputs = vertex(back.node).inputs
            switch vertex(back.node).operation {
            case .apply(let network):
                let target = back.inputs.first.map { back.adds.contains($0) ? further($0) : self.gradient($0) }
                model.networks[network].backward(
                    gradient, input: value(inputs[0]), activations: activations(back.node), blocks: blocks(back.node),
                    scratch: scratch, inputGradient: target,
                    delivery: back.delivers.map { Delivery(sink: sink, firstTensor: firstTensors[$0]!) })
                for input in back.adds { add(further(input), to: input) }
            case .stack:
                unstack(gradient, back, inputs)
            case .corrupt:
                for input in back.inputs { send(gradient, to: input, adds: back.adds.contains(input)) }
            case .image, .prior, .given:
                preconditionFailure("no parameter lies below \(vertex(back.node).operation)")
            }
        }
    }

    private func unstack(_ gradient: Matrix, _ back: PhaseProgram.Back, _ inputs: [Node]) {
        for (index, pair) in blocks(back.node).ranges.enumerated() {
            var start = pair.lowerBound
            for input in inputs {
                let rows = blocks(input).ranges[index]
                let part = gradient.rows(start..<start + rows.count)
                start += rows.count
                guard back.inputs.contains(input) else { continue }
                let target = self.gradient(input).rows(rows).values
                if back.adds.contains(input) {
                    Elementwise.axpy(1, part.values, into: target)
                } else {
                    target.copy(from: part.values)
                }
            }
        }
    }

    private func send(_ gradient: Matrix, to input: Node, adds: Bool) {
        if adds { return add(gradient, to: input) }
        for rows in blocks(input).ranges { self.gradient(input).rows(rows).values.copy(from: gradient.rows(rows).values) }
    }

    private func add(_ gradient: Matrix, to input: Node) {
        for rows in blocks(input).ranges {
            Elementwise.axpy(1, gradient.rows(rows).values, into: self.gradient(input).rows(rows).values)
        }
    }
}
