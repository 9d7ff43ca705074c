import Kernels

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
