import CKernels

// Shapes of this file: B rows of the minibatch, I inputs, O outputs.

/// The three matrix products of a dense layer by one definition: an output is one chain of fused multiply-adds in single precision over the
/// inner index, from 0 upward, starting at 0, rounded to nearest even.
///
/// With operands in bf16, two values make a link of the chain: c = fma(x₀, w₀, fma(x₁, w₁, c)). An odd count ends in a pair with zeros; magnitudes
/// below 2^−56 are zero. The result depends on nothing else: number of rows, tile, threads or instruction set. Rows may be multiplied together or
/// separately. Each call runs on the calling thread; with a `team` its threads divide the columns of the outputs.
public enum PortableProducts {
    /// Y = X·Wᵀ, then + b, then ReLU; `x` (B, I), `w` (O, I), `y` (B, O), `bias` (O).
    public static func forward(
        _ x: Matrix, _ w: Matrix, bias: Slice<Float>? = nil, isRectified: Bool = false, _ precision: Precision = .fp32,
        team: ThreadTeam? = nil, into y: Matrix
    ) {
        precondition(x.columns == w.columns && y.rows == x.rows && y.columns == w.rows, "Y (B, O) = X (B, I) · Wᵀ (I, O)")
        precondition(bias?.count ?? w.rows == w.rows && (bias != nil || !isRectified), "a bias (O), and ReLU behind it")
        Products.count()
        TileColumns.divide(w.rows, among: team) { _, part in
            let w = w.rows(part)
            ck_product(
                x.values.base, x.columns, 1, w.values.base, 1, w.columns, y.values.base + part.lowerBound, y.columns, x.rows,
                w.rows, w.columns, bias.map { $0[part].base }, isRectified ? 1 : 0, nil, precision.flag)
        }
    }

    /// dX = dY·W; `dy` (B, O), `w` (O, I), `dx` (B, I).
    ///
    /// - Parameter output: (B, I), of a ReLU below: the result is the gradient before the ReLU, 0 where its output is not positive.
    public static func backwardInput(
        _ dy: Matrix, _ w: Matrix, behind output: Matrix? = nil, _ precision: Precision = .fp32, team: ThreadTeam? = nil,
        into dx: Matrix
    ) {
        precondition(dy.columns == w.rows && dx.rows == dy.rows && dx.columns == w.columns, "dX (B, I) = dY (B, O) · W (O, I)")
        precondition(output == nil || output!.rows == dx.rows && output!.columns == dx.columns, "a ReLU's output (B, I)")
        Products.count()
        TileColumns.divide(w.columns, among: team) { _, part in
            ck_product(
                dy.values.base, dy.columns, 1, w.values.base + part.lowerBound, w.columns, 1, dx.values.base + part.lowerBound,
                dx.columns, dy.rows, part.count, w.rows, nil, 0, output.map { $0.values.base + part.lowerBound }, precision.flag)
        }
    }

    /// dW = dYᵀ·X, the chain over the rows; `dy` (B, O), `x` (B, I), `dw` (O, I). No rows give zeros.
    public static func backwardWeight(
        _ dy: Matrix, _ x: Matrix, _ precision: Precision = .fp32, team: ThreadTeam? = nil, into dw: Matrix
    ) {
        precondition(dy.rows == x.rows && dw.rows == dy.columns && dw.columns == x.columns, "dW (O, I) = dYᵀ (O, B) · X (B, I)")
        Products.count()
        TileColumns.divide(x.columns, among: team) { _, part in
            ck_product(
                dy.values.base, 1, dy.columns, x.values.base + part.lowerBound, x.columns, 1, dw.values.base + part.lowerBound,
                dw.columns, dw.rows, part.count, x.rows, nil, 0, nil, precision.flag)
        }
    }
}

extension Precision {
    var flag: Int32 { self == .bf16 ? 1 : 0 }
}
