import Kernels
import Layers

/// A norm among the networks of a model.
struct NormPlace: Sendable, Hashable {
    let network: Int
    let layer: Int
}

/// What is known of the columns that a norm normalises, for the shards of a lane.
final class NormValues {
    /// Of each shard Σ x and Σ x², in the forward pass.
    let forwardSums: [Slice<Double>]
    /// Of each shard Σ dy and Σ dy x̂, on the way back.
    let backwardSums: [Slice<Double>]
    /// The sums of all shards together, or each shard's own.
    private let backwardTotals: [Slice<Double>]
    private let all: [ColumnMoments]
    private let isFixed: Bool
    private(set) var rows: [Int]

    /// - Parameters:
    ///   - isShared: all shards are normalised together.
    ///   - fixed: moments that are known beforehand.
    init(columns: Int, shards: Int, isShared: Bool, fixed: ColumnMoments?) {
        func sums(_ count: Int) -> [Slice<Double>] { (0..<count).map { _ in Storage<Double>(count: 2 * columns).all } }
        forwardSums = sums(shards)
        backwardSums = sums(shards)
        backwardTotals = isShared ? sums(1) : backwardSums
        isFixed = fixed != nil
        all = fixed.map { [$0] } ?? (0..<(isShared ? 1 : shards)).map { _ in ColumnMoments(columns: columns) }
        rows = [Int](repeating: 0, count: all.count)
    }

    /// Bytes of one in training.
    static func bytes(columns: Int, shards: Int, isShared: Bool) -> Int {
        let sums = Storage<Double>.bytes(2 * columns) * (2 * shards + (isShared ? 1 : 0))
        return sums + 2 * Storage<Float>.bytes(columns) * (isShared ? 1 : shards)
    }

    func moments(_ block: Int) -> ColumnMoments { all.count == 1 ? all[0] : all[block] }
    /// The rows that a block is normalised with.
    func rows(_ block: Int) -> Int { rows.count == 1 ? rows[0] : rows[block] }
    func totals(_ block: Int) -> Slice<Double> { backwardTotals.count == 1 ? backwardTotals[0] : backwardTotals[block] }

    /// Sets the moments of all shards from the total of their sums, or those of one shard from its own.
    func receiveForward(_ sums: Slice<Double>, rows count: Int, block: Int = 0) {
        guard !isFixed, count > 0 else { return }
        all[block].set(sums: sums, rows: count)
        rows[block] = count
    }

    func receiveBackward(_ sums: Slice<Double>) { backwardTotals[0].copy(from: sums) }
}
