import ArgumentParser
import Autoencoder
import Cluster
import Collectives
import Datasets
import Foundation
import Kernels
import Runs
import Wire

/// `lockstep plan`: what a run would take on more workers, from what this machine is measured to do.
struct Plan: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Predict a step on N workers: time, best topology and packing, from what this machine does now.",
        discussion: """
            A worker's share of the step is measured here, its gradients are packed in every way, and the links are computed. Without --link the workers
            are processes of this machine; with it each has a host like this one. Best where nothing else runs.
            Example:  lockstep plan --recipe mnist-likelihood --minibatch 1024 --workers 1,2,4,16 --link 1gbit
            """)

    @OptionGroup var settings: SettingOptions

    @Option(help: "Numbers of workers, with commas.")
    var workers = WorkerNumbers(values: [1, 2, 4, 8])

    @Option(help: "What the link of a host carries: 100mbit, 1gbit, 25gbit, ….")
    var link: LinkRateArgument?

    @Option(help: "Milliseconds from one end of a link to the other, with --link.")
    var latency = 0.1

    @Option(help: "Compute threads of a worker (default: all cores of its host, or here cores / workers).")
    var threads: Int?

    @Flag(help: "With --link: the workers' hosts are this machine, whose cores they share; for network namespaces.")
    var here = false

    @Flag(help: "As JSON.")
    var json = false

    func validate() throws {
        if let threads, threads < 1 { throw ValidationError("--threads is \(threads); it must be at least 1") }
        guard latency >= 0, latency <= 10_000 else { throw ValidationError("--latency is \(latency); it must be 0 to 10000") }
    }

    func run() throws {
        try finishing {
            try Loopback.require()
            let wanted = try settings.configuration()
            try KernelChoice.require(wanted.kernel)
            let (configuration, data) = try wanted.opened(directory: settings.data)
            let planner = try Planner(
                configuration, data, link: link?.rate, isHere: here || link == nil, latency: latency * 1e-3, threads: threads)
            let rows = try workers.values.map { count in
                Output.note("measuring the share of \(count == 1 ? "the only worker" : "one of \(count) workers")")
                return try planner.row(workers: count)
            }
            Output.result(json ? planner.json(rows).text : planner.text(rows))
            return 0
        }
    }
}

/// Whole numbers with commas between them.
struct WorkerNumbers: ExpressibleByArgument {
    private static let range = 1...1024

    let values: [Int]

    init(values: [Int]) { self.values = values }

    init?(argument: String) {
        let numbers = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
        guard numbers.count <= 64, numbers.allSatisfy({ $0.map(Self.range.contains) ?? false }) else {
            Output.complain(
                "--workers \"\(argument)\" is no list of numbers of workers; write numbers from 1 to 1024 with commas, as in 1,2,4,16"
            )
            Foundation.exit(64)
        }
        values = numbers.compactMap(\.self)
    }

    var defaultValueDescription: String { values.map { "\($0)" }.joined(separator: ",") }
}

/// A rate as `tc` has it.
struct LinkRateArgument: ExpressibleByArgument {
    let rate: LinkRate

    init?(argument: String) {
        guard let rate = LinkRate(argument) else {
            Output.complain("--link \"\(argument)\" is no rate; write a number and kbit, mbit or gbit, as in 100mbit or 2.5gbit")
            Foundation.exit(64)
        }
        self.rate = rate
    }
}

/// One row of a plan: the fastest way.
private struct PlanRow {
    let workers: Int
    /// Of the minibatch; other than the configuration's where that has too few.
    let shards: Int
    let threads: Int
    let topology: Topology?
    let coding: GradientCoding?
    let forecast: StepForecast
    let samplesPerSecond: Double
}

/// Measures once what all rows need, and of each row its share.
private final class Planner {
    private let configuration: Configuration
    private let data: DataSet
    private let rate: LinkRate?
    private let isHere: Bool
    private let latency: Double
    private let threads: Int?
    private let cores = MachineLimits.here.cores
    /// Of this machine's sockets: bytes a second, and seconds that a frame costs beside its bytes.
    private let sockets: (bytesPerSecond: Double, frame: Double)

    init(
        _ configuration: Configuration, _ data: DataSet, link rate: LinkRate?, isHere: Bool, latency: Double, threads: Int?
    ) throws {
        self.configuration = configuration
        self.data = data
        self.rate = rate
        self.isHere = isHere
        self.latency = latency
        self.threads = threads
        sockets = try Self.measureSockets()
    }

    /// By exchanges of one frame, and of many.
    private static func measureSockets() throws -> (bytesPerSecond: Double, frame: Double) {
        func seconds(elements: Int) throws -> Double {
            let mesh = try LoopbackMesh(members: 2, topology: .ring, compression: .off)
            defer { mesh.shutdown() }
            let plan = BucketPlan(tensorRanges: [0..<elements])
            let sums = (0..<2).map { _ in
                let sum = Storage<Int32>(count: elements)
                sum.all.fill(1)
                return sum
            }
            var phase: UInt64 = 0
            return try medianSeconds(repeats: 21) {
                phase += 1
                try mesh.exchange(phase: phase, plan: plan, sums: sums)
            }
        }
        let (small, large) = (try seconds(elements: 1_024), try seconds(elements: 2 << 20))
        // A member sends all elements once in two hops.
        return (4 * Double(2 << 20) / max(large - small, 1e-6), small / 2)
    }

    func row(workers: Int) throws -> PlanRow {
        var configuration = configuration
        // More workers than shards would be spares.
        configuration.shards = min(
            max(configuration.shards, workers), max(Configuration.mostShards, configuration.shards), configuration.minibatch)
        configuration.shards = max(configuration.shards, self.configuration.shards)
        let shards = configuration.shards
        let threads = threads ?? (isHere ? max(1, cores / workers) : cores)
        let images = try configuration.stepImages(data)
        let meter = try WorkerShareMeter(
            images.settings, shards: (shards + workers - 1) / workers, threads: threads)
        let share = try meter.measure(images: images.all(step:))
        let cluster = PlannedCluster(
            workers: workers, place: isHere ? .here(cores: cores) : .hosts,
            bytesPerSecond: rate?.bytesPerSecond ?? sockets.bytesPerSecond, latency: rate == nil ? 0 : latency,
            frame: sockets.frame,
            copying: 1 / sockets.bytesPerSecond, cores: cores)
        let rows = Double(configuration.minibatch)
        func row(_ topology: Topology?, _ coding: GradientCoding?) -> PlanRow {
            let forecast = StepForecast(
                share, cluster, topology: topology ?? .ring, coding: coding ?? .raw,
                images: rows * Double(data.train.pixels))
            return PlanRow(
                workers: workers, shards: shards, threads: threads, topology: topology, coding: coding, forecast: forecast,
                samplesPerSecond: rows / forecast.seconds)
        }
        guard workers > 1 else { return row(nil, nil) }
        let ways = Topology.allCases.flatMap { topology in
            GradientCoding.allCases.filter { $0 != .empty }.map { row(topology, $0) }
        }
        return ways.min { $0.forecast.seconds < $1.forecast.seconds }!
    }

    func text(_ rows: [PlanRow]) -> String {
        var table = TextTable(
            [
                "workers", "threads", "shards", "topology", "packing", "step", "samples/s", "compute", "update", "waiting",
                "MB sent",
            ],
            right: [0, 1, 2, 5, 6, 7, 8, 9, 10])
        for row in rows {
            let forecast = row.forecast
            func share(_ part: Double) -> String { String(format: "%.0f %%", 100 * part / forecast.seconds) }
            table.add([
                "\(row.workers)", "\(row.threads)", "\(row.shards)\(row.shards == configuration.shards ? "" : "*")",
                row.topology?.rawValue ?? "-", row.coding.map { "\($0)" } ?? "-", String(format: "%.1f ms", forecast.seconds * 1e3),
                String(format: "%.0f", row.samplesPerSecond), share(forecast.compute), share(forecast.update), share(forecast.wait),
                row.workers == 1 ? "-" : String(format: "%.2f", forecast.sent * 1e-6),
            ])
        }
        let place =
            (isHere ? "all workers on this machine's \(cores) cores" : "each worker on a host like this one")
            + (rate.map { ", with a link that carries \($0) and is \(latency * 1e3) ms long" } ?? "")
        let star =
            rows.contains { $0.shards != configuration.shards }
            ? "\n* --set shards=N: a run with \(configuration.shards) shards has no work for so many workers, and has other bits."
            : ""
        return "\(place); minibatch \(configuration.minibatch), \(configuration.precision.rawValue)\n\n\(table.text)\(star)"
    }

    func json(_ rows: [PlanRow]) -> JSON {
        .array(
            rows.map { row in
                .object([
                    .init("workers", .integer(Int64(row.workers))), .init("threads", .integer(Int64(row.threads))),
                    .init("shards", .integer(Int64(row.shards))),
                    .init("topology", row.topology.map { .string($0.rawValue) } ?? .null),
                    .init("coding", row.coding.map { .string("\($0)") } ?? .null),
                    .init("milliseconds", .real(row.forecast.seconds * 1e3)),
                    .init("samples_per_second", .real(row.samplesPerSecond)),
                    .init("compute", .real(row.forecast.compute * 1e3)), .init("update", .real(row.forecast.update * 1e3)),
                    .init("wait", .real(row.forecast.wait * 1e3)), .init("sent_bytes", .real(row.forecast.sent)),
                ])
            })
    }
}
