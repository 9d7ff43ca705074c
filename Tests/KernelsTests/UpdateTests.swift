import Kernels
import Testing

@Suite("Updates") struct UpdateTests {
    static func sums(_ count: Int) -> Slice<Int32> {
        let words = Storage<UInt32>(count: count).all
        RandomSource(seed: 1, purpose: .sample, step: 0).fillWords(words, row: 0)
        return Slice(words.array.map { Int32(bitPattern: $0) })
    }

    @Test("Momentum follows its formula to the bit", arguments: awkwardSizes)
    func sgd(count: Int) {
        let sum = Self.sums(count)
        let w = testValues(count, seed: 1)
        let v = testValues(count, seed: 2)
        let (w0, v0) = (w.array, v.array)
        let gradient = Storage<Float>(count: count).all
        Update.gradient(sum: sum, unit: 0x1p-30, minibatch: 100, into: gradient)
        Update.sgd(parameters: w, velocity: v, sum: sum, unit: 0x1p-30, minibatch: 100, rate: 0.3, momentum: 0.9)
        for i in 0..<count {
            let g: Float = (Float(sum[i]) * 0x1p-30) / 100
            let velocity: Float = 0.9 * v0[i]
            let newVelocity = velocity + g
            let step: Float = 0.3 * newVelocity
            #expect(gradient[i] == g && v[i] == newVelocity && w[i] == w0[i] - step)
        }
    }

    @Test("Adam follows the paper's algorithm", arguments: awkwardSizes)
    func adam(count: Int) {
        let w = testValues(count, seed: 1)
        let m = Storage<Float>(count: count).all
        let v = Storage<Float>(count: count).all
        var expected = w.array.map { (w: Double($0), m: 0.0, v: 0.0) }
        var powers: (Float, Float) = (1, 1)
        for step in 1...3 {
            let sum = Self.sums(count)
            powers = (powers.0 * 0.9, powers.1 * 0.999)
            Update.adam(
                parameters: w, first: m, second: v, sum: sum, unit: 0x1p-24, minibatch: 32, rate: 0.01, beta1: 0.9,
                beta2: 0.999, epsilon: 1e-8, beta1Power: powers.0, beta2Power: powers.1)
            for i in 0..<count {
                let g = Double(sum[i]) * 0x1p-24 / 32
                expected[i].m = 0.9 * expected[i].m + 0.1 * g
                expected[i].v = 0.999 * expected[i].v + 0.001 * g * g
                let first = expected[i].m / (1 - power(0.9, step))
                let second = expected[i].v / (1 - power(0.999, step))
                expected[i].w -= 0.01 * first / (second.squareRoot() + 1e-8)
            }
        }
        for i in 0..<count { #expect(abs(Double(w[i]) - expected[i].w) < 2e-6) }
    }

    private func power(_ x: Double, _ n: Int) -> Double { (0..<n).reduce(1.0) { p, _ in p * x } }

    @Test("The average moves by its share")
    func average() {
        let a = Slice<Float>([0, 1, 2])
        let w = Slice<Float>([4, 1, -2])
        Update.average(a, towards: w, decay: 0.75)
        #expect(a.array == [1, 1, 1])
    }

    @Test("The digests of an update are those of the chain hash", arguments: awkwardSizes)
    func digests(count: Int) {
        let sum = Self.sums(count)
        let w = testValues(count, seed: 1)
        let v = testValues(count, seed: 2)
        let digests = Storage<UInt64>(count: ChainHash.digestCount(count)).all
        Update.sgd(
            parameters: w, velocity: v, sum: sum, unit: 1, minibatch: 1, rate: 0, momentum: 0, digests: digests)
        #expect(ChainHash.extend(42, withDigests: digests) == ChainHash.extend(42, with: sum))
    }

    @Test("A chain may be cut at blocks and notices every change, every order and every length")
    func chain() {
        let sum = Self.sums(3 * 4096 + 100)
        let whole = ChainHash.extend(0, with: sum)
        let parts = ChainHash.extend(ChainHash.extend(0, with: sum[0..<8192]), with: sum[8192..<sum.count])
        #expect(whole == parts && whole != ChainHash.extend(1, with: sum))
        for position in [0, 1, 31, 32, 4095, 4096, 12_387] {
            for bit in [0, 15, 31] {
                sum[position] ^= 1 << Int32(bit)
                #expect(ChainHash.extend(0, with: sum) != whole)
                sum[position] ^= 1 << Int32(bit)
            }
        }
        for (i, j) in [(0, 1), (0, 32), (5, 37), (0, 4096), (4095, 4096)] {
            let (a, b) = (sum[i], sum[j])
            (sum[i], sum[j]) = (b, a)
            #expect(ChainHash.extend(0, with: sum) != whole)
            (sum[i], sum[j]) = (a, b)
        }
        let zeros = Storage<Int32>(count: 5000)
        let lengths = (0..<200).map { ChainHash.extend(0, with: zeros[0..<$0 * 25]) }
        #expect(Set(lengths).count == lengths.count)
    }
}
