import CKernels

/// Philox 4x32 with 10 rounds (Salmon et al. 2011): a block cipher used as a counter-based generator.
public struct Philox4x32: Sendable {
    /// Four random words, a pure function of counter and key.
    public static func block(
        counter: (UInt32, UInt32, UInt32, UInt32), key: (UInt32, UInt32)
    ) -> (UInt32, UInt32, UInt32, UInt32) {
        var (c0, c1, c2, c3) = counter
        var (k0, k1) = key
        for _ in 0..<10 {
            let a = UInt64(c0) * 0xD251_1F53
            let b = UInt64(c2) * 0xCD9E_8D57
            (c0, c1, c2, c3) = (
                UInt32(truncatingIfNeeded: b >> 32) ^ c1 ^ k0, UInt32(truncatingIfNeeded: b),
                UInt32(truncatingIfNeeded: a >> 32) ^ c3 ^ k1, UInt32(truncatingIfNeeded: a)
            )
            k0 &+= 0x9E37_79B9
            k1 &+= 0xBB67_AE85
        }
        return (c0, c1, c2, c3)
    }
}

/// What random numbers are for. Different purposes never share a number; the raw values must not change, as they decide what a seed yields.
public enum Purpose: UInt16, Sendable, CaseIterable {
    case initialisation = 1
    case shuffle = 2
    case inputNoise = 3
    case prior = 4
    case stochasticRounding = 5
    case sample = 6
    case evaluation = 7
    case labels = 8
    case dropout = 9
    case probe = 10
    case data = 11
    case spare = 12
    case posterior = 13
    case discriminatorNoise = 14
}

/// Random numbers that depend on (seed, purpose, step, row, element) and on nothing else: no generator has a state.
///
/// The Philox key is the seed; the counter is (element / 4, row, low half of the step, purpose · 2^16 + upper bits of the
/// step), and element mod 4 picks the word. Rows are global rows of the minibatch, so that it does not matter who computes them.
public struct RandomSource: Sendable, Hashable {
    public let seed: UInt64
    public let purpose: Purpose
    public let step: UInt64

    /// Steps from 0 up to 2^48 − 1.
    public init(seed: UInt64, purpose: Purpose, step: UInt64) {
        precondition(step < 1 << 48, "Steps have 48 bits")
        self.seed = seed
        self.purpose = purpose
        self.step = step
    }

    var key: (UInt32, UInt32) {
        (UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    }
    var upperCounter: (UInt32, UInt32) {
        (UInt32(truncatingIfNeeded: step), UInt32(purpose.rawValue) << 16 | UInt32(truncatingIfNeeded: step >> 32))
    }

    /// 32 random bits.
    public func word(row: UInt32, element: Int) -> UInt32 {
        let upper = upperCounter
        let words = Philox4x32.block(counter: (UInt32(element / 4), row, upper.0, upper.1), key: key)
        switch element % 4 {
        case 0: return words.0
        case 1: return words.1
        case 2: return words.2
        default: return words.3
        }
    }

    /// A number in (0, 1): an odd multiple of 2^−24, which a float holds exactly.
    public func uniform(row: UInt32, element: Int) -> Float {
        (Float(word(row: row, element: element) >> 9) + 0.5) * 0x1p-23
    }

    /// The words of elements 0, 1, 2, … of one row.
    public func fillWords(_ words: Slice<UInt32>, row: UInt32) {
        let (k0, k1) = key
        let (c2, c3) = upperCounter
        ck_philox_words(k0, k1, row, c2, c3, words.base, words.count)
    }

    /// `uniform(row:element:)` for all of `m`, whose row 0 is row `firstRow`.
    public func fillUniform(_ m: Matrix, firstRow: Int) {
        let (k0, k1) = key
        let (c2, c3) = upperCounter
        for row in 0..<m.rows {
            ck_philox_uniform(k0, k1, UInt32(firstRow + row), c2, c3, m.values.base + row * m.columns, m.columns)
        }
    }

    /// Normal numbers of mean 0 by Box and Muller: elements 4k and 4k + 1 come from the first two words of block k, the
    /// next two from the others. Row 0 of `m` is row `firstRow`.
    public func fillNormal(_ m: Matrix, firstRow: Int, std: Float) {
        let (k0, k1) = key
        let (c2, c3) = upperCounter
        for row in 0..<m.rows {
            ck_philox_normal(k0, k1, UInt32(firstRow + row), c2, c3, std, m.values.base + row * m.columns, m.columns)
        }
    }
}
