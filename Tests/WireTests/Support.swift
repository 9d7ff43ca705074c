import Kernels

/// A small seeded generator for tests; the seed is in the test's failure message.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// The kinds of values that gradients' sums take: what decides the width of a block.
enum Values: String, CaseIterable, Sendable {
    case zero, bytes, sparse, wide, extremes

    func make(_ count: Int, seed: UInt64) -> [Int32] {
        var random = SplitMix(seed: seed)
        return (0..<count).map { index in
            switch self {
            case .zero: 0
            case .bytes: Int32.random(in: -100...100, using: &random)
            case .sparse: UInt8.random(in: 0...9, using: &random) == 0 ? Int32.random(in: -70000...70000, using: &random) : 0
            case .wide: Int32.random(in: .min ... .max, using: &random)
            case .extremes: [Int32.min, .max, 0, -1, 1, .min + 1][index % 6]
            }
        }
    }
}
