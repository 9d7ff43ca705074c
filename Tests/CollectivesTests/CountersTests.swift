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
                #expect(counters.frames[Int(GradientCoding.raw.rawValue)] == counters.frames.wrappedSum())
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
            #expect(reducers[0].counters.frames[Int(GradientCoding.empty.rawValue)] == 1)
            for reducer in reducers { reducer.shutdown() }
        }

        @Test(
            "Spares add to a ring's traffic no more than what brings each of them the sum",
            arguments: [(4, 8), (1, 3), (2, 5), (4, 5)])
        func spares(active: Int, world: Int) throws {
            let reducers = try TestRun().ring(world, .off, spares: world - active)
            defer { for reducer in reducers { reducer.shutdown() } }
            let elements = 120_000
            let plan = BucketPlan(tensorRanges: [0..<elements])
            let sums = reducers.map { _ in Storage<Int32>(count: elements) }
            for sum in sums[..<active] { Self.fill(sum) }
            for (member, reducer) in reducers.enumerated() {
                reducer.begin(
                    phase: 0, attempt: 0, plan: plan, sum: sums[member], statistics: StatisticsBoard(tensors: 1))
                for bucket in plan.buckets.indices { reducer.ready(bucket: bucket) }
            }
            for reducer in reducers { try reducer.finish() }
            // Every member with a part, except one, hands its sum on, and every member except one is given the whole.
            let least = UInt64((active - 1 + world - 1) * elements * 4)
            let sent = reducers.reduce(0) { $0 + $1.counters.sent }
            #expect(sent >= least && sent < least + least / 100 + 200_000, "\(sent) bytes, of \(least) that there must be")
            let expected = sums[0].all.array
            #expect(
                sums.allSatisfy { $0.all.array == expected }
                    && expected[3] == 3 &* Int32(truncatingIfNeeded: 2_654_435_761) &* Int32(active))
        }
    }
}
