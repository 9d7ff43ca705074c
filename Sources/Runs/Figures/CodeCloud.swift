/// Held-out codes with their classes, and samples of the prior they should fill.
public struct CodeCloud: Sendable {
    /// Row-major, one code of `dimensions` numbers after the other.
    public let codes: [Float]
    public let dimensions: Int
    /// One class a code, or none at all.
    public let labels: [UInt8]
    /// Row-major, as many samples as there are; none leaves the prior out.
    public let prior: [Float]

    public init(codes: [Float], dimensions: Int, labels: [UInt8], prior: [Float]) {
        precondition(dimensions > 0, "codes of \(dimensions) dimensions")
        precondition(codes.count % dimensions == 0, "\(codes.count) numbers for codes of \(dimensions)")
        precondition(prior.count % dimensions == 0, "\(prior.count) numbers for prior samples of \(dimensions)")
        precondition(
            labels.isEmpty || labels.count == codes.count / dimensions,
            "\(labels.count) labels for \(codes.count / dimensions) codes")
        self.codes = codes
        self.dimensions = dimensions
        self.labels = labels
        self.prior = prior
    }

    /// Beyond this a coordinate is taken for an accident and not drawn.
    static let largest: Float = 1e30

    var count: Int { codes.count / dimensions }

    /// Codes in which a number is NaN or infinite.
    public var notFinite: Int { notFinite(inFirst: dimensions) }

    /// Codes in which one of the first so many numbers is NaN or infinite.
    func notFinite(inFirst columns: Int) -> Int {
        var finite = FiniteCount(width: dimensions, columns: columns)
        finite.add(codes)
        return finite.rows
    }

    /// The drawable numbers of one dimension of `rows`, in order.
    func column(_ dimension: Int, of rows: [Float]) -> [Double] {
        stride(from: dimension, to: rows.count, by: dimensions).compactMap { at in
            abs(rows[at]) <= CodeCloud.largest ? Double(rows[at]) : nil
        }
    }

    /// The range of one dimension that a picture should show: nearly all of the codes and of the prior.
    func range(of dimension: Int) -> (low: Double, high: Double) {
        let parts = [column(dimension, of: codes), column(dimension, of: prior)].map { $0.sorted() }.filter { !$0.isEmpty }
        guard !parts.isEmpty else { return (-1, 1) }
        let low = parts.map { $0[($0.count - 1) / 1000] }.min() ?? -1
        let high = parts.map { $0[$0.count - 1 - ($0.count - 1) / 1000] }.max() ?? 1
        return (low, high)
    }
}
