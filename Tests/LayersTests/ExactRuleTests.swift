import Kernels
import Layers
import Testing

@Suite struct ExactRuleTests {
    private func statistics(_ maxima: [Float]) -> [TensorStatistics] {
        maxima.map { TensorStatistics(maximumBits: $0.bitPattern) }
    }

    @Test("a tensor without an exponent gets the least power above its maximum, and the phase runs again")
    func first() {
        let none = ExactRule.none
        #expect(
            ExactRule.decide(exponents: [none, none, none], statistics: statistics([0.75, 1, 3e-5]), bits: 30)
                == .again(exponents: [0, 1, -15]))
    }

    @Test("a maximum of zero leaves the exponent, none included")
    func zero() {
        #expect(
            ExactRule.decide(exponents: [ExactRule.none, 7], statistics: statistics([0, 0]), bits: 30)
                == .apply(next: [ExactRule.none, 7]))
    }

    @Test(
        "growth within the headroom raises the exponent with the update; shrinking lowers it by two at most",
        arguments: [
            (Float(0.75), Int32(0)), (15, 4), (15.99, 4), (0.3, -1), (0.2, -2), (1e-9, -2),
        ])
    func within(maximum: Float, next: Int32) {
        #expect(ExactRule.decide(exponents: [0], statistics: statistics([maximum]), bits: 24) == .apply(next: [next]))
    }

    @Test("growth beyond the headroom runs the phase again and leaves the other tensors' exponents")
    func beyond() {
        #expect(
            ExactRule.decide(exponents: [0, 5], statistics: statistics([16, 0.01]), bits: 24) == .again(exponents: [5, 5]))
    }

    @Test("with 16 bits growth is clamped, not run again")
    func sixteen() {
        #expect(ExactRule.decide(exponents: [0], statistics: statistics([1_000]), bits: 16) == .apply(next: [10]))
    }

    @Test("exponents stay in −100…100")
    func bounds() {
        #expect(
            ExactRule.decide(exponents: [ExactRule.none, ExactRule.none], statistics: statistics([1e-38, 3e38]), bits: 30)
                == .again(exponents: [-100, 100]))
        #expect(ExactRule.decide(exponents: [-99], statistics: statistics([1e-38]), bits: 30) == .apply(next: [-100]))
    }

    @Test("a gradient that is not finite stops, naming tensor and lowest shard")
    func notFinite() {
        let bad = TensorStatistics(maximumBits: Float.nan.bitPattern, lowestNonFiniteShard: 3)
        #expect(
            ExactRule.decide(exponents: [0, ExactRule.none], statistics: statistics([1]) + [bad], bits: 30)
                == .notFinite(tensor: 1, shard: 3))
    }
}
