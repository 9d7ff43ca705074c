/// Steele, Lea and Flood's SplitMix64: one word of state, the same numbers from the same seed everywhere. For tests, simulation and choices; numbers
/// that affect weights come from `RandomSource`, which has no state.
public struct SplitMix: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    /// A separate stream for each `number`.
    public init(seed: UInt64, number: Int) { state = seed ^ Self.scrambled(UInt64(bitPattern: Int64(number)) &+ Self.step) }

    public mutating func next() -> UInt64 {
        state &+= Self.step
        return Self.scrambled(state)
    }

    private static let step: UInt64 = 0x9e37_79b9_7f4a_7c15

    /// A bijection: every bit of the result depends on every bit of the word.
    public static func scrambled(_ word: UInt64) -> UInt64 {
        var z = word
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// A word that depends on all of `words` and their order.
    public static func mixed(_ words: UInt64...) -> UInt64 {
        words.reduce(0x51_7c_c1_b7_27_22_0a_95) { scrambled($0 &+ step ^ $1) }
    }
}
