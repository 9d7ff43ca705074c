/// Steele, Lea and Flood's SplitMix64: one word of state, the same numbers from the same seed everywhere.
struct SplitMix {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        return Self.scrambled(state)
    }

    /// A bijection whose output shows nothing of its input's order.
    static func scrambled(_ word: UInt64) -> UInt64 {
        var z = word
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// A word that depends on all of `words` and their order.
    static func mixed(_ words: UInt64...) -> UInt64 {
        words.reduce(0x51_7c_c1_b7_27_22_0a_95) { scrambled($0 &+ 0x9e37_79b9_7f4a_7c15 ^ $1) }
    }

    /// 0..<bound.
    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    mutating func within(_ range: ClosedRange<Int64>) -> Int64 {
        range.lowerBound + Int64(next() % UInt64(range.upperBound - range.lowerBound + 1))
    }

    mutating func chance(_ probability: Double) -> Bool { Double(next() >> 11) * 0x1p-53 < probability }

    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

    /// As many small values as large ones on a scale of factors: from `low` to `high`.
    mutating func spread(_ low: Int64, _ high: Int64) -> Int64 {
        let levels = 64 - (UInt64(max(high / max(low, 1), 1))).leadingZeroBitCount
        let top = max(low, 1) << Int64(below(max(levels, 1)))
        return within(min(low, top)...min(max(low, top), high))
    }
}
