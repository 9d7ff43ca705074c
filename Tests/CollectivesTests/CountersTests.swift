import Collectives
import Kernels
import Testing
import Wire

extension Loopback {
    @Suite("Counters")
    struct CountersTests {
        private static func fill(_ sum: Storage<Int32>) {
            for index in 0..<sum.count { sum.all[index] = Int32(truncatingIfNeeded: index &* 2_654_435_761) }
        }

        @Test("Bytes leave before the last bucket is ready", arguments: ["ring", "server"])
        func early(topology: String) throws {
            let plan = BucketPlan(tensorRanges: [0..<50_000, 50_000..<100_000], maximumElements: 65_536)
            try #require(plan.buckets.count == 2)
            var server: SummationServer?
            let reducers: [any Reducer]
            if topology == "ring" {
                reducers = try TestRun().ring(2, .off)
            } else {
                let made = try TestRun().server(2, .off)
                (reducers, server) = (made.0, made.1)
            }
            let sums = reducers.map { _ in Storage<Int32>(count: 100_000) }
            for (member, reducer) in reducers.enumerated() {
                Self.fill(sums[member])
                reducer.begin(
                    phase: 0, attempt: 0, plan: plan, sum: sums[member], statistics: StatisticsBoard(tensors: 2))
                reducer.ready(bucket: 0)
            }
            #expect(eventually { reducers.allSatisfy { $0.counters.sent > 50_000 } })
            for reducer in reducers { reducer.ready(bucket: 1) }
            for reducer in reducers { try reducer.finish() }
            for reducer in reducers {
                let counters = reducer.exchangeCounters
                #expect(counters.sentBeforeLastReady > 50_000 && counters.sentBeforeLastReady < counters.sent)
                #expect(counters.raw == 400_000)
                #expect(counters.sent > counters.raw && counters.received > counters.raw)
                #expect(counters.frames[Int(GradientCoding.raw.rawValue)] == counters.frames.reduce(0, +))
                reducer.shutdown()
            }
            server?.shutdown()
        }

        @Test("A member with nothing to add sends hardly anything")
        func spare() throws {
            let reducers = try TestRun().ring(2, .off)
            let plan = BucketPlan(tensorRanges: [0..<100_000])
            let sums = reducers.map { _ in Storage<Int32>(count: 100_000) }
            for (member, reducer) in reducers.enumerated() {
                reducer.begin(
                    phase: 0, attempt: 0, plan: plan, sum: sums[member], statistics: StatisticsBoard(tensors: 1))
                for bucket in plan.buckets.indices { reducer.ready(bucket: bucket) }
            }
            for reducer in reducers { try reducer.finish() }
            #expect(reducers[0].counters.sent < 1000)
            #expect(reducers[0].counters.frames[Int(GradientCoding.empty.rawValue)] == 2)
            for reducer in reducers { reducer.shutdown() }
        }
    }
}
