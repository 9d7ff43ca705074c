import CKernels

// Shapes of this file: B rows, K classes.

/// Softmax of rows. A row's sum runs in double precision over fixed lanes, so that no bit depends on the rows around it.
extension Elementwise {
    /// y = e^x / Σ e^x for each row; `x` and `y` (B, K) may be the same.
    public static func softmax(_ x: Matrix, into y: Matrix) {
        precondition(x.rows == y.rows && x.columns == y.columns, "Matrices differ in shape")
        ck_softmax(x.values.base, y.values.base, x.rows, x.columns)
    }

    /// dx = y (dy − Σ dy y) for each row, with `y` the softmax's output; all (B, K), `dx` may be `dy`.
    public static func softmaxBackward(_ dy: Matrix, output y: Matrix, into dx: Matrix) {
        precondition(dy.rows == y.rows && dy.columns == y.columns, "Gradient and output differ in shape")
        precondition(dx.rows == y.rows && dx.columns == y.columns, "Gradients differ in shape")
        ck_softmax_backward(dy.values.base, y.values.base, dx.values.base, y.rows, y.columns)
    }

    /// Categorical cross-entropy −Σ log softmax(z)[label] over the rows; gradient softmax(z) − onehot.
    ///
    /// - Parameters:
    ///   - logits: z (B, K).
    ///   - labels: (B), each less than K.
    ///   - gradient: (B, K), may be the logits.
    public static func softmaxCrossEntropy(logits: Matrix, labels: Slice<UInt8>, gradient: Matrix) -> Double {
        precondition(logits.rows == gradient.rows && logits.columns == gradient.columns, "Logits and gradient differ in shape")
        precondition(labels.count == logits.rows, "There is one label a row")
        precondition(labels.indices.allSatisfy { Int(labels[$0]) < logits.columns }, "A label is not among the classes")
        return ck_softmax_cross_entropy(logits.values.base, labels.base, gradient.values.base, logits.rows, logits.columns)
    }

    /// log softmax(x) for each row in double precision, row after row: for evaluation, where probabilities that a float rounds
    /// to 1 are compared. `x` (B, K), `y` (B · K).
    public static func logSoftmax(_ x: Matrix, into y: Slice<Double>) {
        precondition(y.count == x.values.count, "There is one logarithm a value")
        ck_log_softmax(x.values.base, y.base, x.rows, x.columns)
    }
}
