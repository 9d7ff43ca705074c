import Kernels
import Layers
import Testing

@Suite struct ColumnTests {
    @Test("columns of a value, and their gradient in the whole, where nothing of what was there stays")
    func range() {
        let x = randomMatrix(rows: 3, columns: 7, seed: 1)
        let part = ColumnRange(2..<5)
        let y = Matrix(rows: 3, columns: 3)
        part.forward(x, into: y)
        let dx = randomMatrix(rows: 3, columns: 7, seed: 2)
        part.backward(y, into: dx)
        for row in 0..<3 {
            for c in 0..<7 {
                if part.range.contains(c) { #expect(y[row, c - 2] == x[row, c]) }
                #expect(dx[row, c] == (part.range.contains(c) ? x[row, c] : 0))
            }
        }
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
            let gradient = randomMatrix(rows: 5, columns: part.columns, seed: 9)
            Join.backward(whole, at: place, into: gradient)
            #expect(gradient.values.array == part.values.array)
        }
    }
}
