import Autoencoder
import Evaluation
import Kernels
import Testing

/// Every kind of prior, with the size of a code it is tried at.
let priorsUnderTest: [(PriorSettings, Int)] = [
    (.gaussian(std: 5), 2), (.gaussian(std: 1), 2), (.gaussian(std: 5), 8), (.gaussian(std: 2), 1),
    (.uniform(low: -2, high: 2), 2), (.uniform(low: 3, high: 4), 5), (.uniform(low: -2, high: 2), 1),
    (.mixture(components: 10, radial: 0.5, tangential: 0.1, distance: 1.4), 2),
    (.mixture(components: 7, radial: 0.5, tangential: 0.1, distance: 1.4), 2),
    (.mixture(components: 1, radial: 1, tangential: 1, distance: 0), 2),
    (.mixture(components: 10, radial: 0.5, tangential: 0.5, distance: 0.5), 2),
    (.swissRoll(thickness: 0.1), 2), (.swissRoll(thickness: 0.3), 2), (.swissRoll(thickness: 0.02), 2),
]

/// Their cells, made once for all tests.
let cellsUnderTest: [PriorSettings: [Int: CodeCells]] = Dictionary(grouping: priorsUnderTest, by: \.0).mapValues { group in
    Dictionary(uniqueKeysWithValues: group.map { ($0.1, $0.0.cells(codeSize: $0.1)) })
}

/// The cells of one of `priorsUnderTest`.
func cells(of prior: PriorSettings, _ codeSize: Int) throws -> CodeCells {
    try #require(cellsUnderTest[prior]?[codeSize])
}

/// Samples of a prior, `seed` of its own.
func samples(_ prior: PriorSettings, _ codeSize: Int, count: Int, seed: UInt64) -> Matrix {
    let matrix = Matrix(rows: count, columns: codeSize)
    prior.sample(into: matrix, source: RandomSource(seed: seed, purpose: .sample, step: 3), firstRow: 0)
    return matrix
}

/// A matrix of given rows.
func matrix(_ rows: [[Float]], columns: Int) -> Matrix {
    Matrix(Slice(rows.flatMap { $0 }), rows: rows.count, columns: columns)
}

@Suite struct HolesTests {
    @Test("The prior itself has no holes", arguments: priorsUnderTest, [1, 2, 3])
    func prior(prior: (PriorSettings, Int), seed: UInt64) throws {
        let cells = try cells(of: prior.0, prior.1)
        #expect(abs(cells.count - 400) <= 8)
        let holes = Holes(samples(prior.0, prior.1, count: 10_000, seed: seed), in: cells)
        #expect(holes.share == 0, "seed \(seed)")
        #expect(holes.cells == cells.count && holes.dimensions == min(2, prior.1))
        #expect(abs(holes.threshold - 5) < 0.11)
    }

    @Test("The cells of a prior are equally likely", arguments: priorsUnderTest)
    func equal(prior: PriorSettings, codeSize: Int) throws {
        let cells = try cells(of: prior, codeSize)
        let count = 400_000
        let drawn = samples(prior, codeSize, count: count, seed: 11)
        var counts = [Int](repeating: 0, count: cells.count)
        for row in 0..<count {
            if let cell = cells.cell(of: drawn.row(row)) { counts[cell] += 1 }
        }
        #expect(counts.reduce(0, +) == count)
        // About 1,000 a cell: chance keeps it within a tenth, and the reference sample, of which 500 fall into a cell, within a few more.
        let expected = Double(count) / Double(cells.count)
        #expect(counts.allSatisfy { abs(Double($0) - expected) < 0.25 * expected }, "\(counts.min() ?? 0) to \(counts.max() ?? 0)")
    }

    @Test("Codes that collapse onto a point leave nearly every cell empty", arguments: priorsUnderTest)
    func collapsed(prior: PriorSettings, codeSize: Int) throws {
        let cells = try cells(of: prior, codeSize)
        let holes = Holes(
            matrix([[Float]](repeating: [Float](repeating: 0.1, count: codeSize), count: 10_000), columns: codeSize), in: cells)
        #expect(holes.share >= 1 - 1 / Double(cells.count))
    }

    @Test("Codes that fill one half of a Gaussian leave the other half empty")
    func half() {
        let codes = samples(.gaussian(std: 5), 2, count: 10_000, seed: 5)
        for row in 0..<codes.rows { codes[row, 1] = abs(codes[row, 1]) }
        let holes = Holes(codes, in: PriorSettings.gaussian(std: 5).cells(codeSize: 2))
        #expect(holes.share == 0.5)
    }

    @Test("A petal that no code reaches is a tenth of the cells")
    func petal() throws {
        let prior = PriorSettings.mixture(components: 10, radial: 0.5, tangential: 0.1, distance: 1.4)
        let codes = samples(prior, 2, count: 20_000, seed: 5)
        let kept = (0..<codes.rows).filter { !(codes[$0, 0] > 0 && abs(codes[$0, 1]) < 0.325 * codes[$0, 0]) }
        let holes = Holes(matrix(kept.map { [codes[$0, 0], codes[$0, 1]] }, columns: 2), in: try cells(of: prior, 2))
        #expect(holes.cells == 400)
        #expect((36...42).contains(holes.empty), "\(holes.empty)")
    }

    @Test("The threshold follows the number of codes", arguments: [(100, 0.05), (2_000, 1), (10_000, 5), (50_000, 25)])
    func threshold(count: Int, expected: Double) {
        let prior = PriorSettings.gaussian(std: 1)
        let holes = Holes(samples(prior, 2, count: count, seed: 1), in: prior.cells(codeSize: 2))
        #expect(holes.threshold == expected)
    }

    @Test("No codes, and codes that are no numbers, leave everything empty", arguments: priorsUnderTest)
    func nothing(prior: PriorSettings, codeSize: Int) throws {
        let cells = try cells(of: prior, codeSize)
        #expect(Holes(Matrix(rows: 0, columns: codeSize), in: cells).share == 1)
        for value in [Float.nan, .infinity, -.infinity] {
            let rows = [[Float]](repeating: [Float](repeating: value, count: codeSize), count: 500)
            #expect(Holes(matrix(rows, columns: codeSize), in: cells).share == 1)
        }
        let far = [[Float]](repeating: [Float](repeating: -3e38, count: codeSize), count: 500)
        #expect(Holes(matrix(far, columns: codeSize), in: cells).share >= 1 - 1 / Double(cells.count))
    }

    @Test("Codes outside a uniform prior fill no cell")
    func outside() {
        let cells = PriorSettings.uniform(low: -2, high: 2).cells(codeSize: 2)
        #expect(cells.cell(of: Slice([2.1, 0])) == nil && cells.cell(of: Slice([0, -2.1])) == nil)
        #expect(cells.cell(of: Slice([-2, -2])) == 0 && cells.cell(of: Slice([2, 2])) == 399)
    }
}
