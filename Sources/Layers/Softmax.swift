import Kernels

// Shapes of this file: B rows, K classes.

/// Softmax of each row, the head that gives a label or a cluster (sections 5 and 6 of the paper).
public enum Softmax {
    /// y = e^x / Σ e^x; `x` and `y` (B, K) may be the same.
    public static func forward(_ x: Matrix, into y: Matrix) { Elementwise.softmax(x, into: y) }

    /// dx = y (dy − Σ dy y); all (B, K), `y` what the forward pass gave; `dx` may be `dy`.
    public static func backward(_ dy: Matrix, output y: Matrix, into dx: Matrix) {
        Elementwise.softmaxBackward(dy, output: y, into: dx)
    }
}
