import Kernels

/// The random choices of a simulated world.
extension SplitMix {
    /// 0..<bound.
    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    mutating func within(_ range: ClosedRange<Int64>) -> Int64 {
        range.lowerBound + Int64(next() % UInt64(range.upperBound - range.lowerBound + 1))
    }

    mutating func chance(_ probability: Double) -> Bool { Double(next() >> 11) * 0x1p-53 < probability }

    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

    /// A value from `low` to `high`, with as many small as large ones on a logarithmic scale.
    mutating func spread(_ low: Int64, _ high: Int64) -> Int64 {
        let levels = 64 - (UInt64(max(high / max(low, 1), 1))).leadingZeroBitCount
        let top = max(low, 1) << Int64(below(max(levels, 1)))
        return within(min(low, top)...min(max(low, top), high))
    }
}
