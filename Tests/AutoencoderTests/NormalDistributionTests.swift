import Autoencoder
import Testing

@Suite struct NormalDistributionTests {
    @Test(
        "The quantile has the tabulated values",
        arguments: [
            (0.5, 0.0), (0.975, 1.959963984540054), (0.9, 1.2815515655446004), (0.99, 2.3263478740408408),
            (0.025, -1.959963984540054),
            (1e-10, -6.361340902404056), (1e-300, -37.0471),
        ])
    func table(probability: Double, expected: Double) {
        #expect(
            abs(NormalDistribution.quantile(probability) - expected)
                <= (probability < 1e-100 ? 1e-4 : 1e-13 * max(1, abs(expected)) * 10))
    }

    @Test(
        "Cumulative probability undoes the quantile",
        arguments: [1e-12, 1e-6, 0.001, 0.1, 0.3, 0.49999, 0.5, 0.50001, 0.7, 0.999, 1 - 1e-9])
    func inverse(probability: Double) {
        let back = NormalDistribution.cumulative(NormalDistribution.quantile(probability))
        #expect(abs(back - probability) <= 1e-13 * max(probability, 1e-3))
    }

    @Test("The quantile is infinite at 0 and 1 and odd about one half")
    func ends() {
        #expect(NormalDistribution.quantile(0) == -.infinity)
        #expect(NormalDistribution.quantile(1) == .infinity)
        for part in [0.125, 0.25, 0.375] { #expect(NormalDistribution.quantile(part) == -NormalDistribution.quantile(1 - part)) }
    }

    @Test("Middles of equal parts rise and are symmetric", arguments: [1, 2, 5, 20, 1001])
    func middles(count: Int) {
        let values = NormalDistribution.middles(count)
        #expect(values.count == count)
        #expect(zip(values, values.dropFirst()).allSatisfy { $0 < $1 })
        #expect(zip(values, values.reversed()).allSatisfy { abs($0 + $1) < 1e-12 })
    }
}
