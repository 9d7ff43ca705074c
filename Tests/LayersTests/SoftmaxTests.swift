import Glibc
import Kernels
import Layers
import Testing

@Suite struct SoftmaxTests {
    init() { FloatingPoint.setModes() }

    /// Rows of `classes` values each.
    private func naive(_ x: [Double], _ classes: Int) -> [Double] {
        stride(from: 0, to: x.count, by: classes).flatMap { start in
            let e = x[start..<start + classes].map { exp($0) }
            return e.map { $0 / e.reduce(0, +) }
        }
    }

    @Test("softmax and its gradient agree with double precision", arguments: [1, 2, 10, 16, 30])
    func gradient(classes: Int) {
        let x = randomMatrix(rows: 4, columns: classes, seed: 1)
        let dy = randomMatrix(rows: 4, columns: classes, seed: 2)
        let (y, dx) = (Matrix(rows: 4, columns: classes), Matrix(rows: 4, columns: classes))
        Softmax.forward(x, into: y)
        Softmax.backward(dy, output: y, into: dx)
        let upper = doubles(dy.values)
        let expected = finiteDifferences(doubles(x.values)) { moved in
            zip(naive(moved, classes), upper).reduce(0) { $0 + $1.0 * $1.1 }
        }
        #expect(relativeError(y.values.array, naive(doubles(x.values), classes)) < 1e-6)
        #expect(relativeError(dx.values.array, expected) < 1e-5)
    }

    @Test("the classification loss, its gradient and its errors agree with double precision", arguments: [2, 10, 17])
    func classification(classes: Int) {
        let logits = randomMatrix(rows: 25, columns: classes, seed: 3)
        let labels = Slice((0..<25).map { UInt8($0 * 3 % classes) })
        let z = doubles(logits.values)
        func loss(_ z: [Double]) -> Double {
            let y = naive(z, classes)
            return (0..<25).reduce(0) { $0 - log(y[$1 * classes + Int(labels[$1])]) }
        }
        let errors = (0..<25).count { row in
            let values = z[row * classes..<(row + 1) * classes]
            return values.firstIndex(of: values.max()!)! - row * classes != Int(labels[row])
        }
        let sums = ClassificationLoss.gradient(logits: logits, labels: labels)
        #expect(abs(sums.loss - loss(z)) < 1e-5 * loss(z) && sums.errors == errors)
        #expect(relativeError(logits.values.array, finiteDifferences(z, loss)) < 1e-5)
    }

    @Test("of equal logits the first counts")
    func ties() {
        let logits = Matrix(Slice([1, 1, 0, 1, 1, 0]), rows: 2, columns: 3)
        #expect(ClassificationLoss.gradient(logits: logits, labels: Slice([0, 1])).errors == 1)
    }
}
