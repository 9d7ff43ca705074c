import CKernels
import Synchronization

// Shapes of this file: B rows of the minibatch, I inputs, O outputs.

/// The three matrix products of a dense layer by one definition: an output is one chain of fused multiply-adds in single precision over the
/// inner index, from 0 upward, starting at 0, rounded to nearest even.
///
/// Nothing else enters: not the number of rows, not the tile, not the threads, not the instruction set. Rows may be taken together or apart.
/// Each call runs on the calling thread; threads divide rows, or columns.
public enum PortableProducts {
    /// A weight (O, I) laid out for `forward`: panels of outputs, of each input their values side by side.
    public struct Panels: Sendable {
        /// Outputs of a panel.
        public static let width = Int(CK_PANEL)
        public let outputs: Int
        public let inputs: Int
        fileprivate let values: Slice<Float>

        /// Memory for a weight; nothing is in it before `pack`.
        public init(outputs: Int, inputs: Int) {
            self.outputs = outputs
            self.inputs = inputs
            values = Storage<Float>(count: Self.floats(outputs: outputs, inputs: inputs)).all
        }

        public static func floats(outputs: Int, inputs: Int) -> Int { (outputs + width - 1) / width * width * inputs }

        public var count: Int { (outputs + Self.width - 1) / Self.width }

        /// Takes the values of some panels from a weight (O, I). Different panels may be packed by different threads.
        public func pack(_ weight: Matrix, _ panels: Range<Int>? = nil) {
            precondition(weight.rows == outputs && weight.columns == inputs, "a weight of (\(weight.rows), \(weight.columns))")
            let panels = panels ?? 0..<count
            precondition(panels.lowerBound >= 0 && panels.upperBound <= count, "panels \(panels) of \(count)")
            let rows = min(panels.lowerBound * Self.width, outputs)..<min(panels.upperBound * Self.width, outputs)
            guard !rows.isEmpty else { return }
            let from = weight.rows(rows)
            let to = values[panels.lowerBound * Self.width * inputs..<panels.upperBound * Self.width * inputs]
            ck_pack_panels(from.values.base, rows.count, inputs, to.base)
        }
    }

    /// Y = X·Wᵀ, then + b, then ReLU; `x` (B, I), `w` (O, I) in panels, `y` (B, O), `bias` (O).
    public static func forward(_ x: Matrix, _ w: Panels, bias: Slice<Float>? = nil, isRectified: Bool = false, into y: Matrix) {
        precondition(x.columns == w.inputs && y.rows == x.rows && y.columns == w.outputs, "Y (B, O) = X (B, I) · Wᵀ (I, O)")
        precondition(bias?.count ?? w.outputs == w.outputs && (bias != nil || !isRectified), "a bias (O), and ReLU behind it")
        Products.count()
        ck_product(
            x.values.base, x.columns, 1, w.values.base, Panels.width, Panels.width * w.inputs, y.values.base, y.columns, x.rows,
            w.outputs, w.inputs, bias?.base, isRectified ? 1 : 0)
    }

    /// dX = dY·W; `dy` (B, O), `w` (O, I), `dx` (B, I).
    public static func backwardInput(_ dy: Matrix, _ w: Matrix, into dx: Matrix) {
        precondition(dy.columns == w.rows && dx.rows == dy.rows && dx.columns == w.columns, "dX (B, I) = dY (B, O) · W (O, I)")
        Products.count()
        ck_product(
            dy.values.base, dy.columns, 1, w.values.base, w.columns, Panels.width, dx.values.base, dx.columns, dy.rows, w.columns,
            w.rows, nil, 0)
    }

    /// dW = dYᵀ·X, the chain over the rows; `dy` (B, O), `x` (B, I), `dw` (O, I). No rows give zeros.
    public static func backwardWeight(_ dy: Matrix, _ x: Matrix, into dw: Matrix) {
        precondition(dy.rows == x.rows && dw.rows == dy.columns && dw.columns == x.columns, "dW (O, I) = dYᵀ (O, B) · X (B, I)")
        Products.count()
        ck_product(
            dy.values.base, 1, dy.columns, x.values.base, x.columns, Panels.width, dw.values.base, dw.columns, dw.rows, dw.columns,
            x.rows, nil, 0)
    }
}
