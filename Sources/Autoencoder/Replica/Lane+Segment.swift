import Kernels
import Layers

// Shapes of this file: B rows of the matrix that holds the blocks of the lane's shards.

/// One phase's pass through a lane, from its first segment to its last.
struct LanePass {
    let program: PhaseProgram
    let phase: PhaseDescription
    /// Changes so far to each network.
    let versions: [UInt64]
    /// For each network that the phase changes, the index of its first tensor among the phase's.
    let firstTensors: [Int: Int]
    let sink: any GradientSink
    /// Whether the phase is no longer wanted.
    let isAbandoned: @Sendable () -> Bool
}

extension Lane {
    /// Runs a segment of a phase; the caller makes the exchange that ends it.
    ///
    /// The terms' sums are added to the lane's reports. It ends early where the phase is abandoned: what was computed by then stays valid.
    func run(_ segment: PhaseProgram.Segment, of pass: LanePass) {
        for part in segment.parts where !pass.isAbandoned() {
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

    func backwardSums(_ node: Node, _ program: PhaseProgram) {
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
}
