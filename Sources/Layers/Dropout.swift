import Kernels

// Shapes of this file: B rows, C columns.

/// Dropout, scaled in training: each value is 0 with probability `share`, else divided by 1 − share (Srivastava et al. 2014).
public enum Dropout {
    /// Draws the mask (B, C): 0, or 1 / (1 − share).
    ///
    /// - Parameters:
    ///   - share: 0 or more and less than 1.
    ///   - firstRow: the source's row for the mask's row 0.
    public static func draw(_ mask: Matrix, share: Double, source: RandomSource, firstRow: Int) {
        source.fillMask(mask, firstRow: firstRow, dropping: share)
    }

    /// y = x · mask, and on the way back dx = dy · mask; all (B, C), `y` may be either.
    public static func apply(_ mask: Matrix, to x: Matrix, into y: Matrix) {
        for other in [mask, y] {
            precondition(other.rows == x.rows && other.columns == x.columns, "matrices of two shapes")
        }
        Elementwise.multiply(x.values, mask.values, into: y.values)
    }
}
