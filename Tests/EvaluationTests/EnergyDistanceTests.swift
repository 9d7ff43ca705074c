import Autoencoder
import Evaluation
import Kernels
import Testing

@Suite struct EnergyDistanceTests {
    @Test("Two point masses are twice their distance apart", arguments: [1, 2, 8], [1, 7, 2_000, 2_500])
    func points(dimensions: Int, count: Int) {
        let here = matrix([[Float]](repeating: [Float](repeating: 1, count: dimensions), count: count), columns: dimensions)
        let there = matrix([[Float]](repeating: [Float](repeating: 4, count: dimensions), count: 3), columns: dimensions)
        let expected = 2 * 3 * Double(dimensions).squareRoot()
        #expect(abs(EnergyDistance.between(here, there) - expected) < 1e-9)
        #expect(EnergyDistance.between(here, here) == 0)
    }

    @Test("Three points against one by hand")
    func byHand() {
        let x = matrix([[0], [1], [3]], columns: 1)
        let y = matrix([[1]], columns: 1)
        // E|X−Y| = (1 + 0 + 2)/3, E|X−X′| = 2·(1 + 3 + 2)/9, E|Y−Y′| = 0.
        #expect(abs(EnergyDistance.between(x, y) - (2 - 12.0 / 9)) < 1e-12)
    }

    @Test("Only the first 2,000 rows are compared")
    func bounded() {
        let prior = PriorSettings.gaussian(std: 1)
        let x = samples(prior, 2, count: 2_500, seed: 1)
        let y = samples(prior, 2, count: 2_000, seed: 2)
        let distance = EnergyDistance.between(x, y)
        #expect(distance == EnergyDistance.between(x.rows(0..<2_000), y))
        #expect(distance > 0)
    }

    @Test("A shifted sample is farther than another sample of the same distribution", arguments: [2, 8])
    func shifted(dimensions: Int) {
        let prior = PriorSettings.gaussian(std: 5)
        let x = samples(prior, dimensions, count: 2_000, seed: 1)
        let y = samples(prior, dimensions, count: 2_000, seed: 2)
        let same = EnergyDistance.between(x, y)
        for row in 0..<x.rows { x[row, 0] += 2 }
        #expect(EnergyDistance.between(x, y) > 5 * same)
        #expect(EnergyDistance.between(x, y) == EnergyDistance.between(x, y))
    }

    @Test("No points, or points that are no numbers, have no distance")
    func nothing() {
        let one = matrix([[1, 2]], columns: 2)
        #expect(EnergyDistance.between(Matrix(rows: 0, columns: 2), one).isNaN)
        #expect(EnergyDistance.between(matrix([[.nan, 0]], columns: 2), one).isNaN)
    }
}
