import Kernels
import Layers
import Testing

@Suite struct DropoutTests {
    init() { FloatingPoint.setModes() }

    private func draw(_ mask: Matrix, share: Double, seed: UInt64 = 1, step: UInt64 = 5, firstRow: Int) {
        let source = RandomSource(seed: seed, purpose: .dropout, step: step)
        Dropout.draw(mask, share: share, source: source, firstRow: firstRow)
    }

    @Test("a mask depends on seed, step and global row only")
    func rows() {
        let whole = Matrix(rows: 20, columns: 37)
        draw(whole, share: 0.3, firstRow: 0)
        let part = Matrix(rows: 7, columns: 37)
        draw(part, share: 0.3, firstRow: 11)
        #expect(part.values.array == whole.rows(11..<18).values.array)
        for (seed, step, first) in [(2, 5, 11), (1, 6, 11), (1, 5, 12)] as [(UInt64, UInt64, Int)] {
            draw(part, share: 0.3, seed: seed, step: step, firstRow: first)
            #expect(part.values.array != whole.rows(11..<18).values.array)
        }
    }

    @Test("what falls is 0, what stays is scaled by 1 / (1 − share), also in its own place or the mask's")
    func passes() {
        let x = randomMatrix(rows: 5, columns: 33, seed: 1)
        let (mask, y) = (Matrix(rows: 5, columns: 33), Matrix(rows: 5, columns: 33))
        draw(mask, share: 0.2, seed: 9, step: 7, firstRow: 50)
        Dropout.apply(mask, to: x, into: y)
        let fallen = mask.values.array.count { $0 == 0 }
        #expect(fallen > 10 && fallen < 60)
        for i in mask.values.indices {
            let scale: Float = mask.values[i] == 0 ? 0 : 1.25
            #expect(y.values[i] == x.values[i] * scale)
        }
        let inPlace = Matrix(Slice(x.values.array), rows: 5, columns: 33)
        Dropout.apply(mask, to: inPlace, into: inPlace)
        #expect(inPlace.values.array == y.values.array)
        Dropout.apply(mask, to: x, into: mask)
        #expect(mask.values.array == y.values.array)
    }
}
