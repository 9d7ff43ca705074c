import Glibc
import Kernels
import Testing

@Suite("Element-wise loops and losses") struct ElementwiseTests {
    @Test("Sums run over sixteen fixed lanes and one fixed tree", arguments: awkwardSizes)
    func sums(count: Int) {
        let a = testValues(count, seed: 1)
        let b = testValues(count, seed: 2)
        #expect(Sums.sum(a) == laneSum(a.array.map(Double.init)))
        #expect(Sums.sumOfSquares(a) == laneSum(a.array.map { Double($0) * Double($0) }))
        #expect(Elementwise.squaredError(a, b) == laneSum(zip(a.array, b.array).map { Double($0 - $1) * Double($0 - $1) }))
    }

    @Test(
        "Bias, ReLU and column sums follow their formulas to the bit",
        arguments: [(0, 5), (1, 1), (3, 16), (5, 17), (25, 100), (7, 1000)])
    func layers(rows: Int, columns: Int) {
        let x = testValues(rows * columns, seed: 1)
        let bias = testValues(columns, seed: 2)
        let linear = Matrix(copy(x), rows: rows, columns: columns)
        let rectified = Matrix(copy(x), rows: rows, columns: columns)
        Elementwise.addBias(linear, bias)
        Elementwise.addBiasReLU(rectified, bias)
        let dy = testValues(rows * columns, seed: 3)
        let before = dy.array
        Elementwise.reluBackward(dy, output: rectified.values)
        for i in x.indices {
            let y = x[i] + bias[i % columns]
            #expect(linear.values[i] == y && rectified.values[i] == max(y, 0) && dy[i] == (y > 0 ? before[i] : 0))
        }
        let sums = Slice([Float](repeating: 9, count: columns))
        Elementwise.columnSums(linear, into: sums)
        for c in 0..<columns { #expect(sums[c] == (0..<rows).reduce(Float(0)) { $0 + linear[$1, c] }) }
    }

    @Test("NaN passes through a ReLU, so that it is noticed")
    func reluOfNaN() {
        let x = Slice<Float>([.nan, -1, 2])
        Elementwise.relu(x)
        #expect(x[0].isNaN && x[1] == 0 && x[2] == 2)
    }

    @Test("Grey levels are divided by 255 exactly")
    func bytes() {
        let levels = (0...255).map { UInt8($0) }
        let y = Storage<Float>(count: 256).all
        let z = Storage<Float>(count: 255).all
        Elementwise.bytesToUnit(Slice(levels), into: y)
        Elementwise.bytesToUnit(levels[1...], into: z)
        #expect(y.array == levels.map { Float($0) / 255 } && z.array == Array(y.array.dropFirst()))
    }

    @Test("Losses and their gradients agree with double precision", arguments: awkwardSizes)
    func losses(count: Int) {
        let z = testValues(count, seed: 1, std: 5)
        let t = Matrix(rows: 1, columns: count)
        RandomSource(seed: 1, purpose: .data, step: 0).fillUniform(t, firstRow: 0)
        let g = Storage<Float>(count: count).all
        let y = Storage<Float>(count: count).all
        func check(_ sum: Double, _ loss: (Double, Double) -> (Double, Double), _ name: Comment) {
            var expected = 0.0
            for i in 0..<count {
                let (value, gradient) = loss(Double(z[i]), Double(t.values[i]))
                expected += value
                #expect(abs(Double(g[i]) - gradient) < 1e-6 * max(1, abs(gradient)), name)
            }
            #expect(abs(sum - expected) <= 1e-6 * (1 + abs(expected)), name)
        }
        let sigmoid = { (x: Double) in 1 / (1 + exp(-x)) }
        check(Elementwise.halfSquaredError(z, target: t.values, gradient: g), { (0.5 * ($0 - $1) * ($0 - $1), $0 - $1) }, "linear")
        check(
            Elementwise.sigmoidHalfSquaredError(logits: z, target: t.values, output: y, gradient: g),
            { z, t in
                let y = sigmoid(z)
                return (0.5 * (y - t) * (y - t), (y - t) * y * (1 - y))
            }, "sigmoid")
        check(
            Elementwise.crossEntropy(logits: z, target: t.values, gradient: g),
            { ($1 * log1p(exp(-$0)) + (1 - $1) * ($0 + log1p(exp(-$0))), sigmoid($0) - $1) }, "cross-entropy")
        check(Elementwise.adversarialLoss(logits: z, real: true, gradient: g), { z, _ in (log1p(exp(-z)), sigmoid(z) - 1) }, "real")
        check(Elementwise.adversarialLoss(logits: z, real: false, gradient: g), { z, _ in (log1p(exp(z)), sigmoid(z)) }, "false")
    }

    @Test("Losses stay finite for logits of any size")
    func extremeLogits() {
        let z = Slice<Float>([-1e30, -1000, 0, 1000, 1e30])
        let g = Storage<Float>(count: 5).all
        let t = Slice<Float>([0, 0, 0.5, 1, 1])
        #expect(abs(Elementwise.crossEntropy(logits: z, target: t, gradient: g) - log(2)) < 1e-6)
        #expect(g.array == [0, 0, 0, 0, 0])
        #expect(Elementwise.adversarialLoss(logits: z, real: true, gradient: g).isFinite)
        #expect(g.array == [-1, -1, -0.5, 0, 0])
    }

    @Test("Squared distances of all pairs")
    func distances() {
        let a = Matrix(Slice([0, 0, 3, 4]), rows: 2, columns: 2)
        let b = Matrix(Slice([0, 0, 6, 8, 3, 0]), rows: 3, columns: 2)
        let d = Matrix(rows: 2, columns: 3)
        Elementwise.squaredDistances(a, b, into: d)
        #expect(d.values.array == [0, 100, 9, 25, 25, 16])
    }
}
