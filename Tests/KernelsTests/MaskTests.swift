import Kernels
import Testing

@Suite("Masks of dropout") struct MaskTests {
    private let source = RandomSource(seed: 7, purpose: .dropout, step: 0x1_0000_0003)

    @Test("An element falls where its word is below the share, and is scaled where it stays", arguments: awkwardSizes)
    func words(count: Int) {
        let mask = Matrix(rows: 2, columns: count)
        source.fillMask(mask, firstRow: 31, firstElement: 8, dropping: 0.2)
        for row in 0..<2 {
            for element in 0..<count {
                let falls = Double(source.word(row: UInt32(31 + row), element: 8 + element)) < (0.2 * 0x1p32).rounded()
                #expect(mask[row, element] == (falls ? 0 : Float(1 / 0.8)))
            }
        }
    }

    @Test("The mean of a mask is 1")
    func mean() {
        let mask = Matrix(rows: 100, columns: 1000)
        for share in [0.2, 0.5, 0.9] {
            source.fillMask(mask, firstRow: 0, firstElement: 0, dropping: share)
            #expect(abs(Sums.sum(mask.values) / 100_000 - 1) < 0.05)
        }
    }

    @Test("A share of 0 drops nothing, and one just below 1 nearly everything")
    func ends() {
        let mask = Matrix(rows: 3, columns: 500)
        source.fillMask(mask, firstRow: 0, firstElement: 0, dropping: 0)
        #expect(mask.values.array.allSatisfy { $0 == 1 })
        source.fillMask(mask, firstRow: 0, firstElement: 0, dropping: 1.0.nextDown)
        #expect(mask.values.array.allSatisfy { $0 == 0 })
    }
}
