import Kernels
import Layers

// Shapes of this file: B rows of the matrix that holds the blocks of the lane's shards.

/// The terms of a phase: sums for its report, and the gradients where the backward pass starts.
extension Lane {
    /// Adds a term's sums to the reports, and writes its gradient.
    func evaluate(_ term: Term, _ pass: LanePass) {
        func add(_ sums: [Double], _ index: Int) {
            for (figure, sum) in zip(term.figures, sums) {
                reports[index].figures[pass.phase.figures.firstIndex(of: figure)!] += sum
            }
        }
        guard let node = term.node else {
            if case .headDistance(let network, let settings) = term, let index = penalisedShard {
                // A term without rows: times the rows that the sum is divided by.
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
    /// - Parameter values: those of the term's node; overwritten with the gradient.
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

    /// The index, among the lane's shards, of the one that adds what depends on no data: the minibatch's last, which is never empty.
    private var penalisedShard: Int? { shards.contains(settings.shards - 1) ? shards.count - 1 : nil }

    /// What a layer's weight gets beside the gradient of a shard's rows.
    func penalty(on network: Int, _ pass: LanePass) -> Dense.Addition? {
        for case .headDistance(network, let heads) in pass.program.terms where penalisedShard != nil {
            let gradient = heads.penalty.gradient(self.heads(network), scale: Float(rows(of: pass.phase)))
            return Dense.Addition(shard: settings.shards - 1, gradient: gradient)
        }
        return nil
    }
}

extension HeadSettings {
    fileprivate var penalty: HeadDistance { HeadDistance(distance: distance, weight: weight) }
}
