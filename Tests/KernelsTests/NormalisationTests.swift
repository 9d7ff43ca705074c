import Kernels
import Testing

@Suite("Batch norm of columns") struct NormalisationTests {
    static let shapes = [(1, 1), (2, 16), (3, 17), (25, 5), (100, 33), (7, 1000)]

    /// Columns around means of their own.
    private func columns(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix {
        let x = Matrix(testValues(rows * columns, seed: seed, std: 2), rows: rows, columns: columns)
        for row in 0..<rows { for c in 0..<columns { x[row, c] += Float(c % 7) - 3 } }
        return x
    }

    private func moments(_ x: Matrix) -> (mean: Slice<Float>, variance: Slice<Float>) {
        let sums = Storage<Double>(count: 2 * x.columns).all
        Normalisation.sums(of: x, into: sums)
        let (mean, variance) = (Storage<Float>(count: x.columns).all, Storage<Float>(count: x.columns).all)
        Normalisation.moments(sums: sums, rows: x.rows, mean: mean, variance: variance)
        return (mean, variance)
    }

    @Test("Sums run over the rows in their order, in double precision", arguments: shapes)
    func sums(rows: Int, count: Int) {
        let x = columns(rows, count, seed: 1)
        let sums = Storage<Double>(count: 2 * count).all
        sums.fill(9)
        Normalisation.sums(of: x, into: sums)
        for c in 0..<count {
            #expect(sums[c] == (0..<rows).reduce(0) { $0 + Double(x[$1, c]) })
            #expect(sums[count + c] == (0..<rows).reduce(0) { $0 + Double(x[$1, c]) * Double(x[$1, c]) })
        }
        Normalisation.sums(of: x.rows(0..<0), into: sums)
        #expect(sums.array.allSatisfy { $0 == 0 })
    }

    @Test("Moments, outputs and both halves of the backward pass agree with double precision", arguments: shapes)
    func formulas(rows: Int, count: Int) {
        let x = columns(rows, count, seed: 2)
        let dy = Matrix(testValues(rows * count, seed: 3), rows: rows, columns: count)
        let (gamma, beta) = (testValues(count, seed: 4), testValues(count, seed: 5))
        let (mean, variance) = moments(x)
        let (y, dx) = (Matrix(rows: rows, columns: count), Matrix(rows: rows, columns: count))
        Normalisation.forward(x, mean: mean, variance: variance, gamma: gamma, beta: beta, into: y)
        let sums = Storage<Double>(count: 2 * count).all
        Normalisation.backwardSums(dy, x: x, mean: mean, variance: variance, into: sums)
        Normalisation.backward(
            dy, x: x, mean: mean, variance: variance, gamma: gamma, sums: sums, rows: rows, into: dx)
        for c in 0..<count {
            let column = (0..<rows).map { Double(x[$0, c]) }
            let upper = (0..<rows).map { Double(dy[$0, c]) }
            let centre = column.reduce(0, +) / Double(rows)
            let spread = column.reduce(0) { $0 + ($1 - centre) * ($1 - centre) } / Double(rows)
            #expect(abs(Double(mean[c]) - centre) < 1e-6 && abs(Double(variance[c]) - spread) < 1e-5)
            if rows == 1 { continue }
            let factor = 1 / (spread + 1e-5).squareRoot()
            let normal = column.map { ($0 - centre) * factor }
            let sum = upper.reduce(0, +)
            let product = zip(upper, normal).reduce(0) { $0 + $1.0 * $1.1 }
            #expect(abs(sums[c] - sum) < 1e-5 && abs(sums[count + c] - product) < 1e-4 * (1 + factor))
            for row in 0..<rows {
                let output = Double(gamma[c]) * normal[row] + Double(beta[c])
                let input = Double(gamma[c]) * factor * (upper[row] - sum / Double(rows) - normal[row] * product / Double(rows))
                #expect(abs(Double(y[row, c]) - output) < 1e-5 * (1 + factor))
                #expect(abs(Double(dx[row, c]) - input) < 1e-4 * (1 + factor * factor))
            }
        }
    }

    @Test("A constant column has no variance, whatever rounding says, and gives β")
    func constant() {
        let x = Matrix(Slice([Float](repeating: 0.1, count: 21)), rows: 7, columns: 3)
        let (mean, variance) = moments(x)
        #expect(variance.array.allSatisfy { $0 >= 0 && $0 < 1e-12 })
        let y = Matrix(rows: 7, columns: 3)
        Normalisation.forward(x, mean: mean, variance: variance, gamma: Slice([1, 1, 1]), beta: Slice([0, 2, -3]), into: y)
        #expect((0..<7).allSatisfy { y.row($0).array == [0, 2, -3] })
    }

    @Test("What is no number is noticed")
    func notANumber() {
        let (mean, variance) = moments(Matrix(Slice([0, .nan, 1, .infinity]), rows: 2, columns: 2))
        #expect(mean[0] == 0.5 && mean[1].isNaN && variance[1].isNaN)
    }
}
