import Kernels
import Synchronization

/// The integer accumulator of the exact sum for one run of one phase (design section 4, "The exact sum", item 2).
///
/// A gradient is rounded as it leaves its product, while it is still in the cache, and added to the phase's sum buffer.
/// Integer addition commutes, so lanes deliver in any order. When all of this worker's shards have delivered a tensor,
/// `onComplete` tells, and its bucket can leave while the backward pass still runs.
public final class ExactSink: GradientSink {
    public typealias Completion = @Sendable (_ tensor: Int, _ statistics: TensorStatistics) -> Void

    private let tallies: [TensorTally]
    private let exponents: [Int32]
    private let bits: Int
    private let shards: Int
    private let onComplete: Completion

    /// - Parameters:
    ///   - tensors: the phase's tensors; their ranges lie in `sum`.
    ///   - exponents: one a tensor, `ExactRule.none` where there is none: such a tensor's sum stays zero.
    ///   - bits: bits a shard's gradient keeps.
    ///   - shards: how many shards this worker owns; each delivers each tensor once.
    ///   - onComplete: called once a tensor, by the thread that delivered last, with no lock held.
    public init(
        tensors: [TensorSpec], sum: Storage<Int32>, exponents: [Int32], bits: Int, shards: Int,
        onComplete: @escaping Completion
    ) {
        precondition(exponents.count == tensors.count, "one exponent a tensor")
        self.tallies = tensors.map { TensorTally(sum: sum[$0.range], outstanding: shards) }
        self.exponents = exponents
        self.bits = bits
        self.shards = shards
        self.onComplete = onComplete
    }

    /// Call before the lanes run. A worker that owns no shard contributes zeros: every tensor completes here.
    public func start() {
        guard shards == 0 else { return }
        for tensor in tallies.indices.reversed() {
            onComplete(tensor, tallies[tensor].completeEmpty())
        }
    }

    public func deliver(tensor: Int, gradient: Slice<Float>, shard: Int) {
        let exponent = exponents[tensor] == ExactRule.none ? nil : Int(exponents[tensor])
        if let complete = tallies[tensor].add(gradient, exponent: exponent, bits: bits, shard: shard) {
            onComplete(tensor, complete)
        }
    }

    public func deliverNothing(tensor: Int, shard: Int) {
        if let complete = tallies[tensor].addNothing() { onComplete(tensor, complete) }
    }

    /// This worker's own statistics, one a tensor; whole once every tensor is complete.
    public var statistics: [TensorStatistics] { tallies.map(\.statistics) }
}

/// One tensor's part of the sum, what is still to come, and what was seen.
private final class TensorTally: Sendable {
    private struct State {
        var outstanding: Int
        var zeroed = false
        var statistics = TensorStatistics()
    }

    private let sum: Slice<Int32>
    private let state: Mutex<State>

    init(sum: Slice<Int32>, outstanding: Int) {
        self.sum = sum
        self.state = Mutex(State(outstanding: outstanding))
    }

    var statistics: TensorStatistics { state.withLock { $0.statistics } }

    /// Elements that are cleared and added to at once, while they are in the cache.
    private static let pieceElements = 65_536

    /// Rounds and adds; returns the statistics if this was the last delivery.
    func add(_ gradient: Slice<Float>, exponent: Int?, bits: Int, shard: Int) -> TensorStatistics? {
        precondition(gradient.count == sum.count, "a gradient of \(gradient.count) values for a tensor of \(sum.count)")
        return state.withLock { state in
            for start in stride(from: 0, to: sum.count, by: Self.pieceElements) {
                let piece = start..<min(start + Self.pieceElements, sum.count)
                if !state.zeroed { sum[piece].fill(0) }
                let seen =
                    if let exponent {
                        ExactSum.add(gradient[piece], into: sum[piece], exponent: exponent, bits: bits, shard: shard)
                    } else {
                        ExactSum.maximum(gradient[piece], shard: shard)
                    }
                state.statistics.merge(seen)
            }
            state.zeroed = true
            return countDown(&state)
        }
    }

    func addNothing() -> TensorStatistics? {
        state.withLock { state in
            zeroOnce(&state)
            return countDown(&state)
        }
    }

    func completeEmpty() -> TensorStatistics {
        state.withLock { state in
            precondition(state.outstanding == 0, "a tensor with shards to come is not complete")
            zeroOnce(&state)
            return state.statistics
        }
    }

    /// The first delivery clears what the step before left.
    private func zeroOnce(_ state: inout State) {
        if !state.zeroed { sum.fill(0) }
        state.zeroed = true
    }

    private func countDown(_ state: inout State) -> TensorStatistics? {
        precondition(state.outstanding > 0, "a tensor was delivered more often than there are shards")
        state.outstanding -= 1
        return state.outstanding == 0 ? state.statistics : nil
    }
}
