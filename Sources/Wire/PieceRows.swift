/// How the elements of a piece lie in the rows of its tensor. The entropy coder estimates scales by these rows and columns.
public struct PieceRows: Sendable, Hashable {
    /// Elements of a row; 0 where the tensor is no matrix or nobody said.
    public let columns: Int
    /// Column of the piece's first element.
    public let first: Int

    /// Precondition: `first` is below `columns`, or both are 0.
    public init(columns: Int, first: Int) {
        precondition(first >= 0 && (first < columns || first == 0 && columns == 0), "column \(first) of \(columns)")
        self.columns = columns
        self.first = first
    }

    /// Nothing is known.
    public static let none = PieceRows(columns: 0, first: 0)
}
