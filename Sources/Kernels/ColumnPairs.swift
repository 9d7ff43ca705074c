/// Distances between the columns of a matrix, from one column to all after it. Each sum runs in a fixed order, in double precision, so that vector
/// instructions change no bit: vectors run over columns where a distance is summed over rows, and over rows where pairs are summed.
public enum ColumnPairs {
    /// ‖a − b‖ of one column and each after it; the squares are added in the order of the rows.
    ///
    /// - Parameters:
    ///   - x: (R, C).
    ///   - distances: (C); those of the columns up to `column` are left alone.
    public static func distances(_ x: Matrix, from column: Int, into distances: Slice<Double>) {
        precondition(distances.count == x.columns && (0..<x.columns).contains(column), "There is one distance a column")
        let (rows, columns, sums) = (x.rows, x.columns, distances.base)
        for other in column + 1..<max(column + 1, columns) { sums[other] = 0 }
        for row in 0..<rows {
            let line = x.values.base + row * columns
            let own = Double(line[column])
            for other in column + 1..<max(column + 1, columns) {
                let part = own - Double(line[other])
                sums[other] += part * part
            }
        }
        for other in column + 1..<max(column + 1, columns) { sums[other] = sums[other].squareRoot() }
    }

    /// For a column a and each column b after it: subtracts the direction (a − b) / ‖a − b‖ from a's sums and adds it to b's, where the two are
    /// nearer than `limit` and not in the same place.
    ///
    /// - Parameters:
    ///   - x: (C, R), the columns as rows.
    ///   - distances: (C), those from the column.
    ///   - sums: (C, R).
    public static func addDirections(
        _ x: Matrix, from column: Int, distances: Slice<Double>, nearerThan limit: Double, into sums: Slice<Double>
    ) {
        precondition(
            distances.count == x.rows && sums.count == x.values.count && (0..<x.rows).contains(column), "Shapes differ")
        let rows = x.columns
        let (own, ownSums) = (x.values.base + column * rows, sums.base + column * rows)
        for other in column + 1..<max(column + 1, x.rows) {
            let distance = distances.base[other]
            guard distance < limit, distance > 0 else { continue }
            let (its, itsSums) = (x.values.base + other * rows, sums.base + other * rows)
            for row in 0..<rows {
                let direction = (Double(own[row]) - Double(its[row])) / distance
                ownSums[row] -= direction
                itsSums[row] += direction
            }
        }
    }
}
