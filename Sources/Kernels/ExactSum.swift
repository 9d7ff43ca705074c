import CKernels

/// Statistics of the shards' gradients of one tensor. Merging is a maximum, a sum and a minimum, so its order does not matter.
public struct TensorStatistics: Sendable, Hashable {
    /// The bits of the largest |g|; at least `0x7F80_0000` where an element was not finite. Bits compare as magnitudes do.
    public var maximumBits: UInt32
    /// Elements that were clamped.
    public var clamped: UInt64
    /// The lowest shard with an element that was not finite; `.max` for none.
    public var lowestNonFiniteShard: UInt32

    public init(maximumBits: UInt32 = 0, clamped: UInt64 = 0, lowestNonFiniteShard: UInt32 = .max) {
        self.maximumBits = maximumBits
        self.clamped = clamped
        self.lowestNonFiniteShard = lowestNonFiniteShard
    }

    public var isFinite: Bool { maximumBits < 0x7F80_0000 }
    /// The largest |g|; meaningful where `isFinite`.
    public var maximum: Float { Float(bitPattern: maximumBits) }

    public mutating func merge(_ other: TensorStatistics) {
        maximumBits = max(maximumBits, other.maximumBits)
        clamped &+= other.clamped
        lowestNonFiniteShard = min(lowestNonFiniteShard, other.lowestNonFiniteShard)
    }
}

/// Sums that do not depend on their order: each shard's gradient is rounded once to a multiple of a unit, then integers are added.
///
/// Bits n: how many a shard's gradient keeps. Exponent E: |g| < 2^E is expected. Headroom h: |g| may exceed this by a factor of up to 2^h.
public enum ExactSum {
    /// The range of E.
    public static let exponents = -100...100

    /// The most bits with which S shards cannot overflow 32: min(31, 32 − ⌈log₂ S⌉).
    public static func fullBits(shards: Int) -> Int {
        precondition(shards >= 1 && shards <= 1 << 24, "Shards are counted from 1")
        let logarithm = Int.bitWidth - (shards - 1).leadingZeroBitCount  // ⌈log₂ S⌉
        return min(31, 32 - logarithm)
    }

    public static func headroom(bits: Int) -> Int {
        bits >= 24 ? 4 : bits >= 16 ? 2 : 1
    }

    /// u = 2^(E + h − n + 1).
    public static func unit(exponent: Int, bits: Int) -> Float {
        power(unitExponent(exponent, bits))
    }

    /// The least e with m < 2^e for the magnitude m of these bits, kept within `exponents`; nil for 0.
    public static func exponent(maximumBits: UInt32) -> Int? {
        precondition(maximumBits < 0x7F80_0000, "A maximum that is not finite has no exponent")
        guard maximumBits > 0 else { return nil }
        return min(max(Int(maximumBits >> 23) - 126, exponents.lowerBound), exponents.upperBound)
    }

    /// Takes the largest magnitude only; for a tensor that has no exponent yet.
    public static func maximum(_ g: Slice<Float>, shard: Int) -> TensorStatistics {
        statistics(maximumBits: ck_maximum_bits(g.base, g.count), clamped: 0, shard: shard)
    }

    /// sum += clamp(round(g / u)), rounded to nearest even, clamped to ±(2^(n−1) − 1). Elements that are not finite add 0.
    public static func add(
        _ g: Slice<Float>, into sum: Slice<Int32>, exponent: Int, bits: Int, shard: Int
    ) -> TensorStatistics {
        precondition(g.count == sum.count, "Gradient and sum differ in length")
        var clamped: UInt64 = 0
        let unit = Unit(exponent: exponent, bits: bits)
        let most = ck_exact_add(g.base, sum.base, g.count, unit.scale, unit.limit, &clamped)
        return statistics(maximumBits: most, clamped: clamped, shard: shard)
    }

    /// Fewer bits than this are rounded stochastically: rounding to nearest would lose everything below half a unit.
    public static let stochasticBits = 16

    /// The same as `add`, rounded stochastically: to the nearest integer of g / u + r − ½, r uniform in (0, 1).
    ///
    /// - Parameters:
    ///   - source: of r, which is number `first` + i of `row` for element i.
    ///   - first: a multiple of four.
    public static func addStochastically(
        _ g: Slice<Float>, into sum: Slice<Int32>, exponent: Int, bits: Int, shard: Int, source: RandomSource, row: UInt32,
        first: Int
    ) -> TensorStatistics {
        precondition(g.count == sum.count, "Gradient and sum differ in length")
        precondition(first >= 0 && first % 4 == 0, "A row is drawn in blocks of four")
        var clamped: UInt64 = 0
        let unit = Unit(exponent: exponent, bits: bits)
        let ((k0, k1), (c2, c3)) = (source.key, source.upperCounter)
        let most = ck_exact_add_stochastic(
            g.base, sum.base, g.count, unit.scale, unit.limit, k0, k1, row, c2, c3, first, &clamped)
        return statistics(maximumBits: most, clamped: clamped, shard: shard)
    }

    /// How a gradient is rounded: q = g · scale, at most the limit.
    struct Unit {
        /// 1 / u.
        let scale: Float
        /// 2^(n−1) − 1.
        let limit: Int32

        init(exponent: Int, bits: Int) {
            scale = power(-unitExponent(exponent, bits))
            limit = (Int32(1) << Int32(bits - 1)) - 1
        }
    }

    static func statistics(maximumBits: UInt32, clamped: UInt64, shard: Int) -> TensorStatistics {
        TensorStatistics(
            maximumBits: maximumBits, clamped: clamped,
            lowestNonFiniteShard: maximumBits < 0x7F80_0000 ? .max : UInt32(shard))
    }

    private static func unitExponent(_ exponent: Int, _ bits: Int) -> Int {
        precondition(exponents.contains(exponent), "The exponent of an exact sum stays within −100…100")
        precondition(bits >= 2 && bits <= 31, "An exact sum keeps 2 to 31 bits")
        return exponent + headroom(bits: bits) - bits + 1
    }

    private static func power(_ n: Int) -> Float { Float(sign: .plus, exponent: n, significand: 1) }
}
