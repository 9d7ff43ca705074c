import Synchronization

/// Tells which buckets became ready when a tensor's gradient did. Any thread.
public final class BucketCountdown: Sendable {
    private let bucketsOfTensor: [[Int]]
    private let initial: [Int]
    private let remaining: Mutex<[Int]>

    public init(plan: BucketPlan) {
        var of = [[Int]](repeating: [], count: plan.tensorCount)
        for (index, bucket) in plan.buckets.enumerated() {
            for tensor in bucket.tensors.sorted() { of[tensor].append(index) }
        }
        bucketsOfTensor = of
        initial = plan.buckets.map(\.tensors.count)
        remaining = Mutex(Array(initial))
    }

    /// Calls `body` for each bucket that waited for this tensor only, in order. Each tensor completes once between resets.
    public func complete(tensor: Int, _ body: (_ bucket: Int) -> Void) {
        for bucket in bucketsOfTensor[tensor] {
            let isComplete = remaining.withLock { remaining in
                precondition(remaining[bucket] > 0, "tensor \(tensor) completed twice")
                remaining[bucket] -= 1
                return remaining[bucket] == 0
            }
            if isComplete { body(bucket) }
        }
    }

    /// Back to no tensor complete.
    public func reset() {
        remaining.withLock { remaining in
            for bucket in initial.indices { remaining[bucket] = initial[bucket] }
        }
    }
}
