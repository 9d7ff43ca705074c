import Collectives
import Dispatch
import Kernels
import Testing
import Wire

extension Loopback {
    @Suite("The sum is exact")
    struct ExactReductionTests {
        private static let seed: UInt64 = 20_26

        private static func run(_ reducers: [any Reducer], seed: UInt64) throws {
            var random = SplitMix(seed: seed)
            let plan = awkwardPlan()
            for phase in 0..<4 as Range<UInt64> {
                for attempt in 0..<(phase % 2 == 0 ? 1 : 2) as Range<UInt32> {
                    let only = attempt == 0 && phase == 1 ? (0..<plan.tensorCount).map { $0 % 2 == 0 } : []
                    let contributions = Contributions(
                        plan, members: reducers.count, random: &random, statisticsOnly: only)
                    try contributions.exchange(
                        reducers, phase: phase, attempt: attempt, random: &random, statisticsOnly: only)
                    #expect(contributions.hold(statisticsOnly: only), "seed \(seed), phase \(phase), attempt \(attempt)")
                }
            }
        }

        @Test("on a ring of any size, however it is packed", arguments: [2, 3, 4, 5], LinkCompression.allCases)
        func ring(world: Int, compression: LinkCompression) throws {
            let reducers = try TestRun().ring(world, compression)
            defer { for reducer in reducers { reducer.shutdown() } }
            try Self.run(reducers, seed: Self.seed + UInt64(world))
        }

        @Test("on a ring in which some members are taken for spares, whatever they bring", arguments: LinkCompression.allCases)
        func spares(compression: LinkCompression) throws {
            for (world, spares) in [(2, 1), (3, 1), (3, 2), (5, 2), (6, 1)] {
                let reducers = try TestRun().ring(world, compression, spares: spares)
                defer { for reducer in reducers { reducer.shutdown() } }
                try Self.run(reducers, seed: Self.seed + UInt64(10 * world + spares))
            }
        }

        @Test("at a server with any number of members", arguments: [1, 2, 3, 4], LinkCompression.allCases)
        func server(world: Int, compression: LinkCompression) throws {
            let (reducers, server) = try TestRun().server(world, compression)
            defer {
                for reducer in reducers { reducer.shutdown() }
                server.shutdown()
            }
            try Self.run(reducers, seed: Self.seed + UInt64(world))
        }

        @Test("at several servers, each with its part of every bucket", arguments: [2, 3, 5], LinkCompression.allCases)
        func servers(count: Int, compression: LinkCompression) throws {
            let (reducers, servers) = try TestRun().servers(count, 3, compression)
            defer {
                for reducer in reducers { reducer.shutdown() }
                for server in servers { server.shutdown() }
            }
            try Self.run(reducers, seed: Self.seed + UInt64(count))
            #expect(servers.allSatisfy { $0.counters.received > 0 } && reducers.allSatisfy { $0.moved.count == count })
        }

        /// Chunks of these begin in the middle of rows.
        private static func exchangeWeights(_ reducers: [any Reducer]) throws {
            var random = SplitMix(seed: seed)
            for phase in 0..<6 as Range<UInt64> {
                let contributions = Contributions(weightsPlan(), members: reducers.count, random: &random)
                try contributions.exchange(reducers, phase: phase, attempt: 0, random: &random)
                #expect(contributions.hold(), "seed \(seed), phase \(phase)")
            }
        }

        @Test("of weights on a ring, entropy-coded or tried so", arguments: [2, 3, 4], [LinkCompression.entropy, .auto])
        func weightsOnRing(world: Int, compression: LinkCompression) throws {
            let reducers = try TestRun().ring(world, compression)
            defer { for reducer in reducers { reducer.shutdown() } }
            try Self.exchangeWeights(reducers)
            let coded = reducers.reduce(0) { $0 + $1.counters.frames[Int(GradientCoding.entropy.rawValue)] }
            #expect(coded > 0)
        }

        @Test("of weights at a server, which learns their rows from the members' frames", arguments: [1, 2, 3])
        func weightsAtServer(world: Int) throws {
            let (reducers, server) = try TestRun().server(world, .entropy)
            defer {
                for reducer in reducers { reducer.shutdown() }
                server.shutdown()
            }
            try Self.exchangeWeights(reducers)
            #expect(reducers[0].counters.frames[Int(GradientCoding.entropy.rawValue)] > 0)
            #expect(server.counters.frames[Int(GradientCoding.entropy.rawValue)] > 0)
        }

        @Test("through socket buffers smaller than a frame", arguments: LinkCompression.allCases)
        func smallBuffers(compression: LinkCompression) throws {
            var run = TestRun()
            run.settings.socketBufferBytes = 16 << 10
            let reducers = try run.ring(3, compression)
            defer { for reducer in reducers { reducer.shutdown() } }
            for round in 0..<3 {
                var random = SplitMix(seed: Self.seed &+ UInt64(round))
                let contributions = Contributions(
                    awkwardPlan(maximumElements: 1 << 20), members: 3, random: &random)
                try contributions.exchange(reducers, phase: UInt64(round), attempt: 0, random: &random)
                #expect(contributions.hold(), "seed \(Self.seed &+ UInt64(round))")
            }
        }

        @Test("for a member alone, and for a plan of nothing")
        func trivial() throws {
            let solo = SoloReducer()
            var random = SplitMix(seed: Self.seed)
            let alone = Contributions(awkwardPlan(), members: 1, random: &random)
            try alone.exchange([solo], phase: 0, attempt: 0, random: &random)
            #expect(alone.hold())
            let reducers = try TestRun().ring(2, .auto)
            let nothing = Contributions(BucketPlan(tensorRanges: []), members: 2, random: &random)
            try nothing.exchange(reducers, phase: 0, attempt: 0, random: &random)
            for reducer in reducers { reducer.shutdown() }
        }

        @Test("when members leave as soon as they are done", arguments: ["ring", "pair", "server", "servers"])
        func leaving(topology: String) throws {
            let members = topology == "pair" ? 2 : 3
            for round in 0..<(topology == "pair" ? 200 : 15) {
                let seed = Self.seed &+ UInt64(round)
                var random = SplitMix(seed: seed)
                let plan = awkwardPlan()
                let contributions = Contributions(plan, members: members, random: &random)
                var servers: [SummationServer] = []
                let reducers: [any Reducer]
                if ["ring", "pair"].contains(topology) {
                    reducers = try TestRun().ring(members, .auto)
                } else {
                    let made = try TestRun().servers(topology == "server" ? 1 : 2, 3, .auto)
                    (reducers, servers) = (made.0, made.1)
                }
                for (member, reducer) in reducers.enumerated() {
                    reducer.begin(
                        phase: 0, attempt: 0, plan: plan, sum: contributions.sums[member],
                        statistics: contributions.boards[member])
                    for bucket in plan.buckets.indices { reducer.ready(bucket: bucket) }
                }
                DispatchQueue.concurrentPerform(iterations: members) { member in
                    #expect(throws: Never.self) { try reducers[member].finish() }
                    reducers[member].shutdown()
                }
                #expect(contributions.hold(), "seed \(seed)")
                for server in servers { server.shutdown() }
            }
        }

        @Test("when one member is an exchange ahead of another's compute", arguments: [2, 3])
        func ahead(world: Int) throws {
            let reducers = try TestRun().ring(world, .auto)
            defer { for reducer in reducers { reducer.shutdown() } }
            var random = SplitMix(seed: Self.seed)
            let plan = awkwardPlan()
            let first = Contributions(plan, members: world, random: &random)
            try first.exchange(reducers, phase: 0, attempt: 0, random: &random)
            let second = Contributions(plan, members: world, random: &random)
            // All but the last begin and are ready; their frames wait at the last one, which has not begun.
            func begin(_ member: Int) {
                reducers[member].begin(
                    phase: 1, attempt: 0, plan: plan, sum: second.sums[member], statistics: second.boards[member])
                for bucket in plan.buckets.indices { reducers[member].ready(bucket: bucket) }
            }
            let late = reducers[world - 1]
            let before = late.counters.received
            for member in 0..<(world - 1) { begin(member) }
            #expect(eventually { late.counters.received > before })
            begin(world - 1)
            for reducer in reducers { try reducer.finish() }
            #expect(second.hold(), "seed \(Self.seed)")
        }
    }
}
