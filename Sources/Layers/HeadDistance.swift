import Kernels

/// The penalty that keeps cluster heads apart (section 7 of the paper): each pair nearer than η costs the missing distance, η − ‖a − b‖.
public struct HeadDistance: Sendable, Hashable {
    /// η
    public let distance: Double
    public let weight: Double

    public init(distance: Double, weight: Double) {
        self.distance = distance
        self.weight = weight
    }

    /// The most numbers that all distances of a penalty may be summed from: then one thread takes a few seconds for the penalty and its gradient.
    public static let mostParts = 1 << 30

    /// Numbers that the distances between so many heads of Z dimensions are summed from.
    public static func parts(heads: Int, dimensions: Int) -> Int { heads * (heads - 1) / 2 * dimensions }

    /// The penalty; the pairs' parts are added in a fixed order.
    ///
    /// - Parameter heads: (Z, K), a column each.
    public func penalty(_ heads: Matrix) -> Double {
        let lengths = Storage<Double>(count: heads.columns).all
        var total = 0.0
        for one in 0..<heads.columns {
            ColumnPairs.distances(heads, from: one, into: lengths)
            for other in one + 1..<max(one + 1, heads.columns) where lengths[other] < distance {
                total += distance - lengths[other]
            }
        }
        return weight * total
    }

    /// The gradient by the heads (Z, K), times `scale`. Two heads in the same place have no direction and get no gradient from each other.
    public func gradient(_ heads: Matrix, scale: Float) -> Matrix {
        let (rows, columns) = (heads.rows, heads.columns)
        let turned = Matrix(rows: columns, columns: rows)
        for row in 0..<rows { for column in 0..<columns { turned[column, row] = heads[row, column] } }
        let (lengths, sums) = (Storage<Double>(count: columns).all, Storage<Double>(count: rows * columns).all)
        for one in 0..<columns {
            ColumnPairs.distances(heads, from: one, into: lengths)
            ColumnPairs.addDirections(turned, from: one, distances: lengths, nearerThan: distance, into: sums)
        }
        let gradient = Matrix(rows: rows, columns: columns)
        for row in 0..<rows {
            for column in 0..<columns { gradient[row, column] = Float(weight * sums[column * rows + row]) * scale }
        }
        return gradient
    }
}
