import Kernels

/// The penalty that keeps cluster heads apart (section 7 of the paper): each two that are nearer than η cost what is missing, η − ‖a − b‖.
public struct HeadDistance: Sendable, Hashable {
    /// η
    public let distance: Double
    public let weight: Double

    public init(distance: Double, weight: Double) {
        self.distance = distance
        self.weight = weight
    }

    /// The penalty.
    ///
    /// - Parameter heads: (Z, K), a column each.
    public func penalty(_ heads: Matrix) -> Double {
        var total = 0.0
        eachPair(heads) { _, _, length, _ in total += distance - length }
        return weight * total
    }

    /// The gradient by the heads (Z, K), times `scale`. Two heads in one place have no direction: they stay.
    public func gradient(_ heads: Matrix, scale: Float) -> Matrix {
        var sums = [Double](repeating: 0, count: heads.values.count)
        eachPair(heads) { one, other, length, difference in
            guard length > 0 else { return }
            for (row, part) in difference.enumerated() {
                sums[row * heads.columns + one] -= part / length
                sums[row * heads.columns + other] += part / length
            }
        }
        let gradient = Matrix(rows: heads.rows, columns: heads.columns)
        for (index, sum) in sums.enumerated() { gradient.values[index] = Float(weight * sum) * scale }
        return gradient
    }

    /// Every two heads that are too near, in order, with the length and the parts of their difference.
    private func eachPair(_ heads: Matrix, _ body: (Int, Int, Double, [Double]) -> Void) {
        for one in 0..<heads.columns {
            for other in one + 1..<max(one + 1, heads.columns) {
                let difference = (0..<heads.rows).map { Double(heads[$0, one]) - Double(heads[$0, other]) }
                let length = difference.reduce(0) { $0 + $1 * $1 }.squareRoot()
                if length < distance { body(one, other, length, difference) }
            }
        }
    }
}
