/// A view of `rows` x `columns` floats, row after row without gaps.
public struct Matrix: Sendable {
    public let values: Slice<Float>
    public let rows: Int
    public let columns: Int

    @inlinable public init(_ values: Slice<Float>, rows: Int, columns: Int) {
        precondition(rows >= 0 && columns >= 0 && rows * columns == values.count, "Matrix shape does not fit its values")
        self.values = values
        self.rows = rows
        self.columns = columns
    }

    /// A matrix of zeros in memory of its own.
    public init(rows: Int, columns: Int) {
        self.init(Storage<Float>(count: rows * columns).all, rows: rows, columns: columns)
    }

    @inlinable public func rows(_ range: Range<Int>) -> Matrix {
        Matrix(
            values[range.lowerBound * columns..<range.upperBound * columns], rows: range.count, columns: columns)
    }

    /// One row as a slice.
    @inlinable public func row(_ index: Int) -> Slice<Float> { values[index * columns..<(index + 1) * columns] }

    @inlinable public subscript(row: Int, column: Int) -> Float {
        get {
            precondition(column >= 0 && column < columns, "Column out of range")
            return values[row * columns + column]
        }
        nonmutating set {
            precondition(column >= 0 && column < columns, "Column out of range")
            values[row * columns + column] = newValue
        }
    }
}
