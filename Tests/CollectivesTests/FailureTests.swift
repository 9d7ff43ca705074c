import Collectives
import Dispatch
import Glibc
import Kernels
import Synchronization
import Testing

extension Loopback {
    @Suite("Failures")
    struct FailureTests {
        private static let plan = BucketPlan(tensorRanges: [0..<400_000], maximumElements: 100_000)

        private static func begin(_ reducer: any Reducer, _ plan: BucketPlan = plan) -> Storage<Int32> {
            let sum = Storage<Int32>(count: plan.elementCount)
            for index in 0..<sum.count { sum.all[index] = Int32(truncatingIfNeeded: index &* 40503) }
            reducer.begin(phase: 0, attempt: 0, plan: plan, sum: sum, statistics: StatisticsBoard(tensors: 1))
            return sum
        }

        @Test("A member that dies in the middle of a phase is named by its neighbours", arguments: [2, 3])
        func death(world: Int) throws {
            let reported = Mutex<[LinkFailure]>([])
            let reducers = try TestRun().ring(world, .off, onFailure: { failure in reported.withLock { $0.append(failure) } })
            defer { for reducer in reducers { reducer.shutdown() } }
            let sums = reducers.map { Self.begin($0) }
            // Rank 1 takes part in the first buckets only.
            for (member, reducer) in reducers.enumerated() {
                for bucket in 0..<(member == 1 ? 2 : Self.plan.buckets.count) { reducer.ready(bucket: bucket) }
            }
            let dying = reducers[1]
            DispatchQueue.global().async { dying.shutdown() }
            for member in Set([0, 2 % world]) {
                let failure = #expect(throws: LinkFailure.self) { try reducers[member].finish() }
                #expect(failure?.rank == 1, "\(String(describing: failure))")
            }
            #expect(eventually { reported.withLock { $0.count == world - 1 } })
            #expect(reported.withLock { $0.allSatisfy { $0.rank == 1 } })
            #expect(sums.count == world)
        }

        @Test("A worker that leaves is named by the server, a server that leaves by its workers")
        func serverSide() throws {
            let run = TestRun()
            let listener = try run.listener(.server(0), from: [.worker(0), .worker(1)])
            let links = try (0..<2).map { try run.dial(from: .worker($0), to: .server(0), port: listener.port) }
            let reported = Mutex<[LinkFailure]>([])
            let server = SummationServer(
                links: [0: try listener.accept(from: .worker(0)), 1: try listener.accept(from: .worker(1))],
                compression: .off, onFailure: { failure in reported.withLock { $0.append(failure) } })
            let reducers = (0..<2).map { ServerReducer(rank: $0, servers: [links[$0]], compression: .off) }
            let sum = Self.begin(reducers[0])
            for bucket in Self.plan.buckets.indices { reducers[0].ready(bucket: bucket) }
            reducers[1].shutdown()
            #expect(eventually { reported.withLock { $0.map(\.rank) == [1] } })
            server.shutdown()
            let failure = #expect(throws: LinkFailure.self) { try reducers[0].finish() }
            #expect(failure?.peer == .server(0) && failure?.isSuspicion == true)
            reducers[0].shutdown()
            listener.shutdown()
            #expect(sum.count == Self.plan.elementCount)
        }

        @Test("One of several servers that leaves wakes who waits for another's sums, and is named once")
        func oneOfServers() throws {
            let reported = Mutex<[LinkFailure]>([])
            let (reducers, servers) = try TestRun().servers(
                3, 2, .off, onFailure: { failure in reported.withLock { $0.append(failure) } })
            defer {
                for reducer in reducers { reducer.shutdown() }
                for server in servers { server.shutdown() }
            }
            // The other member contributes nothing: without the failure every wait would last for ever.
            let sum = Self.begin(reducers[0])
            for bucket in Self.plan.buckets.indices { reducers[0].ready(bucket: bucket) }
            servers[2].shutdown()
            let failure = #expect(throws: LinkFailure.self) { try reducers[0].finish() }
            #expect(failure?.peer == .server(2) && failure?.isSuspicion == true)
            #expect(eventually { reported.withLock { $0.count == 2 } })
            #expect(reported.withLock { $0.allSatisfy { $0.peer == .server(2) } })
            #expect(sum.count == Self.plan.elementCount)
        }

        @Test("A server's link that breaks between two exchanges is the next one's failure")
        func brokenBetweenExchanges() throws {
            let run = TestRun()
            let listener = try run.listener(.server(0), from: [.worker(0)])
            defer { listener.shutdown() }
            let link = try run.dial(from: .worker(0), to: .server(0), port: listener.port)
            let other = try listener.accept(from: .worker(0))
            let reported = Mutex<[LinkFailure]>([])
            let reducer = ServerReducer(
                rank: 0, servers: [link], compression: .off, onFailure: { failure in reported.withLock { $0.append(failure) } })
            defer { reducer.shutdown() }
            other.close()
            #expect(eventually { reported.withLock { $0.count == 1 } })
            let sum = Self.begin(reducer)
            for bucket in Self.plan.buckets.indices { reducer.ready(bucket: bucket) }
            let failure = #expect(throws: LinkFailure.self) { try reducer.finish() }
            #expect(failure?.peer == .server(0) && failure?.isSuspicion == true)
            #expect(sum.count == Self.plan.elementCount)
        }

        /// A ring of two whose rank 1 is played by the test: what rank 0 throws from `finish`.
        private static func against(
            _ settings: LinkSettings = LinkSettings(), _ play: (RawSocket) -> Void
        ) throws -> LinkFailure? {
            var run = TestRun()
            run.settings = settings
            let mine = try run.listener(.worker(0), from: [.worker(1)])
            let other = try run.listener(.worker(1), from: [.worker(0)])
            defer {
                mine.shutdown()
                other.shutdown()
            }
            let successor = try run.dial(from: .worker(0), to: .worker(1), port: other.port)
            let held = try other.accept(from: .worker(0))
            let peer = RawSocket(port: mine.port)
            peer.send(RawSocket.hello(run.hello(from: .worker(1), to: .worker(0))))
            #expect(peer.answer() == 0)
            let reducer = RingReducer(
                rank: 0, world: 2, successor: successor, predecessor: try mine.accept(from: .worker(1)),
                compression: .off)
            let small = BucketPlan(tensorRanges: [0..<4])
            let sum = Storage<Int32>(count: 4)
            reducer.begin(phase: 3, attempt: 0, plan: small, sum: sum, statistics: StatisticsBoard(tensors: 1))
            reducer.ready(bucket: 0)
            play(peer)
            defer {
                reducer.shutdown()
                held.close()
            }
            return withExtendedLifetime(peer) { #expect(throws: LinkFailure.self) { try reducer.finish() } }
        }

        @Test("Bytes that are no frame end the link")
        func garbage() throws {
            let failure = try Self.against { $0.send([UInt8](repeating: 0x20, count: 64)) }
            guard case .protocolViolation = failure?.cause else {
                Issue.record("\(String(describing: failure))")
                return
            }
            #expect(failure?.rank == 1)
        }

        @Test(
            "A bit that a relay on this machine flips in a gradient ends the link, however it is packed and wherever it stands",
            arguments: LinkCompression.allCases, [200, 9_000, 90_000])
        func flipped(compression: LinkCompression, byte: Int) throws {
            let ended = DispatchGroup()
            let reducers = try TestRun().ring(
                2, compression,
                through: { port in
                    let relay = LoopbackRelay(to: port, flippingBitOf: LinkHello.byteCount + byte)
                    DispatchQueue.global().async(group: ended) { relay.run() }
                    return relay.port
                })
            // Large enough that the last of these bytes is sent, however well the sums are packed.
            let plan = BucketPlan(tensorRanges: [0..<1_200_000], maximumElements: 100_000)
            let sums = reducers.map { Self.begin($0, plan) }
            for reducer in reducers { for bucket in plan.buckets.indices { reducer.ready(bucket: bucket) } }
            let failure = #expect(throws: LinkFailure.self) { try reducers[1].finish() }
            #expect(failure?.rank == 0)
            guard case .protocolViolation(let what) = failure?.cause else {
                Issue.record("\(String(describing: failure))")
                return
            }
            #expect(what.contains("payload of a gradient frame was damaged"))
            for reducer in reducers { reducer.shutdown() }
            ended.wait()
            #expect(sums.count == 2)
        }

        @Test("A frame that stops halfway fails at the progress deadline, silence between frames does not")
        func stalled() throws {
            var settings = LinkSettings()
            settings.progressDeadline = .milliseconds(150)
            let failure = try Self.against(settings) { peer in
                // Silence for longer than the deadline gives no verdict. Then half a header follows.
                usleep(300_000)
                peer.send(Array("LKSG".utf8))
            }
            #expect(failure?.cause == .stalled(writing: false, seconds: 0.15))
            #expect(failure?.rank == 1)
        }

        @Test("A peer that takes no bytes fails at the progress deadline")
        func unread() throws {
            var run = TestRun()
            run.settings.progressDeadline = .milliseconds(150)
            run.settings.socketBufferBytes = 16 << 10
            let listener = try run.listener(.server(0), from: [.worker(0)])
            let link = try run.dial(from: .worker(0), to: .server(0), port: listener.port)
            let held = try listener.accept(from: .worker(0))
            let reducer = ServerReducer(rank: 0, servers: [link], compression: .off)
            let sum = Self.begin(reducer)
            for bucket in Self.plan.buckets.indices { reducer.ready(bucket: bucket) }
            let failure = #expect(throws: LinkFailure.self) { try reducer.finish() }
            #expect(failure?.cause == .stalled(writing: true, seconds: 0.15))
            reducer.shutdown()
            held.close()
            listener.shutdown()
            #expect(sum.count > 0)
        }

        @Test("Shutting down wakes finish, and is nobody's fault")
        func ownShutdown() throws {
            let reducers = try TestRun().ring(2, .auto)
            let sum = Self.begin(reducers[0])
            let done = DispatchGroup()
            DispatchQueue.global().async(group: done) {
                let failure = #expect(throws: LinkFailure.self) { try reducers[0].finish() }
                #expect(failure?.cause == .shutDown && failure?.rank == nil)
            }
            reducers[0].shutdown()
            done.wait()
            reducers[1].shutdown()
            #expect(sum.count > 0)
        }

        @Test("No thread and no descriptor is left behind, with or without shutdown")
        func leaks() throws {
            func names(_ folder: String) -> [String] {
                guard let directory = opendir(folder) else { return [] }
                defer { closedir(directory) }
                var result: [String] = []
                while let entry = readdir(directory) {
                    result.append(
                        withUnsafeBytes(of: entry.pointee.d_name) { String(cString: $0.bindMemory(to: CChar.self).baseAddress!) })
                }
                return result.filter { !$0.hasPrefix(".") }
            }
            // Other suites open and close descriptors meanwhile, so the count varies; a leak here would occur every time.
            let leaks = try (0..<6).allSatisfy { _ in
                let before = names("/proc/self/fd").count
                for round in 0..<5 {
                    let reducers = try TestRun().ring(3, .auto)
                    let (workers, server) = try TestRun().server(2, .auto)
                    if round % 2 == 0 {
                        for reducer in reducers { reducer.shutdown() }
                        for worker in workers { worker.shutdown() }
                        server.shutdown()
                    }
                }
                return names("/proc/self/fd").count > before
            }
            #expect(!leaks)
            let threads = names("/proc/self/task").compactMap { task -> String? in
                guard let file = fopen("/proc/self/task/\(task)/comm", "r") else { return nil }
                defer { fclose(file) }
                var line = [CChar](repeating: 0, count: 32)
                guard fgets(&line, 32, file) != nil else { return nil }
                return String(decoding: line.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            }
            let own = threads.filter { name in
                ["ring-", "push-", "pull-", "sum-", "gradient-accept"].contains { name.hasPrefix($0) }
            }
            #expect(own.isEmpty)
        }
    }
}
