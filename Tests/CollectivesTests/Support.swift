import Collectives
import Kernels
import Testing
import Wire

/// All tests that open sockets. They run one after the other, so that they can count threads and do not time each other out.
@Suite("Over loopback", .serialized, .timeLimit(.minutes(15)))
enum Loopback {}

/// One run as its members know it.
struct TestRun {
    var run = [UInt8](repeating: 7, count: 16)
    var generation: UInt64 = 2
    var view: UInt64 = 5
    var secret = [UInt8](repeating: 42, count: 32)
    var settings = LinkSettings()

    func hello(from: LinkEnd, to: LinkEnd) -> LinkHello {
        LinkHello(run: run, generation: generation, view: view, from: from, to: to, secret: secret)
    }

    func listener(_ end: LinkEnd, from: Set<LinkEnd>) throws -> GradientListener {
        let listener = try GradientListener(host: "127.0.0.1", port: 0, settings: settings)
        listener.expect(run: run, generation: generation, view: view, end: end, from: from, secret: secret)
        return listener
    }

    func dial(from: LinkEnd, to: LinkEnd, port: Int) throws -> GradientLink {
        try GradientDialer(settings: settings).dial(
            [HostPort(host: "127.0.0.1", port: port)], hello: hello(from: from, to: to))
    }

    /// The members of a ring; `through` may replace the port that rank 0 dials.
    func ring(
        _ world: Int, _ compression: LinkCompression, spares: Int = 0, through: (Int) throws -> Int = { $0 },
        onFailure: (@Sendable (LinkFailure) -> Void)? = nil
    ) throws -> [RingReducer] {
        let listeners = try (0..<world).map {
            try listener(.worker($0), from: [.worker(($0 + world - 1) % world)])
        }
        defer { for listener in listeners { listener.shutdown() } }
        let successors = try (0..<world).map { rank in
            let next = (rank + 1) % world
            let port = listeners[next].port
            return try dial(from: .worker(rank), to: .worker(next), port: rank == 0 ? through(port) : port)
        }
        return try (0..<world).map { rank in
            RingReducer(
                rank: rank, world: world, spares: spares, successor: successors[rank],
                predecessor: try listeners[rank].accept(from: .worker((rank + world - 1) % world)),
                compression: compression, onFailure: onFailure)
        }
    }

    /// The members of a summation server, and the server.
    func server(_ world: Int, _ compression: LinkCompression) throws -> ([ServerReducer], SummationServer) {
        let (reducers, servers) = try servers(1, world, compression)
        return (reducers, servers[0])
    }

    /// The members of several summation servers, and the servers.
    func servers(
        _ count: Int, _ world: Int, _ compression: LinkCompression, onFailure: (@Sendable (LinkFailure) -> Void)? = nil
    ) throws -> ([ServerReducer], [SummationServer]) {
        let listeners = try (0..<count).map { try listener(.server($0), from: Set((0..<world).map { .worker($0) })) }
        defer { for listener in listeners { listener.shutdown() } }
        let links = try (0..<world).map { rank in
            try listeners.enumerated().map { try dial(from: .worker(rank), to: .server($0), port: $1.port) }
        }
        let servers = try listeners.map { listener in
            var accepted: [Int: GradientLink] = [:]
            for rank in 0..<world { accepted[rank] = try listener.accept(from: .worker(rank)) }
            return SummationServer(links: accepted, compression: compression)
        }
        let reducers = links.enumerated().map {
            ServerReducer(rank: $0, servers: $1, compression: compression, onFailure: onFailure)
        }
        return (reducers, servers)
    }
}

/// What each member brings to one exchange, and what all of them must hold after it.
struct Contributions {
    let plan: BucketPlan
    var sums: [Storage<Int32>] = []
    var boards: [StatisticsBoard] = []
    var expected: [Int32]
    var expectedStatistics: [TensorStatistics]

    /// `statisticsOnly` tensors keep what each member had, so they are left out of `expected`.
    init(_ plan: BucketPlan, members: Int, random: inout SplitMix, statisticsOnly: [Bool] = []) {
        self.plan = plan
        expected = [Int32](repeating: 0, count: plan.elementCount)
        expectedStatistics = [TensorStatistics](repeating: TensorStatistics(), count: plan.tensorCount)
        for member in 0..<members {
            let board = StatisticsBoard(tensors: plan.tensorCount)
            // One member in four has no shards: all zero.
            let isSpare = member > 0 && UInt8.random(in: 0..<4, using: &random) == 0
            let reach = [Int32(100), 30000, .max].randomElement(using: &random)!
            let values = (0..<plan.elementCount).map { _ in
                isSpare || Bool.random(using: &random) ? 0 : Int32.random(in: -reach...reach, using: &random)
            }
            if !isSpare {
                for tensor in 0..<plan.tensorCount {
                    board[tensor] = TensorStatistics(
                        maximumBits: UInt32.random(in: 0...0x7F80_0001, using: &random),
                        clamped: UInt64.random(in: 0...9, using: &random),
                        lowestNonFiniteShard: UInt32.random(in: 0...20, using: &random))
                    expectedStatistics[tensor].merge(board[tensor])
                }
            }
            let sum = Storage<Int32>(count: plan.elementCount)
            sum.all.copy(from: values)
            sums.append(sum)
            boards.append(board)
            for index in values.indices { expected[index] &+= values[index] }
        }
        for bucket in plan.buckets {
            for piece in bucket.pieces where !statisticsOnly.isEmpty && statisticsOnly[piece.tensor] {
                for index in piece.range { expected[index] = 0 }
            }
        }
    }

    /// Runs the exchange: all begin, buckets become ready in a random order over all members, all finish.
    func exchange(
        _ reducers: [any Reducer], phase: UInt64, attempt: UInt32, random: inout SplitMix, statisticsOnly: [Bool] = []
    ) throws {
        var order: [(member: Int, bucket: Int)] = []
        for (member, reducer) in reducers.enumerated() {
            reducer.begin(
                phase: phase, attempt: attempt, plan: plan, sum: sums[member], statistics: boards[member],
                statisticsOnly: statisticsOnly)
            order += plan.buckets.indices.map { (member, $0) }
        }
        order.shuffle(using: &random)
        for (member, bucket) in order { reducers[member].ready(bucket: bucket) }
        for reducer in reducers { try reducer.finish() }
    }

    /// Whether every member holds the sum and the statistics.
    func hold(statisticsOnly: [Bool] = []) -> Bool {
        let skipped = Set(
            plan.buckets.flatMap(\.pieces).filter { !statisticsOnly.isEmpty && statisticsOnly[$0.tensor] }
                .flatMap { Array($0.range) })
        return sums.allSatisfy { sum in
            let values = sum.all.array
            return values.indices.allSatisfy { skipped.contains($0) || values[$0] == expected[$0] }
        } && boards.allSatisfy { $0.all == expectedStatistics }
    }
}

/// A plan with awkward tensors: nothing, one element, a block and a bit, several buckets; completed from the last.
func awkwardPlan(columns: [Int] = [], maximumElements: Int = 4096) -> BucketPlan {
    BucketPlan(
        tensorRanges: awkwardRanges, columns: columns, readyOrder: Array(awkwardRanges.indices.reversed()),
        maximumElements: maximumElements)
}

let awkwardRanges = consecutive([5000, 1, 1025, 0, 20000, 1024, 77])

/// A plan of weights with their biases, large enough to be entropy-coded in chunks of a ring.
func weightsPlan() -> BucketPlan {
    BucketPlan(
        tensorRanges: consecutive([150 * 784, 150, 90 * 150, 90, 300 * 90, 300]), columns: [784, 0, 150, 0, 90, 0],
        maximumElements: 64 << 10)
}

private func consecutive(_ counts: [Int]) -> [Range<Int>] {
    var start = 0
    return counts.map { count in
        defer { start += count }
        return start..<(start + count)
    }
}

/// Waits for a state that another thread brings about; false after ten seconds.
func eventually(_ condition: () -> Bool) -> Bool {
    let clock = ContinuousClock()
    let end = clock.now + .seconds(800)
    while clock.now < end {
        if condition() { return true }
        pthreadYield()
    }
    return condition()
}
