import DequeModule
import Kernels
import Wire

/// What a summation server knows of the exchange under way: who has contributed to which bucket, which sums are whole, and what is still to be sent
/// to whom.
///
/// A value like `RingMember`. It knows no plan: a frame says which elements its pieces have. One exchange is open at a time: nobody can begin the
/// next before this one's sums are all made.
package struct SummationRound {
    private struct Bucket {
        /// Header of the first contribution, the shape all others must have, with the statistics of those that have been added.
        var shape: GradientFrameHeader
        var contributed: Set<Int>
        var added = 0

        func isLike(_ header: GradientFrameHeader) -> Bool {
            shape.pieces == header.pieces && shape.statistics.count == header.statistics.count
        }
    }

    private let members: Int
    private var tag: ExchangeTag?
    private var buckets: [Bucket?] = []
    private var summed = 0
    private var last: ExchangeTag?
    private var queues: [Deque<GradientFrame>]
    private var failed: Set<Int> = []
    package private(set) var isStopped = false

    package init(members: Int) {
        self.members = members
        queues = [Deque<GradientFrame>](repeating: [], count: members)
    }

    package mutating func stop() { isStopped = true }

    /// A member's link has ended. Returns whether that is news.
    package mutating func fail(_ member: Int) -> Bool { !isStopped && failed.insert(member).inserted }

    /// What a contribution is to the round.
    package enum Admission {
        /// The first of an exchange, which it opens.
        case opens
        case joins
        case refuse(String)
    }

    /// Checks a member's contribution, which is then to be added.
    package mutating func admit(_ header: GradientFrameHeader, _ member: Int) -> Admission {
        guard header.chunk == 0, header.hop == 0 else { return .refuse("chunk \(header.chunk) at hop \(header.hop) to a server") }
        let opens = tag == nil
        if opens {
            if let last, header.exchange <= last { return .refuse("\(header.exchange) after \(last)") }
            (tag, last, summed) = (header.exchange, header.exchange, 0)
            buckets = [Bucket?](repeating: nil, count: header.buckets)
        }
        guard tag == header.exchange, buckets.count == header.buckets else {
            let expected = tag.map { "\($0) of \(buckets.count) buckets" } ?? "none"
            return .refuse("\(header.exchange) of \(header.buckets) buckets where \(expected) is under way")
        }
        if buckets[header.bucket] == nil {
            var shape = header
            for index in shape.statistics.indices { shape.statistics[index] = TensorStatistics() }
            buckets[header.bucket] = Bucket(shape: shape, contributed: [member])
            return opens ? .opens : .joins
        }
        guard buckets[header.bucket]!.isLike(header) else {
            return .refuse("bucket \(header.bucket) with other pieces than the members before")
        }
        guard buckets[header.bucket]!.contributed.insert(member).inserted else { return .refuse("bucket \(header.bucket) twice") }
        return .joins
    }

    /// A contribution was added. Returns the header of the sum if it was the last of its bucket; the caller then sends the sum.
    package mutating func added(_ header: GradientFrameHeader) -> GradientFrameHeader? {
        guard tag == header.exchange, buckets[header.bucket] != nil else { return nil }
        for (index, statistics) in header.statistics.enumerated() {
            buckets[header.bucket]!.shape.statistics[index].merge(statistics)
        }
        buckets[header.bucket]!.added += 1
        guard buckets[header.bucket]!.added == members else { return nil }
        var sum = buckets[header.bucket]!.shape
        sum.hop = 1
        return sum
    }

    /// A bucket's sum is on its way to everybody.
    package mutating func sends(_ sum: GradientFrame) {
        for member in queues.indices { queues[member].append(sum) }
        summed += 1
        if summed == buckets.count { tag = nil }
    }

    /// What is to be sent to a member next.
    package mutating func next(to member: Int) -> GradientFrame? { queues[member].popFirst() }

    /// Nothing is sent to this member any more.
    package func isOver(_ member: Int) -> Bool { isStopped || failed.contains(member) }
}
