/// A mean of log-likelihoods over images, and how sure it is.
public struct MeanWithError: Sendable, Hashable {
    /// Not a number without values.
    public let mean: Double
    /// Standard deviation over the values / √N.
    public let error: Double

    public init(_ values: [Double]) {
        let mean = Parzen.mean(values)
        self.mean = mean
        error = (Parzen.mean(values.map { ($0 - mean) * ($0 - mean) }) / Double(values.count)).squareRoot()
    }
}
