import COpenBLAS
import Synchronization

/// The three matrix products of a dense layer. B rows of the minibatch, I inputs, O outputs.
///
/// Each runs on the calling thread alone: the bits of OpenBLAS depend on its number of threads, so threads divide shards, never a product. A product
/// of no rows is legal.
public enum Products {
    private static let products = Atomic<UInt64>(0)
    private static let oneThread: Void = {
        openblas_set_num_threads(1)
        MemoryRoom.requireForProducts()
    }()

    /// Products begun since the process started. A worker whose counter stands still is stuck.
    public static var workCounter: UInt64 { products.load(ordering: .relaxed) }

    static func count() { products.wrappingAdd(1, ordering: .relaxed) }

    /// Y = X·Wᵀ; `x` (B, I), `w` (O, I), `y` (B, O).
    public static func forward(_ x: Matrix, _ w: Matrix, into y: Matrix) {
        precondition(x.columns == w.columns && y.rows == x.rows && y.columns == w.rows, "Y (B, O) = X (B, I) · Wᵀ (I, O)")
        multiply(x, CblasNoTrans, w, CblasTrans, inner: x.columns, into: y)
    }

    /// dX = dY·W; `dy` (B, O), `w` (O, I), `dx` (B, I).
    public static func backwardInput(_ dy: Matrix, _ w: Matrix, into dx: Matrix) {
        precondition(dy.columns == w.rows && dx.rows == dy.rows && dx.columns == w.columns, "dX (B, I) = dY (B, O) · W (O, I)")
        multiply(dy, CblasNoTrans, w, CblasNoTrans, inner: dy.columns, into: dx)
    }

    /// dW = dYᵀ·X; `dy` (B, O), `x` (B, I), `dw` (O, I). No rows give zeros.
    public static func backwardWeight(_ dy: Matrix, _ x: Matrix, into dw: Matrix) {
        precondition(dy.rows == x.rows && dw.rows == dy.columns && dw.columns == x.columns, "dW (O, I) = dYᵀ (O, B) · X (B, I)")
        multiply(dy, CblasTrans, x, CblasNoTrans, inner: x.rows, into: dw)
    }

    private static func multiply(
        _ a: Matrix, _ transposedA: CBLAS_TRANSPOSE, _ b: Matrix, _ transposedB: CBLAS_TRANSPOSE, inner: Int, into c: Matrix
    ) {
        count()
        guard c.rows > 0, c.columns > 0 else { return }
        guard inner > 0 else { return c.values.fill(0) }
        _ = oneThread
        withExtendedLifetime((a, b, c)) {
            cblas_sgemm(
                CblasRowMajor, transposedA, transposedB, blasint(c.rows), blasint(c.columns), blasint(inner),
                1, a.values.base, blasint(a.columns), b.values.base, blasint(b.columns), 0, c.values.base, blasint(c.columns))
        }
    }
}
