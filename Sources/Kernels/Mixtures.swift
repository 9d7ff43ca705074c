import CKernels

// Shapes of this file: N points, S centres, K widths.

/// The density of many Gaussians of one width at points, as sums that do not overflow; used for Parzen windows.
public enum Mixtures {
    /// With g = 2 x + offset, where x is the product of a point and a centre: the largest g of each point, and
    /// Σ e^(scale (g − largest)) over the centres for each scale, in double precision over 16 fixed lanes.
    ///
    /// For centres s and a point p, x = p·s and offset = −|s|² make −g + |p|² the squared distance.
    ///
    /// - Parameters:
    ///   - x: (N, S), at least one column.
    ///   - offsets: (S).
    ///   - scales: (K); above 0.
    ///   - largest: (N), overwritten.
    ///   - sums: (N · K), overwritten: the sums of a point lie together. NaN where a g is NaN.
    public static func sums(
        _ x: Matrix, offsets: Slice<Double>, scales: [Double], largest: Slice<Double>, into sums: Slice<Double>
    ) {
        precondition(x.columns > 0 && offsets.count == x.columns, "There is one offset a centre")
        precondition(largest.count == x.rows && sums.count == x.rows * scales.count, "There is one sum a point and scale")
        let places = Storage<Double>(count: x.columns).all
        let below = Storage<Float>(count: x.columns).all
        scales.withUnsafeBufferPointer { scales in
            ck_mixture_sums(
                x.values.base, offsets.base, x.rows, x.columns, scales.baseAddress, scales.count, places.base, below.base,
                largest.base, sums.base)
        }
    }
}
