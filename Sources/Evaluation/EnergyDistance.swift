import Kernels

/// How far apart two samples are as distributions: 2·E|X−Y| − E|X−X′| − E|Y−Y′|, 0 only where both are the same (Székely and Rizzo 2004).
///
/// All means run over all pairs, including a point with itself. So the value is never negative, and a little above 0 even between two
/// samples of one distribution: `energy_zero`, prior against prior, says how much.
public enum EnergyDistance {
    /// Points of each sample that are compared.
    public static let sampleSize = 2_000

    /// The distance between the first 2,000 rows of `x` and of `y` (all of them where there are fewer); NaN where either is empty.
    ///
    /// In double precision, added in the order of the rows: the same for the same samples.
    public static func between(_ x: Matrix, _ y: Matrix) -> Double {
        precondition(x.columns == y.columns, "samples of \(x.columns) and \(y.columns) dimensions")
        let first = points(x)
        let second = points(y)
        let dimensions = x.columns
        let across = meanDistance(first, second, dimensions)
        let within = meanDistance(first, first, dimensions) + meanDistance(second, second, dimensions)
        return 2 * across - within
    }

    private static func points(_ sample: Matrix) -> [Double] {
        sample.rows(0..<min(sampleSize, sample.rows)).values.array.map { Double($0) }
    }

    private static func meanDistance(_ x: [Double], _ y: [Double], _ dimensions: Int) -> Double {
        var total = 0.0
        for i in stride(from: 0, to: x.count, by: dimensions) {
            var row = 0.0
            for j in stride(from: 0, to: y.count, by: dimensions) {
                var square = 0.0
                for d in 0..<dimensions {
                    let difference = x[i + d] - y[j + d]
                    square += difference * difference
                }
                row += square.squareRoot()
            }
            total += row
        }
        let pairs = Double(x.count / dimensions) * Double(y.count / dimensions)
        return total / pairs
    }
}
