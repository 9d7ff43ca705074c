import ArgumentParser
import Collectives
import Foundation
import Kernels
import Processes
import Runs
import Synchronization
import Waiting
import Wire

/// `lockstep bench allreduce`: one exact exchange over loopback, of any size and between any number of members.
struct BenchAllReduce: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "allreduce", abstract: "Time of an exact all-reduce over loopback links.",
        discussion: "Example:  lockstep bench allreduce --workers 3 --topology server")

    @Option(help: "Members.")
    var workers = 2

    @Option(help: "Elements (4 bytes each); default: 4 KB, 1 MB, 4 MB, 14.3 MB and 64 MB, one after the other.")
    var elements: Int?

    @Option(help: "ring or server.")
    var topology: Topology = .ring

    @Option(help: "Packing on the wire: off, auto, zstd or entropy.")
    var compression: Compression = .off

    @Option(help: "Exchanges to time.")
    var repeats = 21

    @Flag(help: "As JSON.")
    var json = false

    /// One frame, one bucket, some buckets, the reconstruction phase of 784-1000-1000-8, and more than fits a cache.
    private static let usual = [1 << 10, 1 << 18, 1 << 20, 3_580_000, 1 << 24]
    /// No model that a run takes has a larger gradient.
    private static let sizes = 1...(1 << 30)
    /// Bytes of an element in each member: the sum, the member's part, the numbers that the part is made of, and packed input and output.
    private static let bytesOfElement = 20
    /// Bytes of a thread's stack, as the system usually gives it.
    private static let stackBytes = 8 << 20
    /// Threads that read and write links, at both ends where a server sums; and the thread that takes part in the exchange.
    private static let threadsOfMember = 6

    func validate() throws {
        guard (1...64).contains(workers), elements.map(Self.sizes.contains) ?? true, Bench.repeats.contains(repeats) else {
            throw ValidationError(
                "--workers must be 1 to 64, --elements 1 to \(Self.sizes.upperBound), --repeats 1 to \(Bench.repeats.upperBound)")
        }
    }

    func run() throws {
        try finishing {
            try Loopback.require()
            let all = elements.map { [$0] } ?? Self.usual
            let purpose = "an exchange of \(workers) members"
            try ThreadRoom.require(workers * Self.threadsOfMember, for: purpose)
            try MemoryRoom.require(
                threads: 1, bytes: workers * (all.max()! * Self.bytesOfElement + Self.threadsOfMember * Self.stackBytes),
                for: purpose,
                or: "take fewer --workers or --elements")
            let mesh = try LoopbackMesh(
                members: workers, topology: topology, compression: LinkCompression(rawValue: compression.rawValue) ?? .off)
            defer { mesh.shutdown() }
            var phase: UInt64 = 0
            for elements in all { try measure(mesh, elements: elements, &phase) }
            return 0
        }
    }

    private func measure(_ mesh: LoopbackMesh, elements: Int, _ phase: inout UInt64) throws {
        // As for a layer of a thousand inputs.
        let plan = BucketPlan(tensorRanges: [0..<elements], columns: [1000])
        let sums = (0..<workers).map { member in
            let sum = Storage<Int32>(count: elements)
            let numbers = Storage<UInt32>(count: elements)
            RandomSource(seed: 1, purpose: .probe, step: UInt64(member)).fillWords(numbers.all, row: 0)
            sum.all.copy(from: numbers.all.array.map { Int32(truncatingIfNeeded: $0) >> 12 })
            return sum
        }
        let parts = sums.map(\.all.array)
        // Without the copy, the sum would be added to itself again and again and become zeros, which travel as nothing.
        let times = try mesh.exchanges(repeats + 1, after: phase, plan: plan, sums: sums) { sums[$0].all.copy(from: parts[$0]) }
        phase += UInt64(repeats + 1)
        // The first was the warm-up.
        let seconds = times.dropFirst().sorted()[repeats / 2]
        let bytes = Double(elements * 4)
        if json {
            Output.result(
                JSON.object([
                    .init("workers", .integer(Int64(workers))), .init("bytes", .real(bytes)),
                    .init("milliseconds", .real(seconds * 1e3)),
                    .init("bytes_per_second", .real(bytes / seconds)),
                ]).text)
        } else {
            Output.result(
                String(
                    format: "%d workers, %.3f MB, %@, %@: %.2f ms (%.2f GB/s)", workers, bytes * 1e-6, topology.rawValue,
                    compression.rawValue, seconds * 1e3, bytes / seconds * 1e-9))
        }
    }
}

/// Members of one view in this process, joined by loopback links.
final class LoopbackMesh: Sendable {
    private let reducers: [any Reducer]
    private let server: SummationServer?
    private let listeners: [GradientListener]

    init(members: Int, topology: Topology, compression: LinkCompression) throws {
        let run = [UInt8](repeating: 7, count: 16)
        let secret = [UInt8](repeating: 9, count: 32)
        func hello(_ from: LinkEnd, _ to: LinkEnd) -> LinkHello {
            LinkHello(run: run, generation: 1, view: 1, from: from, to: to, secret: secret)
        }
        let dialer = try GradientDialer()
        if topology == .server {
            let listener = try GradientListener(host: "127.0.0.1", port: 0)
            listeners = [listener]
            listener.expect(
                run: run, generation: 1, view: 1, end: .server(0), from: Set((0..<members).map { .worker($0) }), secret: secret)
            let address = HostPort(host: "127.0.0.1", port: listener.port)
            reducers = try (0..<members).map {
                ServerReducer(
                    rank: $0, servers: [try dialer.dial([address], hello: hello(.worker($0), .server(0)))], compression: compression
                )
            }
            var links: [Int: GradientLink] = [:]
            for rank in 0..<members { links[rank] = try listener.accept(from: .worker(rank)) }
            server = SummationServer(links: links, compression: compression)
            return
        }
        server = nil
        guard members > 1 else {
            listeners = []
            reducers = [SoloReducer()]
            return
        }
        let listeners = try (0..<members).map { _ in try GradientListener(host: "127.0.0.1", port: 0) }
        self.listeners = listeners
        for rank in 0..<members {
            listeners[rank].expect(
                run: run, generation: 1, view: 1, end: .worker(rank), from: [.worker((rank + members - 1) % members)],
                secret: secret)
        }
        let out = try (0..<members).map { rank in
            let next = (rank + 1) % members
            return try dialer.dial(
                [HostPort(host: "127.0.0.1", port: listeners[next].port)], hello: hello(.worker(rank), .worker(next)))
        }
        reducers = try (0..<members).map { rank in
            let back = try listeners[rank].accept(from: .worker((rank + members - 1) % members))
            return RingReducer(rank: rank, world: members, successor: out[rank], predecessor: back, compression: compression)
        }
    }

    /// Runs exchanges one after the other in all members, each member on a thread of its own.
    ///
    /// - Parameters:
    ///   - phase: the last phase that the mesh has seen.
    ///   - prepare: what a member does before each exchange; it is not counted.
    /// - Returns: the seconds of each exchange, as the first member sees them.
    /// - Throws: `LinkFailure`.
    func exchanges(
        _ count: Int, after phase: UInt64, plan: BucketPlan, sums: [Storage<Int32>],
        prepare: @escaping @Sendable (Int) -> Void = { _ in }
    ) throws -> [Double] {
        let failure = Mutex<(any Error)?>(nil)
        let times = Mutex<[Double]>([])
        Self.onThreads(reducers.count) { [reducers] rank in
            let reducer = reducers[rank]
            let statistics = StatisticsBoard(tensors: plan.tensorCount)
            do {
                for number in 1...UInt64(count) {
                    prepare(rank)
                    let start = MonotonicTime.now
                    reducer.begin(phase: phase + number, attempt: 0, plan: plan, sum: sums[rank], statistics: statistics)
                    for bucket in plan.buckets.indices { reducer.ready(bucket: bucket) }
                    try reducer.finish()
                    if rank == 0 { times.withLock { $0.append((MonotonicTime.now - start).seconds) } }
                }
            } catch {
                failure.withLock { $0 = $0 ?? error }
                // The others wait for this member's part, which will never come.
                for reducer in reducers { reducer.shutdown() }
            }
        }
        if let error = failure.withLock({ $0 }) { throw error }
        return times.withLock { $0 }
    }

    /// Every member blocks in its exchange, so each needs a thread of its own, however few cores there are.
    private static func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
        let done = Latch(count)
        for index in 0..<count {
            OwnedThread.detach(name: "member") {
                body(index)
                done.countDown()
            }
        }
        _ = done.wait(.untilWoken(by: "every member, when its exchange is done or the first failure has ended all"))
    }

    func shutdown() {
        for reducer in reducers { reducer.shutdown() }
        server?.shutdown()
        for listener in listeners { listener.shutdown() }
    }
}
