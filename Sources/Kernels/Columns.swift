import CKernels

/// Copies of column ranges, to cut a matrix into parts and to join parts.
public enum Columns {
    /// Copies columns `range` of `x` (B, X) to the columns of `y` (B, Y) from `start` on; the matrices may not overlap.
    public static func copy(_ x: Matrix, _ range: Range<Int>, into y: Matrix, at start: Int) {
        check(x, range, y, start)
        if x.rows == 0 { return }
        ck_copy_columns(x.values.base + range.lowerBound, x.columns, y.values.base + start, y.columns, x.rows, range.count)
    }

    private static func check(_ x: Matrix, _ range: Range<Int>, _ y: Matrix, _ start: Int) {
        precondition(x.rows == y.rows, "Matrices of \(x.rows) and \(y.rows) rows")
        precondition(range.lowerBound >= 0 && range.upperBound <= x.columns, "Columns \(range) of \(x.columns)")
        precondition(start >= 0 && start + range.count <= y.columns, "\(range.count) columns from \(start) on of \(y.columns)")
    }
}
