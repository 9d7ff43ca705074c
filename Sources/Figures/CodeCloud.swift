/// Cluster heads among the places of images (section 7 of the paper).
public struct CodeHeads: Sendable {
    /// Row-major, of as many dimensions as the codes they are drawn among.
    public let places: [Float]
    /// Whether head k belongs to class k; otherwise it belongs to a cluster, whose number means nothing.
    public let areClasses: Bool

    public init(places: [Float], areClasses: Bool) {
        self.places = places
        self.areClasses = areClasses
    }
}

/// Held-out codes with their classes, and samples of the prior they should fill.
public struct CodeCloud: Sendable {
    /// Row-major, one code of `dimensions` numbers after the other.
    public let codes: [Float]
    public let dimensions: Int
    /// One class a code, or none at all.
    public let labels: [UInt8]
    /// Row-major, any number of samples; none leaves the prior out.
    public let prior: [Float]
    public let heads: CodeHeads?

    public init(codes: [Float], dimensions: Int, labels: [UInt8], prior: [Float], heads: CodeHeads? = nil) {
        precondition(dimensions > 0, "codes of \(dimensions) dimensions")
        precondition(codes.count % dimensions == 0, "\(codes.count) numbers for codes of \(dimensions)")
        precondition(prior.count % dimensions == 0, "\(prior.count) numbers for prior samples of \(dimensions)")
        precondition(
            labels.isEmpty || labels.count == codes.count / dimensions,
            "\(labels.count) labels for \(codes.count / dimensions) codes")
        precondition(
            (heads?.places.count ?? 0) % dimensions == 0, "\(heads?.places.count ?? 0) numbers for heads of \(dimensions)")
        self.codes = codes
        self.dimensions = dimensions
        self.labels = labels
        self.prior = prior
        self.heads = heads
    }

    /// The union of several clouds of `dimensions` dimensions, without their classes: common axes must hold it.
    init(holding clouds: [CodeCloud], dimensions: Int) {
        self.init(
            codes: clouds.flatMap(\.codes), dimensions: dimensions, labels: [], prior: clouds.flatMap(\.prior),
            heads: CodeHeads(places: clouds.flatMap { $0.heads?.places ?? [] }, areClasses: false))
    }

    /// A coordinate beyond this is treated as an outlier and not drawn.
    static let largest: Float = 1e30

    var count: Int { codes.count / dimensions }

    /// Codes in which a number is NaN or infinite.
    public var notFinite: Int { notFinite(inFirst: dimensions) }

    /// Codes in which one of the first `columns` numbers is NaN or infinite.
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

    /// The range of one dimension that a picture should show: nearly all of the codes and of the prior, and every head.
    func range(of dimension: Int) -> (low: Double, high: Double) {
        let parts = [column(dimension, of: codes), column(dimension, of: prior)].map { $0.sorted() }.filter { !$0.isEmpty }
        let heads = column(dimension, of: heads?.places ?? [])
        guard !parts.isEmpty || !heads.isEmpty else { return (-1, 1) }
        let low = (parts.map { $0[($0.count - 1) / 1000] } + heads).min() ?? -1
        let high = (parts.map { $0[$0.count - 1 - ($0.count - 1) / 1000] } + heads).max() ?? 1
        return (low, high)
    }
}
