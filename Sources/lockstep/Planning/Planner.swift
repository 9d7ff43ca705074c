import Autoencoder
import Collectives
import Datasets
import Foundation
import Kernels
import Planning
import Processes
import Runs
import Wire

/// One row of a plan, with the fastest setup.
struct PlanRow {
    let workers: Int
    /// Shards of the minibatch; more than the configuration's where that has too few.
    let shards: Int
    let threads: Int
    let topology: Topology?
    let coding: GradientCoding?
    let forecast: StepForecast
    let samplesPerSecond: Double
}

/// Measures once what all rows need, and for each row its workers' share.
final class Planner {
    private let configuration: Configuration
    private let data: DataSet
    private let rate: LinkRate?
    private let isHere: Bool
    private let latency: Double
    private let threads: Int?
    private let servers: Int
    private let topologies: [Topology]
    private let cores = MachineLimits.here.cores
    /// For this machine's sockets: bytes a second, and seconds that a frame costs in addition to its bytes.
    private let sockets: (bytesPerSecond: Double, frame: Double)

    init(
        _ configuration: Configuration, _ data: DataSet, link rate: LinkRate?, isHere: Bool, latency: Double, threads: Int?,
        servers: Int = 0, topology: Topology? = nil
    ) throws {
        self.configuration = configuration
        self.data = data
        self.rate = rate
        self.isHere = isHere
        self.latency = latency
        self.threads = threads
        self.servers = servers
        topologies = topology.map { [$0] } ?? Topology.allCases
        sockets = try Self.measureSockets()
    }

    /// Measured by exchanges of one frame, and of many.
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
            return try mesh.exchanges(22, after: 0, plan: plan, sums: sums).dropFirst().sorted()[10]
        }
        let (small, large) = (try seconds(elements: 1_024), try seconds(elements: 2 << 20))
        // A member sends all elements once, in one hop.
        return (4 * Double(2 << 20) / max(large - small, 1e-6), small)
    }

    func row(workers: Int) throws -> PlanRow {
        var configuration = configuration
        // More workers than shards would be spares.
        configuration.shards = min(
            max(configuration.shards, workers), max(Configuration.mostShards, configuration.shards), configuration.minibatch)
        configuration.shards = max(configuration.shards, self.configuration.shards)
        let shards = configuration.shards
        let threads = threads ?? (isHere ? max(1, cores / workers) : cores)
        try RunThreads.requireForWorker(threads: threads)
        let images = try configuration.stepImages(data)
        let meter = try WorkerShareMeter(
            images.settings, shards: (shards + workers - 1) / workers, threads: threads)
        var share = try meter.measure(images: images.all(step:))
        if workers > 1 {
            let whole = try WorkerShareMeter(images.settings, shards: shards, threads: threads)
            share = share.withSums(of: try whole.measure(images: images.all(step:), least: (.zero, 1)))
        }
        let cluster = PlannedCluster(
            workers: workers, place: isHere ? .here(cores: cores) : .hosts,
            bytesPerSecond: rate?.bytesPerSecond ?? sockets.bytesPerSecond, latency: rate == nil ? 0 : latency,
            frame: sockets.frame,
            copying: 1 / sockets.bytesPerSecond, cores: cores, servers: max(1, servers))
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
        let ways = topologies.flatMap { topology in
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
                way(row), row.coding?.packing ?? "-", String(format: "%.1f ms", forecast.seconds * 1e3),
                String(format: "%.0f", row.samplesPerSecond), share(forecast.compute), share(forecast.update), share(forecast.wait),
                row.workers == 1 ? "-" : String(format: "%.2f", forecast.sent * 1e-6),
            ])
        }
        let place =
            (isHere ? "all workers on this machine's \(cores) cores" : "each worker on a host like this one")
            + (rate.map { ", with a link that carries \($0) and is \(String(format: "%g", latency * 1e3)) ms long" } ?? "")
        let star =
            rows.contains { $0.shards != configuration.shards }
            ? "\n* --set shards=N: a run with \(configuration.shards) shards has no work for so many workers, and has other bits."
            : ""
        return "\(place); minibatch \(configuration.minibatch), \(configuration.precision.rawValue)\n\n\(table.text)\(star)"
    }

    /// "ring", "server", or, with separate server processes, "server 2".
    private func way(_ row: PlanRow) -> String {
        guard let topology = row.topology else { return "-" }
        return topology == .server && servers > 0 ? "server \(servers)" : topology.rawValue
    }

    func json(_ rows: [PlanRow]) -> JSON {
        .array(
            rows.map { row in
                .object([
                    .init("workers", JSON(row.workers)), .init("threads", JSON(row.threads)), .init("shards", JSON(row.shards)),
                    .init("topology", row.topology.map { .string($0.rawValue) } ?? .null),
                    .init("servers", JSON(row.topology == .server ? servers : 0)),
                    .init("coding", row.coding.map { .string($0.packing) } ?? .null),
                    .init("milliseconds", .real(row.forecast.seconds * 1e3)),
                    .init("samples_per_second", .real(row.samplesPerSecond)),
                    .init("compute", .real(row.forecast.compute * 1e3)), .init("update", .real(row.forecast.update * 1e3)),
                    .init("wait", .real(row.forecast.wait * 1e3)), .init("sent_bytes", .real(row.forecast.sent)),
                ])
            })
    }
}

extension GradientCoding {
    /// The name as in `--compression`; `planes` is what `auto` may take besides.
    fileprivate var packing: String {
        switch self {
        case .empty: "nothing"
        case .raw: "off"
        case .packed: "planes"
        case .packedZstd: "zstd"
        case .entropy: "entropy"
        }
    }
}
