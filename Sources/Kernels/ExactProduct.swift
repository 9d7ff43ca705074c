import CKernels
import Synchronization

// Shapes of this file: B rows of all shards of a lane, I inputs, O outputs.

/// The gradients of a dense layer's weight, dYᵀ·X of each shard, added to their exact sum tile by tile as they leave the product. The bits are those
/// of `PortableProducts.backwardWeight` followed by `ExactSum.add`, but no gradient is ever written to memory.
public struct ExactProduct: Sendable {
    /// Outputs that are added at a time; threads that add to one sum divide it at multiples of this number.
    public static let blockOutputs = Int(CK_EXACT_ROWS)
    /// The most rows of a shard.
    public static let mostRows = Int(CK_EXACT_STEPS)

    private let dy, x: Matrix
    private let rows: [Range<Int>]
    private let shards: [Int]
    private let precision: Precision
    private let scratch: Slice<Float>
    private let scratchOfThread: Int
    private let team: ThreadTeam?

    /// - Parameters:
    ///   - dy: (B, O).
    ///   - x: (B, I).
    ///   - rows: of each shard, which must not be empty.
    ///   - shards: their numbers in the global minibatch.
    ///   - team: its threads divide the inputs; nil where the calling thread computes all.
    ///   - scratch: `scratchElements(rows:shards:)` for each thread.
    public init(
        dy: Matrix, x: Matrix, rows: [Range<Int>], shards: [Int], _ precision: Precision, team: ThreadTeam? = nil,
        scratch: Slice<Float>
    ) {
        precondition(dy.rows == x.rows && rows.count == shards.count, "dY (B, O), X (B, I), one range of rows a shard")
        precondition(
            rows.allSatisfy { !$0.isEmpty && $0.count <= Self.mostRows && $0.lowerBound >= 0 && $0.upperBound <= x.rows },
            "the rows \(rows) of \(x.rows)")
        let needed = Self.scratchElements(rows: rows.reduce(0) { $0 + $1.count }, shards: rows.count)
        let threads = team?.threads ?? 1
        precondition(scratch.count >= threads * needed, "scratch of \(scratch.count) floats, expected \(threads) times \(needed)")
        (self.dy, self.x, self.rows, self.shards, self.precision) = (dy, x, rows, shards, precision)
        (self.team, self.scratch, scratchOfThread) = (team, scratch, needed)
    }

    /// Floats of scratch for so many rows of so many shards.
    public static func scratchElements(rows: Int, shards: Int) -> Int { (rows + shards) * Int(CK_EXACT_SCRATCH) }

    /// Blocks of `blockOutputs` that the outputs are cut into.
    public var blocks: Int { (dy.columns + Self.blockOutputs - 1) / Self.blockOutputs }

    /// Adds one block's gradients.
    ///
    /// - Parameters:
    ///   - sum: (O, I), of the whole weight.
    ///   - isAdded: false where the old contents of `sum` are to be overwritten.
    public func add(block: Int, into sum: Slice<Int32>, exponent: Int, bits: Int, isAdded: Bool) -> TensorStatistics {
        precondition(sum.count == dy.columns * x.columns, "a sum of \(sum.count) values, expected (\(dy.columns), \(x.columns))")
        precondition(block >= 0 && block < blocks, "block \(block) of \(blocks)")
        let first = block * Self.blockOutputs
        let outputs = first..<min(first + Self.blockOutputs, dy.columns)
        let unit = ExactSum.Unit(exponent: exponent, bits: bits)
        Products.count()
        guard let team else { return add(outputs, 0..<x.columns, on: 0, into: sum, unit, isAdded: isAdded) }
        let statistics = Mutex(TensorStatistics())
        TileColumns.divide(x.columns, among: team) { thread, inputs in
            let part = add(outputs, inputs, on: thread, into: sum, unit, isAdded: isAdded)
            statistics.withLock { $0.merge(part) }
        }
        return statistics.withLock { $0 }
    }

    private func add(
        _ outputs: Range<Int>, _ inputs: Range<Int>, on thread: Int, into sum: Slice<Int32>, _ unit: ExactSum.Unit, isAdded: Bool
    ) -> TensorStatistics {
        withUnsafeTemporaryAllocation(of: Int.self, capacity: 2 * rows.count) { places in
            withUnsafeTemporaryAllocation(of: UInt32.self, capacity: rows.count) { most in
                for (index, rows) in rows.enumerated() {
                    places.initializeElement(at: index, to: rows.lowerBound)
                    places.initializeElement(at: self.rows.count + index, to: rows.count)
                }
                most.initialize(repeating: 0)
                let clamped = ck_product_exact(
                    dy.values.base, dy.columns, x.values.base, x.columns, outputs.lowerBound, outputs.count, inputs.lowerBound,
                    inputs.upperBound, rows.count, places.baseAddress, places.baseAddress! + rows.count, precision.flag,
                    scratch.base + thread * scratchOfThread, sum.base, unit.scale, unit.limit, isAdded ? 1 : 0, most.baseAddress)
                var statistics = TensorStatistics(clamped: clamped)
                for (shard, most) in zip(shards, most) {
                    statistics.merge(ExactSum.statistics(maximumBits: most, clamped: 0, shard: shard))
                }
                return statistics
            }
        }
    }
}
