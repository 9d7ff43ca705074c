import Glibc
import Kernels
import Testing

@Suite("Counter-based random numbers") struct RandomTests {
    @Test("Philox gives the published known answers of Random123")
    func knownAnswers() {
        typealias Words = (UInt32, UInt32, UInt32, UInt32)
        let cases: [(counter: Words, key: (UInt32, UInt32), answer: Words)] = [
            ((0, 0, 0, 0), (0, 0), (0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8)),
            ((.max, .max, .max, .max), (.max, .max), (0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd)),
            (
                (0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344), (0xa409_3822, 0x299f_31d0),
                (0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1)
            ),
        ]
        for (counter, key, answer) in cases { #expect(Philox4x32.block(counter: counter, key: key) == answer) }
    }

    @Test("A filled row holds the words of the published function", arguments: awkwardSizes)
    func fillMatchesWords(count: Int) {
        let source = RandomSource(seed: 0x1234_5678_9abc_def0, purpose: .inputNoise, step: 0x1_2345_6789)
        let words = Storage<UInt32>(count: count).all
        source.fillWords(words, row: 77)
        #expect(words.array == (0..<count).map { source.word(row: 77, element: $0) })
        let m = Matrix(rows: 1, columns: count)
        source.fillUniform(m, firstRow: 77)
        #expect(m.values.array == (0..<count).map { source.uniform(row: 77, element: $0) })
    }

    @Test("A number depends on its global row and element only, not on who fills which part")
    func partsAgree() {
        let source = RandomSource(seed: 5, purpose: .prior, step: 12)
        let whole = Matrix(rows: 10, columns: 37)
        source.fillNormal(whole, firstRow: 100, std: 2)
        let part = Matrix(rows: 3, columns: 37)
        source.fillNormal(part, firstRow: 104, std: 2)
        #expect(bits(part.values) == bits(whole.rows(4..<7).values))
        let narrow = Matrix(rows: 1, columns: 5)
        source.fillNormal(narrow, firstRow: 109, std: 2)
        #expect(bits(narrow.values) == bits(whole.row(9)[0..<5]))
    }

    @Test("Seed, purpose, step and row all change the numbers")
    func keysMatter() {
        let words = [
            RandomSource(seed: 1, purpose: .prior, step: 1), RandomSource(seed: 2, purpose: .prior, step: 1),
            RandomSource(seed: 1 << 32 | 1, purpose: .prior, step: 1), RandomSource(seed: 1, purpose: .sample, step: 1),
            RandomSource(seed: 1, purpose: .prior, step: 2), RandomSource(seed: 1, purpose: .prior, step: 1 << 32 | 1),
        ].flatMap { [$0.word(row: 0, element: 0), $0.word(row: 1, element: 0), $0.word(row: 0, element: 4)] }
        #expect(Set(words).count == words.count)
    }

    @Test("Uniform numbers lie strictly between 0 and 1 and fill the interval")
    func uniform() {
        let m = Matrix(rows: 100, columns: 1000)
        RandomSource(seed: 3, purpose: .sample, step: 0).fillUniform(m, firstRow: 0)
        let values = m.values.array
        #expect(values.allSatisfy { $0 > 0 && $0 < 1 })
        let mean = Sums.sum(m.values) / 100_000
        let square = Sums.sumOfSquares(m.values) / 100_000
        #expect(abs(mean - 0.5) < 0.005)
        #expect(abs(square - 1.0 / 3) < 0.005)
    }

    @Test("Normal numbers are those of Box and Muller in double precision")
    func boxMuller() {
        let source = RandomSource(seed: 11, purpose: .prior, step: 4)
        let m = Matrix(rows: 1, columns: 4096)
        source.fillNormal(m, firstRow: 6, std: 1)
        for pair in 0..<2048 {
            let first = Double(source.uniform(row: 6, element: 2 * pair))
            let turn = Double(source.word(row: 6, element: 2 * pair + 1)) * 0x1p-32
            let radius = (-2 * log(first)).squareRoot()
            #expect(abs(Double(m.values[2 * pair]) - radius * cos(2 * .pi * turn)) < 1e-6)
            #expect(abs(Double(m.values[2 * pair + 1]) - radius * sin(2 * .pi * turn)) < 1e-6)
        }
    }

    @Test("Normal numbers have the moments of a normal distribution")
    func moments() {
        let count = 400_000.0
        let m = Matrix(rows: 400, columns: 1000)
        RandomSource(seed: 8, purpose: .prior, step: 0).fillNormal(m, firstRow: 0, std: 3)
        let mean = Sums.sum(m.values) / count
        let variance = Sums.sumOfSquares(m.values) / count
        let fourth = m.values.array.reduce(0.0) { $0 + pow(Double($1), 4) } / count
        #expect(abs(mean) < 5 * 3 / count.squareRoot())
        #expect(abs(variance - 9) < 0.1)
        #expect(abs(fourth / (variance * variance) - 3) < 0.06)
    }
}
