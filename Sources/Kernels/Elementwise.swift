import CKernels

/// Fused loops over elements and rows. B rows, O columns; the same bits on every instruction set.
public enum Elementwise {
    /// y += bias for each row; `y` (B, O), `bias` (O).
    public static func addBias(_ y: Matrix, _ bias: Slice<Float>) {
        precondition(bias.count == y.columns, "The bias has one element a column")
        ck_add_bias(y.values.base, bias.base, y.rows, y.columns)
    }

    /// y = max(y + bias, 0) for each row; `y` (B, O), `bias` (O). NaN stays NaN, so that it is noticed.
    public static func addBiasReLU(_ y: Matrix, _ bias: Slice<Float>) {
        precondition(bias.count == y.columns, "The bias has one element a column")
        ck_add_bias_relu(y.values.base, bias.base, y.rows, y.columns)
    }

    /// x = max(x, 0).
    public static func relu(_ x: Slice<Float>) {
        ck_relu(x.base, x.count)
    }

    /// dy = 0 where the layer's output `y` is not above 0.
    public static func reluBackward(_ dy: Slice<Float>, output y: Slice<Float>) {
        precondition(dy.count == y.count, "Gradient and output differ in length")
        ck_relu_backward(dy.base, y.base, y.count)
    }

    /// y = 1 / (1 + e^−x); the slices may be the same.
    public static func sigmoid(_ x: Slice<Float>, into y: Slice<Float>) {
        VectorMath.sigmoid(x, into: y)
    }

    /// dy *= y (1 − y), with `y` the sigmoid's output.
    public static func sigmoidBackward(_ dy: Slice<Float>, output y: Slice<Float>) {
        precondition(dy.count == y.count, "Gradient and output differ in length")
        ck_sigmoid_backward(dy.base, y.base, y.count)
    }

    /// y = log(1 + e^x); the slices may be the same.
    public static func softplus(_ x: Slice<Float>, into y: Slice<Float>) {
        VectorMath.softplus(x, into: y)
    }

    /// The sum of each column in the order of the rows, the gradient of a bias; `x` (B, O), `sums` (O).
    public static func columnSums(_ x: Matrix, into sums: Slice<Float>) {
        precondition(sums.count == x.columns, "There is one sum a column")
        ck_column_sums(x.values.base, x.rows, x.columns, sums.base)
    }

    /// Grey levels to [0, 1]: y = byte / 255.
    public static func bytesToUnit(_ bytes: Slice<UInt8>, into y: Slice<Float>) {
        precondition(bytes.count == y.count, "Bytes and floats differ in number")
        ck_bytes_to_unit(bytes.base, y.base, y.count)
    }

    /// Grey levels to [0, 1]: y = byte / 255, from a range of an array.
    public static func bytesToUnit(_ bytes: ArraySlice<UInt8>, into y: Slice<Float>) {
        precondition(bytes.count == y.count, "Bytes and floats differ in number")
        bytes.withUnsafeBufferPointer { source in
            if let from = source.baseAddress { ck_bytes_to_unit(from, y.base, y.count) }
        }
    }

    /// y += a x.
    public static func axpy(_ a: Float, _ x: Slice<Float>, into y: Slice<Float>) {
        precondition(x.count == y.count, "Slices differ in length")
        ck_axpy(a, x.base, y.base, y.count)
    }

    /// x *= a.
    public static func scale(_ x: Slice<Float>, by a: Float) {
        ck_scale(a, x.base, x.count)
    }

    /// y = a + b; the slices may be the same.
    public static func add(_ a: Slice<Float>, _ b: Slice<Float>, into y: Slice<Float>) {
        precondition(a.count == y.count && b.count == y.count, "Slices differ in length")
        ck_add(a.base, b.base, y.base, y.count)
    }

    /// y = a b, element by element; the slices may be the same.
    public static func multiply(_ a: Slice<Float>, _ b: Slice<Float>, into y: Slice<Float>) {
        precondition(a.count == y.count && b.count == y.count, "Slices differ in length")
        ck_multiply(a.base, b.base, y.base, y.count)
    }

    /// The squared Euclidean distances of all pairs of rows; `a` (N, D), `b` (M, D), `distances` (N, M).
    public static func squaredDistances(_ a: Matrix, _ b: Matrix, into distances: Matrix) {
        precondition(a.columns == b.columns, "Points differ in dimension")
        precondition(distances.rows == a.rows && distances.columns == b.rows, "Distances (N, M) of points (N, D) and (M, D)")
        ck_squared_distances(a.values.base, a.rows, b.values.base, b.rows, a.columns, distances.values.base)
    }
}
