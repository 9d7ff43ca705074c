import Kernels

// Shapes of this file: B rows; C columns of the part, X of the whole.

/// Columns of a value as a value of their own, or its place in a value that is joined from several.
public struct ColumnRange: Sendable, Hashable {
    /// Which columns of the whole, C of X.
    public let range: Range<Int>

    public init(_ range: Range<Int>) { self.range = range }

    /// Takes the columns out of the whole: `x` (B, X), `y` (B, C).
    public func forward(_ x: Matrix, into y: Matrix) {
        check(y)
        Columns.copy(x, range, into: y, at: 0)
    }

    /// The gradient of the whole (B, X) from that of the part, `dy` (B, C): zero in the other columns.
    public func backward(_ dy: Matrix, into dx: Matrix) {
        check(dy)
        dx.values.fill(0)
        Columns.copy(dy, 0..<dy.columns, into: dx, at: range.lowerBound)
    }

    private func check(_ part: Matrix) {
        precondition(part.columns == range.count, "\(part.columns) columns in the place of \(range.count)")
    }
}

/// Several values side by side as one.
public enum Join {
    /// The places of parts of so many columns, in order.
    public static func places(columns: [Int]) -> [ColumnRange] {
        var next = 0
        return columns.map { count in
            defer { next += count }
            return ColumnRange(next..<next + count)
        }
    }

    /// Puts a part (B, C) into its place of the whole (B, X).
    public static func forward(_ part: Matrix, at place: ColumnRange, into y: Matrix) {
        precondition(part.columns == place.range.count, "\(part.columns) columns in the place of \(place.range.count)")
        Columns.copy(part, 0..<part.columns, into: y, at: place.range.lowerBound)
    }

    /// The gradient of a part (B, C) from that of the whole, `dy` (B, X).
    public static func backward(_ dy: Matrix, at place: ColumnRange, into dx: Matrix) {
        precondition(dx.columns == place.range.count, "\(dx.columns) columns in the place of \(place.range.count)")
        Columns.copy(dy, place.range, into: dx, at: 0)
    }
}
