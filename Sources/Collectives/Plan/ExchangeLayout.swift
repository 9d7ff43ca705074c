import Waiting
import Wire

/// How a plan's buckets are cut in chunks, for the members of a ring or for summation servers: the same for every exchange of it.
final class ExchangeLayout: Sendable {
    let plan: BucketPlan
    let statisticsOnly: [Bool]
    /// Element ranges by bucket and chunk, and how many elements they have.
    let chunks: [[[Range<Int>]]]
    let elements: [[Int]]
    let shape: ExchangeShape
    /// How these lie in their tensors' rows.
    let rows: [[[PieceRows]]]

    init(_ plan: BucketPlan, parts: Int, statisticsOnly: [Bool]) {
        self.plan = plan
        self.statisticsOnly = statisticsOnly
        chunks = plan.buckets.indices.map { bucket in
            (0..<parts).map { plan.chunk($0, of: parts, bucket: bucket, omitted: statisticsOnly) }
        }
        shape = ExchangeShape(counts: chunks.map { $0.map { $0.map(\.count) } }, completes: plan.buckets.map(\.completes))
        elements = shape.counts.map { $0.map { $0.reduce(0, +) } }
        rows = chunks.enumerated().map { bucket, chunks in chunks.map { plan.rows(of: $0, bucket: bucket) } }
    }
}

/// The latest layouts: a run has a few plans, and tensors without an exponent only in its first steps.
final class ExchangeLayouts: Sendable {
    private static let most = 16

    private let parts: Int
    private let known = Monitor<[ExchangeLayout]>([])

    init(parts: Int) { self.parts = parts }

    func layout(of plan: BucketPlan, statisticsOnly: [Bool]) -> ExchangeLayout {
        known.withLock { known in
            // Plans that share one array in memory are compared at once.
            if let layout = known.first(where: { $0.statisticsOnly == statisticsOnly && $0.plan == plan }) { return layout }
            let layout = ExchangeLayout(plan, parts: parts, statisticsOnly: statisticsOnly)
            if known.count >= Self.most { known.removeFirst() }
            known.append(layout)
            return layout
        }
    }
}
