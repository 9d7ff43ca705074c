import Kernels
import Synchronization

/// Whether products may span the rows of several shards.
public enum Batching: Sendable {
    /// Where a probe of that very shape agrees bit for bit with shard by shard.
    case probed
    /// Never.
    case perShard
}

/// Products over the blocks of a matrix: shard by shard, or at once where that gives the same bits.
///
/// OpenBLAS changes bits with the number of rows for some kernels and shapes (design section 4). A probe of each shape,
/// once, decides; the answer is kept. Many rows a product are faster, and that is all that hangs on it.
public final class BlockProducts: Sendable {
    private struct Shape: Hashable {
        let counts: [Int]
        let inputs: Int
        let outputs: Int
    }

    private let batching: Batching
    private let answers = Mutex<[Shape: Bool]>([:])

    public init(_ batching: Batching) {
        self.batching = batching
    }

    /// Y = X·Wᵀ for x (B, I), w (O, I), y (B, O).
    public func forward(_ x: Matrix, _ w: Matrix, into y: Matrix, blocks: RowBlocks) {
        if spans(blocks, w) { return Products.forward(x, w, into: y) }
        for rows in blocks.ranges where !rows.isEmpty {
            Products.forward(x.rows(rows), w, into: y.rows(rows))
        }
    }

    /// dX = dY·W for dy (B, O), w (O, I), dx (B, I).
    public func backwardInput(_ dy: Matrix, _ w: Matrix, into dx: Matrix, blocks: RowBlocks) {
        if spans(blocks, w) { return Products.backwardInput(dy, w, into: dx) }
        for rows in blocks.ranges where !rows.isEmpty {
            Products.backwardInput(dy.rows(rows), w, into: dx.rows(rows))
        }
    }

    /// Whether the blocks' rows may go into one product with `w`.
    private func spans(_ blocks: RowBlocks, _ w: Matrix) -> Bool {
        let counts = blocks.ranges.map(\.count).filter { $0 > 0 }
        guard counts.count > 1, batching == .probed else { return false }
        let shape = Shape(counts: counts, inputs: w.columns, outputs: w.rows)
        return answers.withLock { answers in
            if let known = answers[shape] { return known }
            let answer = Fingerprint.batchingAgrees(shardRows: counts, inputs: shape.inputs, outputs: shape.outputs)
            answers[shape] = answer
            return answer
        }
    }
}
