import Kernels
import Layers
import Testing

@Suite struct DropoutTests {
    init() { FloatingPoint.setModes() }

    @Test("a mask depends on seed, step, global row and place only")
    func rows() {
        let dropout = Dropout(share: 0.3, firstElement: 0)
        let whole = Matrix(rows: 20, columns: 37)
        dropout.draw(whole, seed: 1, step: 5, firstRow: 0)
        let part = Matrix(rows: 7, columns: 37)
        dropout.draw(part, seed: 1, step: 5, firstRow: 11)
        #expect(part.values.array == whole.rows(11..<18).values.array)
        for (place, seed, step) in [(0, 2, 5), (0, 1, 6), (40, 1, 5)] as [(Int, UInt64, UInt64)] {
            Dropout(share: 0.3, firstElement: place).draw(part, seed: seed, step: step, firstRow: 11)
            #expect(part.values.array != whole.rows(11..<18).values.array)
        }
    }

    @Test("places behind each other share no number")
    func places() {
        let first = Dropout(share: 0.5, firstElement: 0)
        let second = Dropout(share: 0.5, firstElement: first.elementBehind(columns: 37))
        #expect(second.firstElement == 40 && second.elementBehind(columns: 40) == 80)
        let (both, behind) = (Matrix(rows: 3, columns: 60), Matrix(rows: 3, columns: 20))
        first.draw(both, seed: 3, step: 0, firstRow: 2)
        second.draw(behind, seed: 3, step: 0, firstRow: 2)
        for row in 0..<3 { #expect(behind.row(row).array == both.row(row)[40..<60].array) }
    }

    @Test("what falls is 0 both ways, what stays is scaled by 1 / (1 − share) both ways")
    func passes() {
        let (x, dy) = (randomMatrix(rows: 5, columns: 33, seed: 1), randomMatrix(rows: 5, columns: 33, seed: 2))
        let (mask, y, dx) = (Matrix(rows: 5, columns: 33), Matrix(rows: 5, columns: 33), Matrix(rows: 5, columns: 33))
        Dropout(share: 0.2, firstElement: 4).draw(mask, seed: 9, step: 7, firstRow: 50)
        Dropout.forward(x, mask: mask, into: y)
        Dropout.backward(dy, mask: mask, into: dx)
        let fallen = mask.values.array.count { $0 == 0 }
        #expect(fallen > 10 && fallen < 60)
        for i in mask.values.indices {
            let scale: Float = mask.values[i] == 0 ? 0 : 1.25
            #expect(y.values[i] == x.values[i] * scale && dx.values[i] == dy.values[i] * scale)
        }
        Dropout.forward(x, mask: mask, into: x)
        #expect(x.values.array == y.values.array)
    }
}
