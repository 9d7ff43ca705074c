import Kernels

// Shapes of this file: B rows, C columns.

/// Dropout, scaled in training: each value is 0 with probability `share`, else divided by 1 − share (paper.md section 1).
///
/// The mask is one draw a step, a function of (seed, step, global row, element), so that it does not matter who computes a row.
public struct Dropout: Sendable, Hashable {
    /// 0 or more and less than 1.
    public let share: Double
    /// The first element of a row's random numbers, a multiple of four; places of one step take ranges that do not overlap.
    public let firstElement: Int

    public init(share: Double, firstElement: Int) {
        precondition(
            (0..<1).contains(share) && firstElement >= 0 && firstElement % 4 == 0, "dropout of \(share) from \(firstElement)")
        self.share = share
        self.firstElement = firstElement
    }

    /// The first element that another place may begin with, behind one of so many columns.
    public func elementBehind(columns: Int) -> Int { firstElement + (columns + 3) / 4 * 4 }

    /// Draws the mask (B, C), whose first row is global row `firstRow`.
    public func draw(_ mask: Matrix, seed: UInt64, step: UInt64, firstRow: Int) {
        RandomSource(seed: seed, purpose: .dropout, step: step)
            .fillMask(mask, firstRow: firstRow, firstElement: firstElement, dropping: share)
    }

    /// y = x · mask; all (B, C), `y` may be `x`.
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
