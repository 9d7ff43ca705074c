import Glibc
import Kernels
import Testing

@Suite("Softmax of rows") struct SoftmaxTests {
    /// Rows and classes around the sixteen lanes.
    static let shapes = [(0, 3), (1, 1), (3, 2), (25, 10), (4, 16), (5, 17), (17, 30), (2, 100)]

    private func matrix(_ rows: Int, _ columns: Int, seed: UInt64, std: Float = 4) -> Matrix {
        Matrix(testValues(rows * columns, seed: seed, std: std), rows: rows, columns: columns)
    }

    private func softmax(_ x: [Float]) -> [Double] {
        let most = Double(x.max()!)
        let e = x.map { exp(Double($0) - most) }
        return e.map { $0 / e.reduce(0, +) }
    }

    @Test("A row and its backward pass agree with double precision, in place as well", arguments: shapes)
    func rows(rows: Int, classes: Int) {
        let x = matrix(rows, classes, seed: 1)
        let dy = matrix(rows, classes, seed: 2)
        let (y, dx) = (Matrix(rows: rows, columns: classes), Matrix(rows: rows, columns: classes))
        Elementwise.softmax(x, into: y)
        Elementwise.softmaxBackward(dy, output: y, into: dx)
        for row in 0..<rows {
            let expected = softmax(x.row(row).array)
            let mean = (0..<classes).reduce(0) { $0 + expected[$1] * Double(dy[row, $1]) }
            for c in 0..<classes {
                #expect(abs(Double(y[row, c]) - expected[c]) < 1e-6)
                #expect(abs(Double(dx[row, c]) - expected[c] * (Double(dy[row, c]) - mean)) < 1e-5)
            }
        }
        Elementwise.softmax(x, into: x)
        Elementwise.softmaxBackward(dy, output: y, into: dy)
        #expect(bits(x.values) == bits(y.values) && bits(dy.values) == bits(dx.values))
    }

    @Test("A row's bits do not depend on the rows around it")
    func alone() {
        let x = matrix(9, 13, seed: 3)
        let y = Matrix(rows: 9, columns: 13)
        Elementwise.softmax(x, into: y)
        let one = Matrix(rows: 1, columns: 13)
        Elementwise.softmax(x.rows(5..<6), into: one)
        #expect(bits(one.values) == bits(y.row(5)))
    }

    @Test("Cross-entropy and its gradient agree with double precision, over the logits as well", arguments: shapes)
    func crossEntropy(rows: Int, classes: Int) {
        let z = matrix(rows, classes, seed: 4)
        let labels = Slice((0..<rows).map { UInt8($0 * 7 % classes) })
        let gradient = Matrix(rows: rows, columns: classes)
        let loss = Elementwise.softmaxCrossEntropy(logits: z, labels: labels, gradient: gradient)
        var expected = 0.0
        for row in 0..<rows {
            let y = softmax(z.row(row).array)
            expected -= log(y[Int(labels[row])])
            for c in 0..<classes {
                #expect(abs(Double(gradient[row, c]) - (y[c] - (c == Int(labels[row]) ? 1 : 0))) < 1e-6)
            }
        }
        #expect(abs(loss - expected) <= 1e-6 * (1 + expected))
        #expect(Elementwise.softmaxCrossEntropy(logits: z, labels: labels, gradient: z) == loss)
        #expect(bits(z.values) == bits(gradient.values))
    }

    @Test("Logits of any size keep the loss finite, and what is no number is noticed")
    func extremes() {
        let z = Matrix(Slice([1e30, -1e30, 0, 1000, -1000, 1000]), rows: 2, columns: 3)
        let gradient = Matrix(rows: 2, columns: 3)
        #expect(abs(Elementwise.softmaxCrossEntropy(logits: z, labels: Slice([0, 2]), gradient: gradient) - log(2)) < 1e-12)
        #expect(gradient.values.array == [0, 0, 0, 0.5, 0, -0.5])
        for wrong in [Float.nan, .infinity] {
            let row = Matrix(Slice([0, wrong, 1]), rows: 1, columns: 3)
            let y = Matrix(rows: 1, columns: 3)
            Elementwise.softmax(row, into: y)
            #expect(y[0, 1].isNaN)
            #expect(Elementwise.softmaxCrossEntropy(logits: row, labels: Slice([0]), gradient: y).isNaN)
        }
    }

    @Test("Logarithms in double precision tell probabilities apart that a float rounds to 1")
    func logarithms() {
        let x = Matrix(Slice([40, 0, 0, 41, 0, 0]), rows: 2, columns: 3)
        let y = Storage<Double>(count: 6).all
        Elementwise.logSoftmax(x, into: y)
        #expect(y[0] < y[3] && y[3] < 0)
        #expect(abs(y[0] / -(2 * exp(-40)) - 1) < 1e-12 && abs(y[4] + 41) < 1e-12)
        for (rows, classes) in Self.shapes {
            let z = matrix(rows, classes, seed: 5)
            let found = Storage<Double>(count: rows * classes).all
            Elementwise.logSoftmax(z, into: found)
            for row in 0..<rows {
                let expected = softmax(z.row(row).array).map { log($0) }
                for c in 0..<classes { #expect(abs(found[row * classes + c] - expected[c]) < 1e-11) }
            }
        }
    }
}
