import Kernels
import Layers
import Testing

/// The penalty on heads that are too near, against a version that goes pair by pair.
@Suite struct HeadDistanceTests {
    /// Every two heads that are too near, in order, with the length and the parts of their difference.
    private func eachPair(_ heads: Matrix, within distance: Double, _ body: (Int, Int, Double, [Double]) -> Void) {
        for one in 0..<heads.columns {
            for other in one + 1..<max(one + 1, heads.columns) {
                let difference = (0..<heads.rows).map { Double(heads[$0, one]) - Double(heads[$0, other]) }
                let length = difference.reduce(0) { $0 + $1 * $1 }.squareRoot()
                if length < distance { body(one, other, length, difference) }
            }
        }
    }

    /// Some apart, some too near, and two in one place where there are three.
    private func heads(rows: Int, columns: Int) -> Matrix {
        let heads = Matrix(rows: rows, columns: columns)
        RandomSource(seed: 11, purpose: .spare, step: UInt64(columns)).fillNormal(heads, firstRow: 0, std: 2)
        if columns > 2 { for row in 0..<rows { heads[row, 2] = heads[row, 0] } }
        return heads
    }

    @Test("Penalty and gradient have the bits of pair by pair", arguments: [1, 2, 3, 16, 37, 130], [1, 2, 5, 16, 33])
    func pairs(columns: Int, rows: Int) {
        let heads = heads(rows: rows, columns: columns)
        let rule = HeadDistance(distance: 2 * Double(rows).squareRoot(), weight: 0.7)
        var total = 0.0
        var sums = [Double](repeating: 0, count: rows * columns)
        eachPair(heads, within: rule.distance) { one, other, length, difference in
            total += rule.distance - length
            guard length > 0 else { return }
            for (row, part) in difference.enumerated() {
                sums[row * columns + one] -= part / length
                sums[row * columns + other] += part / length
            }
        }
        #expect(rule.penalty(heads).bitPattern == (0.7 * total).bitPattern)
        let expected = sums.map { (Float(0.7 * $0) * 3).bitPattern }
        #expect(rule.gradient(heads, scale: 3).values.array.map(\.bitPattern) == expected)
    }

    @Test("No heads, or heads far enough apart, cost nothing")
    func nothing() {
        let rule = HeadDistance(distance: 6, weight: 1)
        #expect(rule.penalty(Matrix(rows: 2, columns: 0)) == 0)
        let apart = Matrix(rows: 1, columns: 2)
        apart[0, 1] = 6
        #expect(rule.penalty(apart) == 0 && rule.gradient(apart, scale: 1).values.array == [0, 0])
    }

    @Test("As many numbers are summed as there are pairs and dimensions")
    func parts() {
        #expect(HeadDistance.parts(heads: 4, dimensions: 3) == 18 && HeadDistance.parts(heads: 0, dimensions: 3) == 0)
        #expect(HeadDistance.parts(heads: 4_096, dimensions: 128) < HeadDistance.mostParts)
    }
}
