import Kernels

// Shapes of this file: B rows, C columns.

/// Dropout, scaled in training: each value is 0 with probability `share`, else divided by 1 − share (paper.md section 1).
public enum Dropout {
    /// Draws the mask (B, C): 0, or 1 / (1 − share).
    ///
    /// - Parameters:
    ///   - share: 0 or more and less than 1.
    ///   - firstRow: row of the source that the mask's row 0 is.
    public static func draw(_ mask: Matrix, share: Double, source: RandomSource, firstRow: Int) {
        source.fillMask(mask, firstRow: firstRow, dropping: share)
    }

    /// y = x · mask; all (B, C), `y` may be either.
    public static func forward(_ x: Matrix, mask: Matrix, into y: Matrix) {
        check(x, mask, y)
        Elementwise.multiply(x.values, mask.values, into: y.values)
    }

    /// dx = dy · mask; all (B, C), `dx` may be `dy`.
    public static func backward(_ dy: Matrix, mask: Matrix, into dx: Matrix) {
        check(dy, mask, dx)
        Elementwise.multiply(dy.values, mask.values, into: dx.values)
    }

    private static func check(_ matrices: Matrix...) {
        let (rows, columns) = (matrices[0].rows, matrices[0].columns)
        precondition(matrices.allSatisfy { $0.rows == rows && $0.columns == columns }, "matrices of two shapes")
    }
}
