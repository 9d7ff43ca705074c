import Evaluation
import Glibc
import Kernels
import Testing

@Suite struct ExactLogSumTests {
    /// Logarithms spread over a range, from a counter.
    private func logarithms(_ count: Int, spread: Double, seed: UInt64) -> [Double] {
        let source = RandomSource(seed: seed, purpose: .probe, step: 0)
        return (0..<count).map { -spread * Double(source.uniform(row: 0, element: $0)) - 700 }
    }

    private func sum(_ logarithms: some Sequence<Double>) -> ExactLogSum {
        var sum = ExactLogSum()
        for logarithm in logarithms { sum.add(logarithm: logarithm) }
        return sum
    }

    private func expected(_ logarithms: [Double]) -> Double {
        let most = logarithms.max()!
        return most + log(logarithms.reduce(0) { $0 + exp($1 - most) })
    }

    @Test("A sum is that of the numbers", arguments: [0.0, 1, 30, 300, 100_000])
    func value(spread: Double) {
        let numbers = logarithms(2_000, spread: spread, seed: 1)
        #expect(abs(sum(numbers).logarithm - expected(numbers)) < 1e-9 * max(1, spread))
    }

    @Test("Order and grouping change no bit", arguments: [0.0, 5, 60, 1_000, 100_000])
    func order(spread: Double) {
        let numbers = logarithms(500, spread: spread, seed: 2)
        let whole = sum(numbers)
        #expect(sum(numbers.reversed()) == whole && sum(numbers.sorted()) == whole && sum(numbers.sorted(by: >)) == whole)
        for parts in [2, 3, 7] {
            var merged = ExactLogSum()
            for part in (0..<parts).reversed() {
                merged.merge(sum(numbers.enumerated().filter { $0.offset % parts == part }.map(\.element)))
            }
            #expect(merged == whole, "\(parts) parts, spread \(spread)")
        }
    }

    @Test("Nothing is 0, and what is no number spoils the sum for good")
    func edges() {
        #expect(ExactLogSum().logarithm == -.infinity)
        #expect(sum([-.infinity, -1e300]).logarithm == -.infinity)
        #expect(abs(sum([-.infinity, -3]).logarithm + 3) < 1e-12)
        for bad in [Double.nan, .infinity] {
            let spoilt = sum([-1, bad, -2])
            #expect(spoilt.logarithm.isNaN && spoilt == sum([bad]))
            var merged = sum([-1])
            merged.merge(spoilt)
            #expect(merged == spoilt)
        }
    }

    @Test("A sum is read back as it was kept, and what is none is refused")
    func kept() {
        let whole = sum([-10, -11, -400])
        #expect(ExactLogSum(place: whole.place, high: whole.high, middle: whole.middle, low: whole.low) == whole)
        let empty = ExactLogSum()
        #expect(ExactLogSum(place: empty.place, high: 0, middle: 0, low: 0) == empty)
        #expect(ExactLogSum(place: empty.place, high: 1, middle: 0, low: 0) == nil)
        #expect(ExactLogSum(place: 0, high: 0, middle: 0, low: 0) == nil)
        #expect(ExactLogSum(place: 0, high: 1 << 60, middle: 0, low: 0) == nil)
    }
}
