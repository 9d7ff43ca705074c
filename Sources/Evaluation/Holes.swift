import Autoencoder
import Kernels

/// How much of the prior the codes leave empty or nearly empty (figure 2 of the paper): the prior itself has no holes.
public struct Holes: Sendable, Equatable {
    /// Codes that were counted.
    public let codes: Int
    /// Cells with fewer codes than the threshold.
    public let empty: Int
    /// Cells in all.
    public let cells: Int
    /// A cell with fewer codes than this is a hole: a fifth of what the prior would put there, 5 for 10,000 codes and 400 cells.
    public let threshold: Double
    /// Dimensions of the codes that were looked at.
    public let dimensions: Int

    /// The share of cells that are holes, 0…1.
    public var share: Double { Double(empty) / Double(cells) }

    /// Counts `codes` (one a row) into `cells`. Without codes everything is a hole.
    public init(_ codes: Matrix, in cells: CodeCells) {
        precondition(
            codes.rows == 0 || codes.columns >= cells.dimensions,
            "codes of \(codes.columns) dimensions for cells of \(cells.dimensions)")
        var counts = [Int](repeating: 0, count: cells.count)
        for row in 0..<codes.rows {
            if let cell = cells.cell(of: codes.row(row)) { counts[cell] += 1 }
        }
        let threshold = Double(codes.rows) / Double(5 * cells.count)
        empty = counts.count { codes.rows == 0 || Double($0) < threshold }
        self.codes = codes.rows
        self.cells = cells.count
        self.threshold = threshold
        dimensions = cells.dimensions
    }
}
