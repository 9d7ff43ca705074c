import Kernels
import Testing

@Suite("Ranges of columns") struct ColumnTests {
    @Test("A range is copied, and everything beside it stays", arguments: [(0, 4), (1, 4), (3, 7), (5, 40)])
    func ranges(rows: Int, columns: Int) {
        let x = Matrix(testValues(rows * columns, seed: 1), rows: rows, columns: columns)
        for (range, start, width) in [(0..<columns, 0, columns), (1..<3, 2, 5), (2..<2, 1, 1), (columns - 1..<columns, 0, 1)] {
            let copied = Matrix(testValues(rows * width, seed: 2), rows: rows, columns: width)
            let before = copied.values.array
            Columns.copy(x, range, into: copied, at: start)
            for row in 0..<rows {
                for c in 0..<width {
                    let from = range.lowerBound + c - start
                    let new = c >= start && range.contains(from) ? x[row, from] : nil
                    #expect(copied[row, c] == new ?? before[row * width + c])
                }
            }
        }
    }

    @Test("Sums and products of elements", arguments: awkwardSizes)
    func elements(count: Int) {
        let (a, b) = (testValues(count, seed: 1), testValues(count, seed: 2))
        let (sum, product) = (Storage<Float>(count: count).all, Storage<Float>(count: count).all)
        Elementwise.add(a, b, into: sum)
        Elementwise.multiply(a, b, into: product)
        for i in 0..<count { #expect(sum[i] == a[i] + b[i] && product[i] == a[i] * b[i]) }
    }
}
