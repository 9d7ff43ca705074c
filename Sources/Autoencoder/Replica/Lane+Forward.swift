import Kernels
import Layers

// Shapes of this file: B rows of the matrix that holds the blocks of the lane's shards.

extension Lane {
    /// Computes what a phase needs, as far as it is not there from a phase before.
    func forward(_ program: PhaseProgram, versions: [UInt64]) {
        refresh(program.forward, versions: versions) { compute($0) }
    }

    private func compute(_ node: Node) {
        let vertex = vertex(node)
        switch vertex.operation {
        case .image:
            for (image, rows) in zip(images, blocks(node).ranges) where !rows.isEmpty {
                Elementwise.bytesToUnit(image.images[...], into: value(node).rows(rows).values)
            }
        case .corrupt:
            let clean = value(vertex.inputs[0])
            eachShard(node) { rows, first in
                settings.fillInputNoise(rows.of(value(node)), step: step!, firstRow: first)
                Elementwise.axpy(1, rows.of(clean).values, into: rows.of(value(node)).values)
            }
        case .prior(let prior):
            let source = RandomSource(seed: settings.seed, purpose: .prior, step: step!)
            eachShard(node) { rows, first in prior.sample(into: rows.of(value(node)), source: source, firstRow: first) }
        case .apply(let network):
            model.networks[network].forward(value(vertex.inputs[0]), into: activations(node), blocks: blocks(node))
        case .stack:
            stack(vertex.inputs, into: node)
        case .given:
            preconditionFailure("a value that is given stands in no phase")
        }
    }

    private func eachShard(_ node: Node, _ body: (Range<Int>, _ firstRow: Int) -> Void) {
        for (rows, first) in zip(blocks(node).ranges, firstRows) where !rows.isEmpty { body(rows, first) }
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

extension Range<Int> {
    /// These rows of a matrix.
    fileprivate func of(_ matrix: Matrix) -> Matrix { matrix.rows(self) }
}
