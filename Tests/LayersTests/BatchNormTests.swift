import Kernels
import Layers
import Testing

@Suite struct BatchNormTests {
    init() { FloatingPoint.setModes() }

    /// A minibatch in shards of these numbers of rows.
    struct Case: Sendable, CustomStringConvertible {
        let counts: [Int]
        let columns: Int
        var description: String { "\(columns) columns over shards of \(counts) rows" }
        var rows: Int { counts.reduce(0, +) }

        var ranges: [Range<Int>] {
            var next = 0
            return counts.map { count in
                defer { next += count }
                return next..<next + count
            }
        }
    }

    static let cases = [
        Case(counts: [4], columns: 3), Case(counts: [2, 0, 3], columns: 17), Case(counts: [3, 3, 3, 2], columns: 5),
    ]

    /// y = γ x̂ + β of a whole minibatch in double precision.
    private func naive(_ x: [Double], _ gamma: [Double], _ beta: [Double]) -> [Double] {
        let columns = gamma.count
        let rows = x.count / columns
        var y = x
        for c in 0..<columns {
            let values = (0..<rows).map { x[$0 * columns + c] }
            let mean = values.reduce(0, +) / Double(rows)
            let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(rows)
            for row in 0..<rows {
                y[row * columns + c] = gamma[c] * (values[row] - mean) / (variance + 1e-5).squareRoot() + beta[c]
            }
        }
        return y
    }

    /// The shards' sums added in their order.
    private func total(_ shards: [Slice<Double>]) -> Slice<Double> {
        let total = Storage<Double>(count: shards[0].count).all
        for shard in shards { for index in total.indices { total[index] += shard[index] } }
        return total
    }

    private func sums(_ test: Case, _ body: (Range<Int>, Slice<Double>) -> Void) -> [Slice<Double>] {
        test.ranges.map { rows in
            let sums = Storage<Double>(count: 2 * test.columns).all
            body(rows, sums)
            return sums
        }
    }

    @Test("shards normalised by the moments of all give the minibatch's outputs, and gradients by x, γ and β", arguments: cases)
    func minibatch(_ test: Case) {
        let (rows, columns) = (test.rows, test.columns)
        let x = randomMatrix(rows: rows, columns: columns, seed: 1)
        let dy = randomMatrix(rows: rows, columns: columns, seed: 2)
        let norm = BatchNorm(
            gamma: randomMatrix(rows: 1, columns: columns, seed: 3).values,
            beta: randomMatrix(rows: 1, columns: columns, seed: 4).values)
        let moments = ColumnMoments(columns: columns)
        moments.set(sums: total(sums(test) { BatchNorm.forwardSums(x.rows($0), into: $1) }), rows: rows)
        let (y, dx) = (Matrix(rows: rows, columns: columns), Matrix(rows: rows, columns: columns))
        for range in test.ranges { norm.forward(x.rows(range), moments: moments, into: y.rows(range)) }
        let parts = sums(test) { BatchNorm.backwardSums(dy.rows($0), x: x.rows($0), moments: moments, into: $1) }
        let all = total(parts)
        let sink = PlainSink(tensors: [
            TensorSpec(name: "gamma", shape: [columns], range: 0..<columns),
            TensorSpec(name: "beta", shape: [columns], range: columns..<2 * columns),
        ])
        let tile = Storage<Float>(count: columns).all
        for (shard, range) in test.ranges.enumerated() {
            norm.backward(
                dy.rows(range), x: x.rows(range), moments: moments, sums: all, rows: rows, into: dx.rows(range))
            BatchNorm.deliver(
                sums: parts[shard], shard: shard, rows: range.count, tile: tile, to: Delivery(sink: sink, firstTensor: 0))
        }
        let (input, gamma, beta) = (doubles(x.values), doubles(norm.gamma), doubles(norm.beta))
        let upper = doubles(dy.values)
        func loss(_ y: [Double]) -> Double { zip(y, upper).reduce(0) { $0 + $1.0 * $1.1 } }
        #expect(relativeError(y.values.array, naive(input, gamma, beta)) < 1e-5)
        #expect(relativeError(dx.values.array, finiteDifferences(input) { loss(naive($0, gamma, beta)) }) < 1e-4)
        let delivered = sink.sum()
        let byGamma = finiteDifferences(gamma) { loss(naive(input, $0, beta)) }
        let byBeta = finiteDifferences(beta) { loss(naive(input, gamma, $0)) }
        #expect(relativeError(Array(delivered[..<columns]), byGamma) < 1e-5)
        #expect(relativeError(Array(delivered[columns...]), byBeta) < 1e-5)
    }

    @Test("a shard's sums and outputs do not depend on the rows around it")
    func alone() {
        let x = randomMatrix(rows: 9, columns: 21, seed: 5)
        let alone = Matrix(Slice(x.rows(4..<7).values.array), rows: 3, columns: 21)
        let (inside, outside) = (Storage<Double>(count: 42).all, Storage<Double>(count: 42).all)
        BatchNorm.forwardSums(x.rows(4..<7), into: inside)
        BatchNorm.forwardSums(alone, into: outside)
        #expect(inside.array == outside.array)
    }

    @Test("moments that were kept give what the minibatch gave")
    func kept() {
        let x = randomMatrix(rows: 6, columns: 4, seed: 6)
        let sums = Storage<Double>(count: 8).all
        BatchNorm.forwardSums(x, into: sums)
        let moments = ColumnMoments(columns: 4)
        moments.set(sums: sums, rows: 6)
        let kept = ColumnMoments(mean: Slice(moments.mean.array), variance: Slice(moments.variance.array))
        let norm = BatchNorm(gamma: Slice([1, 2, 3, 4]), beta: Slice([0, 1, 0, -1]))
        let (first, second) = (Matrix(rows: 6, columns: 4), Matrix(rows: 6, columns: 4))
        norm.forward(x, moments: moments, into: first)
        norm.forward(x, moments: kept, into: second)
        #expect(first.values.array == second.values.array)
    }
}
