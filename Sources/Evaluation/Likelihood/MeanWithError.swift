/// A mean of log-likelihoods over images, with its standard error.
public struct MeanWithError: Sendable, Hashable {
    /// NaN without values.
    public let mean: Double
    /// Standard deviation over the values / √N.
    public let error: Double

    public init(_ values: [Double]) {
        let mean = Parzen.mean(values)
        self.mean = mean
        error = (Parzen.mean(values.map { ($0 - mean) * ($0 - mean) }) / Double(values.count)).squareRoot()
    }
}
