import Autoencoder
import Glibc
import Kernels
import Testing

/// Priors in which each class has a part of its own.
@Suite struct ClassPartTests {
    private static let source = RandomSource(seed: 3, purpose: .prior, step: 5)
    private static let rows = 600

    /// (600, Z), labels 0, 1, 2, … in turn; `unlabelled` beyond the last class.
    private func samples(_ prior: PriorSettings, dimensions: Int = 2, classes: Int, labels: [UInt8]) -> Matrix {
        let samples = Matrix(rows: Self.rows, columns: dimensions)
        let values = (0..<Self.rows).map { labels[$0 % labels.count] }
        prior.sample(into: samples, source: Self.source, firstRow: 0, labels: RowLabels(Slice(values), classes: classes))
        return samples
    }

    @Test("a row of class k is drawn from petal k")
    func petals() {
        let prior = PriorSettings.mixture(components: 5, radial: 0.1, tangential: 0.05, distance: 2)
        let drawn = samples(prior, classes: 5, labels: [0, 1, 2, 3, 4])
        for row in 0..<Self.rows {
            let petal = Int((atan2(Double(drawn[row, 1]), Double(drawn[row, 0])) / (2 * .pi) * 5).rounded())
            #expect((petal + 5) % 5 == row % 5)
        }
    }

    @Test("a row of class k of K is drawn from the k-th of K equal pieces of the roll's length", arguments: [1, 4, 10])
    func roll(classes: Int) {
        let drawn = samples(.swissRoll(thickness: 1e-6), classes: classes, labels: (0..<UInt8(classes)).map { $0 })
        var means = [Double](repeating: 0, count: classes)
        for row in 0..<Self.rows {
            // u is r²/9.
            let u = Double(drawn[row, 0] * drawn[row, 0] + drawn[row, 1] * drawn[row, 1]) / 9 * Double(classes)
            let label = row % classes
            #expect(u > Double(label) - 1e-3 && u < Double(label + 1) + 1e-3)
            means[label] += u / Double(Self.rows / classes)
        }
        for (label, mean) in means.enumerated() { #expect(abs(mean - Double(label) - 0.5) < 0.15) }
    }

    @Test(
        "a row without a label is drawn as from the whole, and so are the others' normal numbers",
        arguments: [PriorSettings.swissRoll(thickness: 0.1), .mixture(components: 3, radial: 0.5, tangential: 0.1, distance: 1)])
    func unlabelled(prior: PriorSettings) {
        let whole = Matrix(rows: Self.rows, columns: 2)
        prior.sample(into: whole, source: Self.source, firstRow: 0)
        let drawn = samples(prior, classes: 3, labels: [3, 1, 255, 2])
        for row in stride(from: 0, to: Self.rows, by: 2) { #expect(drawn.row(row).array == whole.row(row).array) }
        #expect(drawn.values.array != whole.values.array)
    }

    @Test("the categorical prior is a one-hot of each class as often, and of its label where there is one")
    func categorical() {
        let prior = PriorSettings.categorical(classes: 4)
        let whole = Matrix(rows: 4_000, columns: 4)
        prior.sample(into: whole, source: Self.source, firstRow: 0)
        var counts = [Int](repeating: 0, count: 4)
        for row in 0..<whole.rows {
            #expect(whole.row(row).array.sorted() == [0, 0, 0, 1])
            counts[whole.row(row).array.firstIndex(of: 1)!] += 1
        }
        #expect(counts.allSatisfy { abs($0 - 1_000) < 120 })
        let drawn = samples(prior, dimensions: 4, classes: 4, labels: [0, 1, 2, 3])
        for row in 0..<Self.rows { #expect(drawn[row, row % 4] == 1) }
        let cells = prior.cells(codeSize: 4)
        #expect(cells.count == 4 && cells.cell(of: drawn.row(6)) == 2 && cells.cell(of: Slice([.nan, 0, 0, 0])) == nil)
        #expect(prior.walk(codeSize: 4).codes.enumerated().allSatisfy { ($0 % 5 == 0) == ($1 == 1) })
    }

    @Test("the class of a row says nothing of the style drawn for it")
    func independent() {
        let (classes, style) = (Matrix(rows: 4_000, columns: 2), Matrix(rows: 4_000, columns: 4))
        PriorSettings.categorical(classes: 2).sample(into: classes, source: Self.source, firstRow: 0)
        PriorSettings.gaussian(std: 1).sample(into: style, source: Self.source, firstRow: 0)
        for dimension in 0..<4 {
            var (mean, square) = (0.0, 0.0)
            for row in 0..<4_000 {
                let value = Double(style[row, dimension])
                mean += Double(classes[row, 0] * 2 - 1) * value / 4_000
                square += Double(classes[row, 0] * 2 - 1) * value * value / 4_000
            }
            #expect(abs(mean) < 0.08 && abs(square) < 0.12)
        }
    }

    @Test("a prior that has no part for each class says so")
    func problems() {
        #expect(PriorSettings.swissRoll(thickness: 0.1).problem(classes: 7) == nil)
        #expect(PriorSettings.categorical(classes: 7).problem(classes: 7) == nil)
        let mixture = PriorSettings.mixture(components: 10, radial: 0.5, tangential: 0.1, distance: 1.4)
        #expect(mixture.problem(classes: 10) == nil)
        #expect(mixture.problem(classes: 9)?.contains("10 components") == true)
        for prior in [PriorSettings.gaussian(std: 1), .uniform(low: 0, high: 1)] {
            #expect(prior.problem(classes: 10)?.contains(prior.kind) == true)
        }
    }
}
