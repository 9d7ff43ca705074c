import Kernels

/// The order in which an epoch uses the samples: a permutation that is a pure function of (seed, epoch, count).
///
/// Fisher–Yates. Position i draws its own random word, indexed by (epoch, attempt, i), so that no generator has a state;
/// Lemire's multiply-and-reject makes each choice uniform without a bias and without floating point.
public struct EpochOrder: Sendable {
    public let seed: UInt64
    /// Counts from 1.
    public let epoch: Int
    /// `samples[p]` is the sample at position p.
    public let samples: [UInt32]

    public init(seed: UInt64, epoch: Int, count: Int) {
        precondition(epoch >= 1, "epochs count from 1")
        precondition(count >= 0 && count <= Int(UInt32.max), "a sample's index has 32 bits")
        self.seed = seed
        self.epoch = epoch
        let source = RandomSource(seed: seed, purpose: .shuffle, step: UInt64(epoch))
        let words = Storage<UInt32>(count: count).all
        source.fillWords(words, row: 0)
        var order = Array(0..<UInt32(count))
        for position in stride(from: count - 1, to: 0, by: -1) {
            order.swapAt(
                position,
                Self.choice(below: UInt32(position + 1), words[position]) { attempt in
                    source.word(row: attempt, element: position)
                })
        }
        samples = order
    }

    /// A choice in 0 ..< `bound` by the word `first` or, if that word is rejected to keep all choices equally likely, by `further` words.
    private static func choice(below bound: UInt32, _ first: UInt32, further: (_ attempt: UInt32) -> UInt32) -> Int {
        var product = UInt64(first) * UInt64(bound)
        if UInt32(truncatingIfNeeded: product) < bound {
            // A low half below 2³² mod bound belongs to the choices that would have one word more than the others.
            let refused = (0 &- bound) % bound
            var attempt: UInt32 = 1
            while UInt32(truncatingIfNeeded: product) < refused {
                product = UInt64(further(attempt)) * UInt64(bound)
                attempt += 1
            }
        }
        return Int(product >> 32)
    }
}
