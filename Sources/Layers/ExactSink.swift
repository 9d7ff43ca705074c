import Kernels
import Synchronization

/// The integer accumulator of the exact sum of a phase; it serves one run after another.
///
/// A gradient is rounded as it leaves its product, while it is still in the cache, and added to the phase's sum buffer. Integer addition commutes, so
/// lanes deliver in any order. When all of this worker's shards have delivered a tensor, `onComplete` is called, so that its bucket can be sent while
/// the backward pass still runs.
public final class ExactSink: GradientSink, @unchecked Sendable {
    public typealias Completion = @Sendable (_ tensor: Int, _ statistics: TensorStatistics) -> Void

    private let tallies: [TensorTally]
    private let bits: Int
    private let shards: Int
    private let onComplete: Completion
    // Set between runs, while no lane delivers.
    private var exponents: [Int32] = []
    private var rounding: StochasticRounding?

    /// - Parameters:
    ///   - tensors: the phase's tensors; their ranges lie in the sum.
    ///   - bits: bits a shard's gradient keeps.
    ///   - shards: how many shards this worker owns; each delivers each tensor once a run.
    ///   - onComplete: called once a tensor, by the thread that delivered last, with no lock held.
    public init(
        tensors: [TensorSpec], bits: Int, shards: Int, onComplete: @escaping Completion
    ) {
        self.tallies = tensors.map { TensorTally($0) }
        self.bits = bits
        self.shards = shards
        self.onComplete = onComplete
    }

    /// Begins a run; call it before the lanes begin. A worker that owns no shard contributes zeros: every tensor completes here.
    ///
    /// - Parameters:
    ///   - sum: its old contents, from the run before, are ignored.
    ///   - exponents: one a tensor, `ExactRule.none` where there is none: such a tensor's sum stays zero.
    ///   - rounding: for so few bits that rounding is stochastic; else nil.
    public func start(into sum: Storage<Int32>, exponents: [Int32], rounding: StochasticRounding? = nil) {
        precondition((rounding != nil) == (bits < ExactSum.stochasticBits), "\(bits) bits, rounded otherwise")
        precondition(exponents.count == tallies.count, "one exponent a tensor")
        (self.exponents, self.rounding) = (exponents, rounding)
        for tally in tallies { tally.start(into: sum, outstanding: shards) }
        guard shards == 0 else { return }
        for tensor in tallies.indices.reversed() {
            onComplete(tensor, tallies[tensor].completeEmpty())
        }
    }

    public func deliver(tensor: Int, gradient: Slice<Float>, shard: Int) {
        let exponent = exponents[tensor] == ExactRule.none ? nil : Int(exponents[tensor])
        let draw = rounding.map { ($0.source, $0.row(tensor: tensor, shard: shard)) }
        if let complete = tallies[tensor].add(gradient, exponent: exponent, bits: bits, shard: shard, draw: draw) {
            onComplete(tensor, complete)
        }
    }

    public func deliverNothing(tensor: Int, shard: Int) {
        if let complete = tallies[tensor].addNothing() { onComplete(tensor, complete) }
    }

    /// Rounds and adds tiles as they leave the product, where there is an exponent and the tiles need nothing else.
    public func deliver(tensor: Int, product: WeightProduct) {
        guard exponents[tensor] != ExactRule.none, rounding == nil, let exact = product.exact() else {
            return product.deliverEachShard(to: self, tensor: tensor)
        }
        let first = product.blocks.shards[0] % shards * exact.product.blocks / shards
        let complete = tallies[tensor].add(
            exact.product, exponent: Int(exponents[tensor]), bits: bits,
            shards: product.blocks.shards.count - exact.empty.count, firstBlock: first)
        if let complete { onComplete(tensor, complete) }
        for shard in exact.empty { deliverNothing(tensor: tensor, shard: shard) }
    }

    /// This worker's own statistics, one a tensor; whole once every tensor is complete.
    public var statistics: [TensorStatistics] { tallies.map(\.statistics) }
}

/// One tensor's part of the sum, the number of deliveries still to come, and the statistics so far.
private final class TensorTally: @unchecked Sendable {
    private struct State {
        var outstanding = 0
        var statistics = TensorStatistics()
    }

    private let range: Range<Int>
    // Set between runs.
    private var sum: Slice<Int32>
    private let state = Mutex(State())
    /// Parts of the sum; one lane at a time adds to each. A weight's parts are the blocks of `ExactProduct`.
    private let regions: [Region]
    private let regionElements: Int

    /// Whether this run has written to a part; until then its contents are left from an earlier run.
    private final class Region: Sendable {
        let isWritten = Mutex(false)
    }

    init(_ tensor: TensorSpec) {
        range = tensor.range
        sum = Storage<Int32>(count: 0).all
        regionElements = max(1, tensor.shape.count == 2 ? ExactProduct.blockOutputs * tensor.shape[1] : range.count)
        regions = (0..<(range.count + regionElements - 1) / regionElements).map { _ in Region() }
    }

    /// Begins a run: nothing is delivered, and nothing of it is in the sum.
    func start(into sum: Storage<Int32>, outstanding: Int) {
        self.sum = sum[range]
        state.withLock { $0 = State(outstanding: outstanding) }
        for region in regions { region.isWritten.withLock { $0 = false } }
    }

    var statistics: TensorStatistics { state.withLock { $0.statistics } }

    /// Rounds and adds one shard's gradient; returns the statistics if this was the last delivery.
    ///
    /// - Parameter draw: the source and the row from which stochastic rounding draws.
    func add(
        _ gradient: Slice<Float>, exponent: Int?, bits: Int, shard: Int, draw: (source: RandomSource, row: UInt32)?
    ) -> TensorStatistics? {
        precondition(gradient.count == sum.count, "a gradient of \(gradient.count) values for a tensor of \(sum.count)")
        var seen = TensorStatistics()
        for (index, region) in regions.enumerated() {
            let piece = index * regionElements..<min((index + 1) * regionElements, sum.count)
            guard let exponent else {
                seen.merge(ExactSum.maximum(gradient[piece], shard: shard))
                continue
            }
            region.isWritten.withLock { isWritten in
                if !isWritten { sum[piece].fill(0) }
                isWritten = true
                let (from, to) = (gradient[piece], sum[piece])
                guard let draw else {
                    return seen.merge(ExactSum.add(from, into: to, exponent: exponent, bits: bits, shard: shard))
                }
                seen.merge(
                    ExactSum.addStochastically(
                        from, into: to, exponent: exponent, bits: bits, shard: shard, source: draw.source, row: draw.row,
                        first: piece.lowerBound))
            }
        }
        return countDown(by: 1, seen)
    }

    /// The same with the gradients of some shards as they leave their product.
    ///
    /// - Parameter firstBlock: where to begin; after the last block it goes on with the first. Lanes that begin in different places wait less for
    ///   each other.
    func add(_ product: ExactProduct, exponent: Int, bits: Int, shards: Int, firstBlock: Int) -> TensorStatistics? {
        precondition(product.blocks == regions.count, "\(product.blocks) blocks of a tensor of \(regions.count)")
        var seen = TensorStatistics()
        for offset in regions.indices {
            let block = (firstBlock + offset) % regions.count
            regions[block].isWritten.withLock { isWritten in
                seen.merge(product.add(block: block, into: sum, exponent: exponent, bits: bits, isAdded: isWritten))
                isWritten = true
            }
        }
        return countDown(by: shards, seen)
    }

    func addNothing() -> TensorStatistics? { countDown(by: 1, TensorStatistics()) }

    func completeEmpty() -> TensorStatistics {
        state.withLock { state in
            precondition(state.outstanding == 0, "a tensor with shards to come is not complete")
            clearRest()
            return state.statistics
        }
    }

    private func countDown(by shards: Int, _ seen: TensorStatistics) -> TensorStatistics? {
        state.withLock { state in
            precondition(state.outstanding >= shards, "a tensor was delivered more often than there are shards")
            state.statistics.merge(seen)
            state.outstanding -= shards
            guard state.outstanding == 0 else { return nil }
            clearRest()
            return state.statistics
        }
    }

    /// Zeroes the parts that nobody wrote: for shards without rows, and for a run without an exponent, which takes only maxima.
    private func clearRest() {
        for (index, region) in regions.enumerated() where !region.isWritten.withLock({ $0 }) {
            sum[index * regionElements..<min((index + 1) * regionElements, sum.count)].fill(0)
        }
    }
}
