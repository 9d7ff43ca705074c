import Kernels

/// The sum of numbers given by their logarithms; its bits do not depend on the order or grouping of the additions.
///
/// Each number is cut once, at multiples of 32 binary places that are the same for all numbers, into pieces of 32 bits. The pieces
/// of one place are added as integers, and only the three highest places that any number reached are kept: at least 52 bits of the
/// largest number. What is dropped depends on the highest place alone, so merging two sums is as exact as adding numbers.
public struct ExactLogSum: Sendable, Hashable {
    /// Binary places of a piece.
    static let pieceBits = 32
    /// A logarithm below this counts as that of 0.
    static let lowest = -0x1p34

    /// The highest place: `high` counts multiples of 2^(32 place).
    public private(set) var place: Int32
    public private(set) var high: UInt64 = 0
    /// Multiples of 2^(32 (place − 1)).
    public private(set) var middle: UInt64 = 0
    /// Multiples of 2^(32 (place − 2)).
    public private(set) var low: UInt64 = 0

    private static let empty = Int32.min
    private static let broken = Int32.max

    /// 0.
    public init() { place = Self.empty }

    /// A stored sum; nil where the values are no valid sum.
    public init?(place: Int32, high: UInt64, middle: UInt64, low: UInt64) {
        let limit: UInt64 = 1 << 53
        guard high < limit, middle < limit, low < limit else { return nil }
        let isPlain = place != Self.empty && place != Self.broken
        guard isPlain ? high | middle | low != 0 && abs(Int(place)) < 1 << 30 : high | middle | low == 0 else { return nil }
        (self.place, self.high, self.middle, self.low) = (place, high, middle, low)
    }

    /// Adds e^`logarithm`. NaN or +∞ makes the sum NaN.
    public mutating func add(logarithm: Double) {
        if logarithm < Self.lowest || place == Self.broken { return }
        guard logarithm < -Self.lowest else { return spoil() }
        let exponent = (logarithm * 1.44269504088896338700).rounded(.down)
        // Products of the first part with an exponent are exact.
        let rest = logarithm - exponent * 6.93147180369123816490e-01 - exponent * 1.90821492927058770002e-10
        let mantissa = UInt64(VectorMath.exp(rest) * 0x1p52)
        let lowestBit = Int(exponent) - 52
        let (bottom, shift) = (lowestBit >> 5, UInt64(lowestBit & 31))
        let bits = mantissa << shift
        raise(to: Int32(bottom + 2))
        add(shift == 0 ? 0 : mantissa >> (64 - shift), at: bottom + 2)
        add(bits >> 32, at: bottom + 1)
        add(bits & 0xFFFF_FFFF, at: bottom)
    }

    /// Adds another sum.
    public mutating func merge(_ other: ExactLogSum) {
        if other.place == Self.empty { return }
        if place == Self.broken || other.place == Self.broken { return spoil() }
        raise(to: other.place)
        add(other.high, at: Int(other.place))
        add(other.middle, at: Int(other.place) - 1)
        add(other.low, at: Int(other.place) - 2)
    }

    /// The natural logarithm of the sum: −∞ for 0, NaN where the sum is NaN.
    public var logarithm: Double {
        if place == Self.empty { return -.infinity }
        if place == Self.broken { return .nan }
        let value = Double(high) + Double(middle) * 0x1p-32 + Double(low) * 0x1p-64
        let exponent = Double(place) * Double(Self.pieceBits)
        return exponent * 6.93147180369123816490e-01 + (exponent * 1.90821492927058770002e-10 + VectorMath.log(value))
    }

    private mutating func spoil() { (place, high, middle, low) = (Self.broken, 0, 0, 0) }

    /// Makes room for a higher place, by dropping the lowest ones.
    private mutating func raise(to wanted: Int32) {
        if place == Self.empty { place = wanted }
        guard wanted > place else { return }
        switch wanted - place {
        case 1: (high, middle, low) = (0, high, middle)
        case 2: (high, middle, low) = (0, 0, high)
        default: (high, middle, low) = (0, 0, 0)
        }
        place = wanted
    }

    private mutating func add(_ piece: UInt64, at place: Int) {
        switch Int(self.place) - place {
        case 0: high += piece
        case 1: middle += piece
        case 2: low += piece
        default: break
        }
    }
}
