import Kernels
import Layers
import Testing

@Suite struct ColumnTests {
    @Test("columns of a value, and their gradient in the whole, added to what is there or not")
    func range() {
        let x = randomMatrix(rows: 3, columns: 7, seed: 1)
        let part = ColumnRange(2..<5)
        let y = Matrix(rows: 3, columns: 3)
        part.forward(x, into: y)
        let dx = randomMatrix(rows: 3, columns: 7, seed: 2)
        let before = Matrix(Slice(dx.values.array), rows: 3, columns: 7)
        part.backward(y, into: dx, adds: true)
        for row in 0..<3 {
            for c in 0..<7 {
                if part.range.contains(c) { #expect(y[row, c - 2] == x[row, c]) }
                #expect(dx[row, c] == before[row, c] + (part.range.contains(c) ? x[row, c] : 0))
            }
        }
        part.backward(y, into: dx, adds: false)
        for row in 0..<3 { for c in 0..<7 { #expect(dx[row, c] == (part.range.contains(c) ? x[row, c] : 0)) } }
    }

    @Test("joined values come apart again, with their gradients")
    func join() {
        let parts = [1, 4, 2].map { randomMatrix(rows: 5, columns: $0, seed: UInt64($0)) }
        let places = Join.places(columns: parts.map(\.columns))
        #expect(places.map(\.range) == [0..<1, 1..<5, 5..<7])
        let whole = Matrix(rows: 5, columns: 7)
        for (part, place) in zip(parts, places) { Join.forward(part, at: place, into: whole) }
        for row in 0..<5 { #expect(whole.row(row).array == parts.flatMap { $0.row(row).array }) }
        for (part, place) in zip(parts, places) {
            let gradient = Matrix(rows: 5, columns: part.columns)
            Join.backward(whole, at: place, into: gradient, adds: false)
            #expect(gradient.values.array == part.values.array)
            Join.backward(whole, at: place, into: gradient, adds: true)
            #expect(gradient.values.array == part.values.array.map { 2 * $0 })
        }
    }
}
