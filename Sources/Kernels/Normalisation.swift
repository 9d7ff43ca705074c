import CKernels

// Shapes of this file: B rows, C columns. Sums of columns are (2 C): the first kind of all columns, then the second.

/// Batch norm of columns over given moments (Ioffe and Szegedy 2015): x̂ = (x − mean) / √(variance + 1e-5), y = γ x̂ + β.
///
/// A shard's sums run over its rows in their order, in double precision. The sums of all shards must be added in the order of the shards. Then every
/// replica has the same moments, whichever shards it computes itself.
public enum Normalisation {
    /// Σ x, then Σ x² of each column of `x` (B, C).
    public static func sums(of x: Matrix, into sums: Slice<Double>) {
        precondition(sums.count == 2 * x.columns, "There are two sums a column")
        ck_column_moments(x.values.base, x.rows, x.columns, sums.base)
    }

    /// Mean and biased variance (C) of columns whose `sums` run over `rows` rows, 1 or more.
    public static func moments(sums: Slice<Double>, rows: Int, mean: Slice<Float>, variance: Slice<Float>) {
        precondition(rows > 0, "No rows have no moments")
        precondition(sums.count == 2 * mean.count && mean.count == variance.count, "There are two sums a column")
        ck_mean_and_variance(sums.base, Double(rows), mean.base, variance.base, mean.count)
    }

    /// y = γ x̂ + β; `x` and `y` (B, C) may be the same, the others are (C).
    public static func forward(
        _ x: Matrix, mean: Slice<Float>, variance: Slice<Float>, gamma: Slice<Float>, beta: Slice<Float>, into y: Matrix
    ) {
        check(x, [mean, variance, gamma, beta], y)
        ck_normalise(
            x.values.base, mean.base, variance.base, gamma.base, beta.base, y.values.base, x.rows, x.columns)
    }

    /// Σ dy, then Σ dy x̂ of each column; `dy` and `x` (B, C), the moments (C).
    public static func backwardSums(
        _ dy: Matrix, x: Matrix, mean: Slice<Float>, variance: Slice<Float>, into sums: Slice<Double>
    ) {
        check(x, [mean, variance], dy)
        precondition(sums.count == 2 * x.columns, "There are two sums a column")
        ck_normalise_sums(dy.values.base, x.values.base, mean.base, variance.base, x.rows, x.columns, sums.base)
    }

    /// dx = γ / √(variance + 1e-5) · (dy − Σ dy / N − x̂ · Σ dy x̂ / N).
    ///
    /// - Parameters:
    ///   - dy: (B, C), as are `x` and `dx`, which may be `dy`.
    ///   - sums: those of `backwardSums` over all the rows that made the moments.
    ///   - rows: N, the number of those rows.
    public static func backward(
        _ dy: Matrix, x: Matrix, mean: Slice<Float>, variance: Slice<Float>, gamma: Slice<Float>, sums: Slice<Double>, rows: Int,
        into dx: Matrix
    ) {
        check(x, [mean, variance, gamma], dy)
        check(x, [], dx)
        precondition(sums.count == 2 * x.columns && rows > 0, "There are two sums a column, over some rows")
        ck_normalise_backward(
            dy.values.base, x.values.base, mean.base, variance.base, gamma.base, sums.base, Double(rows), dx.values.base, x.rows,
            x.columns)
    }

    private static func check(_ x: Matrix, _ columns: [Slice<Float>], _ other: Matrix) {
        precondition(x.rows == other.rows && x.columns == other.columns, "Matrices differ in shape")
        precondition(columns.allSatisfy { $0.count == x.columns }, "There is one value a column")
    }
}
