import CKernels

/// Optimizers, each one pass over the flat arrays: gradient = (Float(sum) · u) / B, in that order, then the step.
///
/// Where `digests` is given (`ChainHash.digestCount` of the range), the hash of each block of `sum` is taken on the way, while
/// it is in the cache. A range may be cut between threads at multiples of `ChainHash.blockElements`.
public enum Update {
    /// Momentum: v ← μ v + g; w ← w − η v.
    public static func sgd(
        parameters w: Slice<Float>, velocity v: Slice<Float>, sum: Slice<Int32>, unit: Float, minibatch: Float,
        rate: Float, momentum: Float, digests: Slice<UInt64>? = nil
    ) {
        precondition(w.count == sum.count && v.count == sum.count, "Arrays of an update differ in length")
        check(digests, sum)
        ck_update_sgd(w.base, v.base, sum.base, sum.count, unit, minibatch, rate, momentum, digests?.base)
    }

    /// Adam (Kingma and Ba 2015): m ← β₁ m + (1 − β₁) g; v ← β₂ v + (1 − β₂) g²; w ← w − η (m / (1 − β₁^t)) / (√(v / (1 − β₂^t)) + ε). The powers are
    /// those of the current step, t ≥ 1.
    public static func adam(
        parameters w: Slice<Float>, first m: Slice<Float>, second v: Slice<Float>, sum: Slice<Int32>, unit: Float,
        minibatch: Float, rate: Float, beta1: Float, beta2: Float, epsilon: Float, beta1Power: Float, beta2Power: Float,
        digests: Slice<UInt64>? = nil
    ) {
        precondition(
            w.count == sum.count && m.count == sum.count && v.count == sum.count, "Arrays of an update differ in length")
        check(digests, sum)
        ck_update_adam(
            w.base, m.base, v.base, sum.base, sum.count, unit, minibatch, rate, beta1, beta2, epsilon, beta1Power,
            beta2Power, digests?.base)
    }

    /// Averaged weights: a ← a + (1 − decay) (w − a).
    public static func average(_ average: Slice<Float>, towards parameters: Slice<Float>, decay: Float) {
        precondition(average.count == parameters.count, "Average and parameters differ in length")
        ck_update_average(average.base, parameters.base, decay, average.count)
    }

    /// The gradient alone, as the optimizers see it: (Float(sum) · u) / B.
    public static func gradient(sum: Slice<Int32>, unit: Float, minibatch: Float, into gradient: Slice<Float>) {
        precondition(sum.count == gradient.count, "Sum and gradient differ in length")
        ck_gradient(sum.base, unit, minibatch, gradient.base, sum.count)
    }

    private static func check(_ digests: Slice<UInt64>?, _ sum: Slice<Int32>) {
        precondition(digests == nil || digests!.count == ChainHash.digestCount(sum.count), "There is one digest a block")
    }
}

/// The 64-bit hash of all sums so far, by which replicas compare their past. It finds accidental differences; it is not cryptographic.
///
/// Every block of 4,096 elements has a digest, and digests are folded in order. So a tensor may be hashed in pieces that
/// begin at multiples of a block, on several threads, and the chain is the same.
public enum ChainHash {
    public static let blockElements = Int(CK_HASH_BLOCK)

    public static func digestCount(_ elements: Int) -> Int { (elements + blockElements - 1) / blockElements }

    /// The chain continued by all of `sum`.
    public static func extend(_ chain: UInt64, with sum: Slice<Int32>) -> UInt64 {
        let digests = Storage<UInt64>(count: digestCount(sum.count)).all
        digest(sum, into: digests)
        return extend(chain, withDigests: digests)
    }

    /// The digests of the blocks of `sum`.
    public static func digest(_ sum: Slice<Int32>, into digests: Slice<UInt64>) {
        precondition(digests.count == digestCount(sum.count), "There is one digest a block")
        ck_hash_blocks(sum.base, sum.count, digests.base)
    }

    /// The chain continued by digests, in their order.
    public static func extend(_ chain: UInt64, withDigests digests: Slice<UInt64>) -> UInt64 {
        var chain = chain
        for index in digests.indices {
            chain = SplitMix.scrambled(chain &* 0x9E37_79B9_7F4A_7C15 &+ digests[index])
        }
        return chain
    }
}
