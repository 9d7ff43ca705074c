import Kernels

/// The outputs of a network's layers for up to `capacity` rows, kept from the forward to the backward pass.
public struct Activations: Sendable {
    private let layers: [Workspace]

    /// - Parameter widths: inputs, hidden widths, outputs; the inputs themselves are not kept.
    public init(widths: [Int], capacity: Int) {
        layers = widths.dropFirst().map { Workspace(columns: $0, capacity: capacity) }
    }

    /// (rows, width of `layer`): ReLU applied, but for the last layer, which is linear.
    public func output(ofLayer layer: Int, rows: Int) -> Matrix { layers[layer].matrix(rows: rows) }

    /// (rows, outputs): the last layer's.
    public func output(rows: Int) -> Matrix { layers[layers.count - 1].matrix(rows: rows) }
}

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

/// What a backward pass needs beside activations; one serves all networks of a lane in turn.
public struct BackwardScratch: Sendable {
    private let gradients: [Workspace]
    private let tile: Storage<Float>

    /// - Parameters:
    ///   - width: the widest hidden layer.
    ///   - capacity: rows.
    ///   - tensor: elements of the largest weight tensor.
    public init(width: Int, capacity: Int, tensor: Int) {
        gradients = (0..<2).map { _ in Workspace(columns: width, capacity: capacity) }
        tile = Storage<Float>(count: tensor)
    }

    /// (rows, columns): the gradient that enters `layer` from above; neighbouring layers alternate between two.
    func gradient(belowLayer layer: Int, rows: Int, columns: Int) -> Matrix {
        gradients[layer & 1].matrix(rows: rows, columns: columns)
    }

    /// (rows, columns): one shard's weight gradient before it is delivered.
    func weightTile(rows: Int, columns: Int) -> Matrix {
        Matrix(tile[0..<rows * columns], rows: rows, columns: columns)
    }

    /// One shard's bias gradient before it is delivered.
    func biasTile(count: Int) -> Slice<Float> { tile[0..<count] }
}
