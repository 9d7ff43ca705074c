import Kernels

/// Memory for a matrix whose number of rows varies up to a capacity.
public struct Workspace: Sendable {
    public let columns: Int
    public let capacity: Int
    private let storage: Storage<Float>

    public init(columns: Int, capacity: Int) {
        self.columns = columns
        self.capacity = capacity
        self.storage = Storage<Float>(count: columns * capacity)
    }

    /// The first `rows` rows.
    public func matrix(rows: Int) -> Matrix { matrix(rows: rows, columns: columns) }

    /// A (rows, columns) matrix at the start of the memory, narrower than the workspace if need be.
    public func matrix(rows: Int, columns: Int) -> Matrix {
        precondition(
            rows <= capacity && columns <= self.columns,
            "(\(rows), \(columns)) in a workspace of (\(capacity), \(self.columns))")
        return Matrix(storage[0..<rows * columns], rows: rows, columns: columns)
    }
}
