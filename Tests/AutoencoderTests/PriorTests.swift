import Autoencoder
import Glibc
import Kernels
import Layers
import Testing

@Suite struct PriorTests {
    static let count = 10_000

    private func samples(_ prior: PriorSettings, dimensions: Int = 2, seed: UInt64 = 1) -> Matrix {
        let matrix = Matrix(rows: Self.count, columns: dimensions)
        prior.sample(into: matrix, source: RandomSource(seed: seed, purpose: .prior, step: 5), firstRow: 0)
        return matrix
    }

    private func column(_ matrix: Matrix, _ index: Int) -> [Double] { (0..<matrix.rows).map { Double(matrix[$0, index]) } }
    private func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
    private func std(_ values: [Double]) -> Double {
        let centre = mean(values)
        return mean(values.map { ($0 - centre) * ($0 - centre) }).squareRoot()
    }

    @Test("the Gaussian has its mean and deviation in every dimension")
    func gaussian() {
        let matrix = samples(.gaussian(std: 5), dimensions: 8)
        for dimension in 0..<8 {
            let values = column(matrix, dimension)
            #expect(abs(mean(values)) < 0.25)
            #expect(abs(std(values) - 5) < 0.2)
        }
    }

    @Test("the uniform prior fills its square and no more")
    func uniform() {
        let values = column(samples(.uniform(low: -2, high: 2)), 1)
        #expect(values.allSatisfy { $0 >= -2 && $0 <= 2 })
        #expect(abs(mean(values)) < 0.06)
        #expect(abs(std(values) - 4 / 12.0.squareRoot()) < 0.03)
    }

    @Test("petals lie radially at their distance, with their two deviations")
    func petals() {
        let matrix = samples(.mixture(components: 10, radial: 0.2, tangential: 0.05, distance: 1.4))
        var counts = [Int](repeating: 0, count: 10)
        var (along, across): ([Double], [Double]) = ([], [])
        for row in 0..<matrix.rows {
            let (x, y) = (Double(matrix[row, 0]), Double(matrix[row, 1]))
            let petal = Int((atan2(y, x) / (2 * .pi) * 10).rounded())
            counts[(petal + 10) % 10] += 1
            let turn = 2 * Double.pi * Double(petal) / 10
            along.append(x * cos(turn) + y * sin(turn))
            across.append(y * cos(turn) - x * sin(turn))
        }
        #expect(abs(mean(along) - 1.4) < 0.01)
        #expect(abs(std(along) - 0.2) < 0.01)
        #expect(abs(std(across) - 0.05) < 0.003)
        #expect(counts.allSatisfy { abs($0 - 1_000) < 150 })
    }

    @Test("the roll lies about 3√u (cos 4π√u, sin 4π√u) with its thickness")
    func roll() {
        let matrix = samples(.swissRoll(thickness: 0.1))
        let squares = (0..<matrix.rows).map { Double(matrix[$0, 0] * matrix[$0, 0] + matrix[$0, 1] * matrix[$0, 1]) }
        // r² = 9u + noise, u uniform.
        #expect(abs(mean(squares) - 4.52) < 0.1)
        let distances = (0..<matrix.rows).map { row -> Double in
            (0..<1_000).reduce(Double.infinity) { least, point in
                let root = ((Double(point) + 0.5) / 1_000).squareRoot()
                let (x, y) = (3 * root * cos(4 * .pi * root), 3 * root * sin(4 * .pi * root))
                return min(least, hypot(Double(matrix[row, 0]) - x, Double(matrix[row, 1]) - y))
            }
        }
        #expect(abs(mean(distances) - 0.08) < 0.01)
    }

    @Test(
        "a row's sample depends on its global row only",
        arguments: [
            PriorSettings.gaussian(std: 2), .uniform(low: 0, high: 1), .swissRoll(thickness: 0.1),
            .mixture(components: 10, radial: 0.5, tangential: 0.1, distance: 1.4),
        ])
    func rows(_ prior: PriorSettings) {
        let source = RandomSource(seed: 1, purpose: .prior, step: 5)
        let whole = Matrix(rows: 20, columns: 2)
        prior.sample(into: whole, source: source, firstRow: 0)
        let part = Matrix(rows: 7, columns: 2)
        prior.sample(into: part, source: source, firstRow: 11)
        #expect(part.values.array == whole.rows(11..<18).values.array)
    }

    @Test(
        "samples cost the prior's entropy by its own density",
        arguments: [
            (PriorSettings.gaussian(std: 5), 2 * log(5.0)),
            (.mixture(components: 7, radial: 0.5, tangential: 0.1, distance: 10), log(7 * 0.5 * 0.1)),
        ])
    func density(_ prior: PriorSettings, logVolume: Double) {
        let costs = prior.density!.logDensities(samples(prior)).map { -$0 }
        #expect(abs(mean(costs) - (logVolume + log(2 * Double.pi * M_E))) < 0.05)
    }
}
