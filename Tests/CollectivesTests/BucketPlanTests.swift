import Collectives
import Testing
import Wire

@Suite("Bucket plan")
struct BucketPlanTests {
    private static func check(_ plan: BucketPlan, _ ranges: [Range<Int>], maximum: Int) {
        var covered: [Int: Int] = [:]
        for bucket in plan.buckets {
            #expect(bucket.elements <= maximum)
            for piece in bucket.pieces {
                #expect(ranges[piece.tensor].contains(piece.range.lowerBound))
                #expect((piece.range.lowerBound - ranges[piece.tensor].lowerBound) % 1024 == 0)
                covered[piece.tensor, default: 0] += piece.range.count
            }
        }
        for (tensor, range) in ranges.enumerated() { #expect(covered[tensor, default: 0] == range.count) }
        #expect(plan.buckets.flatMap(\.completes).sorted() == Array(ranges.indices))
    }

    @Test("Every element is in one bucket, cut at blocks", arguments: [1024, 4096, 5000, 1 << 20])
    func coverage(maximum: Int) {
        let sizes = [784_000, 1000, 1_000_000, 1000, 8000, 8, 0, 1, 1024, 4096]
        var ranges: [Range<Int>] = []
        for size in sizes {
            let start = ranges.last?.upperBound ?? 0
            ranges.append(start..<(start + size))
        }
        Self.check(
            BucketPlan(tensorRanges: ranges, readyOrder: Array(ranges.indices.reversed()), maximumElements: maximum),
            ranges, maximum: maximum)
    }

    @Test("Nothing to reduce is a plan without buckets")
    func empty() { #expect(BucketPlan(tensorRanges: []).buckets.isEmpty) }

    @Test("A bias joins its neighbour, two large layers do not share a bucket")
    func joining() {
        let plan = BucketPlan(
            tensorRanges: [0..<3000, 3000..<3010, 3010..<6010], maximumElements: 8192)
        #expect(plan.buckets.map { $0.pieces.map(\.tensor) } == [[0, 1], [2]])
    }

    @Test("Chunks are disjoint, cut at blocks and cover the bucket", arguments: [1, 2, 3, 5, 12, 40])
    func chunks(world: Int) {
        let plan = awkwardPlan()
        for bucket in plan.buckets.indices {
            let all = (0..<world).flatMap { plan.chunk($0, of: world, bucket: bucket) }
            #expect(all.flatMap { Array($0) } == plan.buckets[bucket].pieces.flatMap { Array($0.range) })
        }
        let omitted = (0..<plan.tensorCount).map { $0 == 4 }
        for bucket in plan.buckets.indices {
            let all = (0..<world).flatMap { plan.chunk($0, of: world, bucket: bucket, omitted: omitted) }
            let kept = plan.buckets[bucket].pieces.filter { $0.tensor != 4 }
            #expect(all.flatMap { Array($0) } == kept.flatMap { Array($0.range) })
        }
    }

    @Test("Rows are known of every chunk, also of one that begins in the middle of a row", arguments: [1, 2, 3, 40])
    func rows(world: Int) {
        let columns = [100, 0, 41, 9, 3000, 0, 7]
        let plan = awkwardPlan(columns: columns)
        for bucket in plan.buckets.indices {
            for chunk in 0..<world {
                let ranges = plan.chunk(chunk, of: world, bucket: bucket)
                let rows = plan.rows(of: ranges, bucket: bucket)
                #expect(rows.count == ranges.count)
                for (range, rows) in zip(ranges, rows) {
                    let tensor = awkwardRanges.firstIndex { $0.contains(range.lowerBound) }!
                    let first = columns[tensor] == 0 ? 0 : (range.lowerBound - awkwardRanges[tensor].lowerBound) % columns[tensor]
                    #expect(rows == PieceRows(columns: columns[tensor], first: first))
                }
            }
        }
        let unknown = awkwardPlan()
        #expect(unknown.rows(of: unknown.chunk(0, of: 1, bucket: 0), bucket: 0).allSatisfy { $0 == .none })
    }

    @Test("The countdown gives every bucket once, when its last tensor completes")
    func countdown() {
        let plan = awkwardPlan()
        let countdown = BucketCountdown(plan: plan)
        for _ in 0..<2 {
            var done: Set<Int> = []
            var ready: [Int] = []
            for tensor in (0..<plan.tensorCount).reversed() {
                done.insert(tensor)
                var now: [Int] = []
                countdown.complete(tensor: tensor) { now.append($0) }
                #expect(now == now.sorted())
                for bucket in now { #expect(plan.buckets[bucket].tensors.isSubset(of: done)) }
                ready += now
            }
            #expect(ready.sorted() == Array(plan.buckets.indices))
            countdown.reset()
        }
    }
}
