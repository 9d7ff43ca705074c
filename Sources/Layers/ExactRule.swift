import Kernels

/// The decision that follows the reduction of one phase (design section 4, "The exact sum", items 1 and 5).
///
/// Every member makes the same decision, from the reduced statistics alone.
public enum ExactRule {
    /// The exponent of a tensor that has never had a gradient other than zero.
    public static let none = Int32.min

    public enum Verdict: Sendable, Equatable {
        /// The sum holds: update with the exponents it was made with, then go on with `next`.
        case apply(next: [Int32])
        /// A tensor outgrew its headroom or had no exponent: run the phase again with these.
        case again(exponents: [Int32])
        /// A gradient was infinite or not a number; `shard` is the lowest that delivered one.
        case notFinite(tensor: Int, shard: UInt32)
    }

    /// Decides from the reduced statistics of all shards.
    ///
    /// - Parameters:
    ///   - exponents: those the sum was made with, one a tensor.
    ///   - bits: bits a shard's gradient keeps; below 24 growth is clamped and counted instead of run again.
    public static func decide(exponents: [Int32], statistics: [TensorStatistics], bits: Int) -> Verdict {
        precondition(exponents.count == statistics.count, "one exponent and one statistic a tensor")
        if let tensor = statistics.firstIndex(where: { !$0.isFinite }) {
            return .notFinite(tensor: tensor, shard: statistics[tensor].lowestNonFiniteShard)
        }
        let headroom = Int32(ExactSum.headroom(bits: bits))
        var again = exponents
        var next = exponents
        for (tensor, statistic) in statistics.enumerated() {
            // A maximum of 0 leaves the exponent as it is, even where there is none.
            guard let least = ExactSum.exponent(maximumBits: statistic.maximumBits).map(Int32.init) else { continue }
            let now = exponents[tensor]
            if now == none || (bits >= 24 && least > now + headroom) {
                again[tensor] = least
            } else {
                next[tensor] = max(least, now - 2)
            }
        }
        return again == exponents ? .apply(next: next) : .again(exponents: again)
    }
}
