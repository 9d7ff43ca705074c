import Kernels
import Testing

@Suite("Exact sum") struct ExactSumTests {
    /// The definition, one element at a time in integers of 64 bits.
    static func quantise(_ g: Float, exponent: Int, bits: Int) -> (q: Int64, clamped: Bool) {
        guard g.isFinite else { return (0, false) }
        let unitExponent = exponent + ExactSum.headroom(bits: bits) - bits + 1
        let limit = (Int64(1) << (bits - 1)) - 1
        let q = (Double(g) * Double(sign: .plus, exponent: -unitExponent, significand: 1)).rounded(.toNearestOrEven)
        if q > Double(limit) { return (limit, true) }
        if q < -Double(limit) { return (-limit, true) }
        return (Int64(q), false)
    }

    @Test("Adding matches the definition for every number of bits", arguments: [31, 30, 28, 26, 25, 24, 16, 12, 8, 2])
    func definition(bits: Int) {
        for exponent in [-100, -40, -3, 0, 5, 100] {
            let values = awkwardValues(exponent: exponent, bits: bits)
            let sum = Slice<Int32>(values.indices.map { Int32($0 % 7) })
            let statistics = ExactSum.add(Slice(values), into: sum, exponent: exponent, bits: bits, shard: 3)
            let expected = values.map { Self.quantise($0, exponent: exponent, bits: bits) }
            #expect(sum.array == expected.enumerated().map { Int32($0.element.q) + Int32($0.offset % 7) })
            #expect(statistics.clamped == UInt64(expected.count { $0.clamped }))
            #expect(statistics.isFinite && statistics.lowestNonFiniteShard == .max)
            #expect(statistics.maximum == values.map(abs).max())
            #expect(ExactSum.maximum(Slice(values), shard: 3).maximumBits == statistics.maximumBits)
        }
    }

    /// Values around the clamp and around ties, and random ones of all sizes.
    private func awkwardValues(exponent: Int, bits: Int) -> [Float] {
        let unit = ExactSum.unit(exponent: exponent, bits: bits)
        let top = Float(sign: .plus, exponent: bits - 1, significand: 1)
        var counts: [Float] = [
            0, 0.25, 0.5, 0.75, 1, 1.5, 2.5, 3.5, 0x1p22 + 0.5, 0x1p22 + 1.5, 0x1p23, 0x1p23 + 1, 0x1p24 - 1, 0x1p24,
        ]
        counts += [
            top, top.nextDown, top.nextUp, top - 1, top - 0.5, top - 1.5, 2 * top, 100 * top, 0x1p29, 0x1p30, 0x1p31, 0x1p32,
            0x1p40,
        ]
        var values = counts.flatMap { [$0 * unit, -$0 * unit] }
        let scale = Float(sign: .plus, exponent: exponent, significand: 1)
        values += testValues(1001, seed: UInt64(bits), std: 3).array.map { $0 * scale }
        values += [.greatestFiniteMagnitude, -.greatestFiniteMagnitude, .leastNonzeroMagnitude, -0x1p-127]
        return values.filter(\.isFinite)
    }

    @Test(
        "What is not finite adds nothing and is reported with its shard",
        arguments: [Float.nan, .infinity, -.infinity, .signalingNaN])
    func notFinite(value: Float) {
        for position in [0, 5, 16, 40] {
            let g = testValues(41, seed: 1)
            g[position] = value
            let sum = Storage<Int32>(count: 41).all
            var statistics = ExactSum.add(g, into: sum, exponent: 2, bits: 30, shard: 7)
            #expect(!statistics.isFinite && statistics.lowestNonFiniteShard == 7 && statistics.clamped == 0)
            #expect(sum[position] == 0)
            statistics.merge(TensorStatistics(maximumBits: 1, clamped: 2, lowestNonFiniteShard: 4))
            #expect(statistics.lowestNonFiniteShard == 4 && !statistics.isFinite && statistics.clamped == 2)
        }
    }

    @Test(
        "Stochastic rounding is the nearest integer of the scaled gradient and a draw, right on average, and keeps zeros",
        arguments: [12, 8])
    func stochastic(bits: Int) {
        let (count, exponent) = (1003, 0)
        let unit = ExactSum.unit(exponent: exponent, bits: bits)
        let g = testValues(count, seed: 5, std: 0.3)
        (g[0], g[1], g[2]) = (0, 40, .infinity)
        let source = RandomSource(seed: 3, purpose: .stochasticRounding, step: 9)
        let limit = (Int32(1) << Int32(bits - 1)) - 1
        let sum = Storage<Int32>(count: count).all
        let first = 8
        let seen = ExactSum.addStochastically(
            g, into: sum, exponent: exponent, bits: bits, shard: 2, source: source, row: 77, first: first)
        var clamped: UInt64 = 0
        for i in 0..<count {
            let scaled = (g[i] / unit + (source.uniform(row: 77, element: first + i) - 0.5)).rounded(.toNearestOrEven)
            let q = g[i].isFinite ? max(-Float(limit), min(Float(limit), scaled)) : 0
            if g[i].isFinite, abs(scaled) > Float(limit) { clamped += 1 }
            #expect(sum[i] == Int32(q), "element \(i) of \(g[i])")
        }
        #expect(sum[0] == 0 && sum[1] == limit && sum[2] == 0 && seen.clamped == clamped && seen.lowestNonFiniteShard == 2)
        // A value far below half a unit is not lost.
        let small = Slice([Float](repeating: unit / 10, count: 40_000))
        let total = Storage<Int32>(count: small.count).all
        _ = ExactSum.addStochastically(
            small, into: total, exponent: exponent, bits: bits, shard: 0, source: source, row: 0, first: 0)
        let mean = total.array.reduce(0.0) { $0 + Double($1) } / Double(small.count)
        #expect(abs(mean - 0.1) < 0.01 && Set(total.array) == [0, 1])
    }

    @Test("Shards at their limit do not overflow the sum", arguments: [1, 2, 3, 4, 5, 8, 12, 16, 17, 1024])
    func noOverflow(shards: Int) {
        let bits = ExactSum.fullBits(shards: shards)
        #expect(shards * ((1 << (bits - 1)) - 1) < 1 << 31)
        #expect(bits == 31 || shards * ((1 << bits) - 1) >= 1 << 31)
        let sum = Storage<Int32>(count: 33).all
        let g = Storage<Float>(count: 33).all
        g.fill(-1e30)
        for shard in 0..<shards { _ = ExactSum.add(g, into: sum, exponent: 0, bits: bits, shard: shard) }
        #expect(sum.array.allSatisfy { Int($0) == -shards * ((1 << (bits - 1)) - 1) })
    }

    @Test("Shards in any order give the same sum, near the true one")
    func anyOrder() {
        let shards = (0..<12).map { testValues(5000, seed: UInt64($0)) }
        let bits = ExactSum.fullBits(shards: 12)
        let forward = Storage<Int32>(count: 5000).all
        let backward = Storage<Int32>(count: 5000).all
        for s in 0..<12 { _ = ExactSum.add(shards[s], into: forward, exponent: 3, bits: bits, shard: s) }
        for s in (0..<12).reversed() { _ = ExactSum.add(shards[s], into: backward, exponent: 3, bits: bits, shard: s) }
        #expect(forward.array == backward.array)
        let unit = Double(ExactSum.unit(exponent: 3, bits: bits))
        for i in forward.indices {
            let truth = shards.reduce(0.0) { $0 + Double($1[i]) }
            #expect(abs(Double(forward[i]) * unit - truth) <= 6 * unit)
        }
    }

    @Test("The exponent is the least power of two above the maximum")
    func exponents() {
        #expect(ExactSum.exponent(maximumBits: 0) == nil)
        for (value, exponent): (Float, Int) in [
            (1, 1), (Float(1).nextDown, 0), (0.5, 0), (3, 2), (4, 3), (1e-38, -100), (3e38, 100),
        ] {
            #expect(ExactSum.exponent(maximumBits: value.bitPattern) == exponent)
        }
        #expect(ExactSum.unit(exponent: -100, bits: 31) == 0x1p-126 && ExactSum.unit(exponent: 0, bits: 24) == 0x1p-19)
        #expect([31, 24, 16, 12, 8].map(ExactSum.headroom) == [4, 4, 2, 1, 1])
        #expect([1, 2, 3, 4, 12, 16].map(ExactSum.fullBits) == [31, 31, 30, 30, 28, 28])
    }
}
