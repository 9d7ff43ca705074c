import Autoencoder
import Collectives
import Foundation
import Kernels
import Layers
import Runs
import Wire

/// A worker's part of the training: its replica, its lanes, and the step as it reads in the paper with one exact
/// exchange at the end of each phase. Lives on the engine's thread.
final class TrainingSession {
    let replica: Replica
    let configurationText: String
    let compression: LinkCompression
    private let configuration: Configuration
    private let pixels: Int
    private let expectedWorkers: Int
    private let team: ThreadTeam
    private let plans: [BucketPlan]
    private var lanes: [Lane] = []
    private var shards: Range<Int> = 0..<0
    private var reducer: (any Reducer)?
    private(set) var view: UInt64 = 0

    /// Builds the replica: from the seed, or from the bytes of a state file.
    ///
    /// - Throws: configuration, state or memory errors, one sentence each.
    init(welcome: ControlWelcome, state: [UInt8], threads: Int) throws {
        configurationText = welcome.configuration
        configuration = try Configuration.read(yaml: welcome.configuration, file: "the coordinator's configuration")
        pixels = Int(welcome.height) * Int(welcome.width) * Int(welcome.channels)
        expectedWorkers = Int(welcome.workers)
        guard let compression = LinkCompression(rawValue: welcome.compression) else {
            throw LocalError("the coordinator asks for compression \"\(welcome.compression)\", which this build does not know")
        }
        self.compression = compression
        replica = try Replica(configuration.training(pixels: pixels, trainingImages: Int(welcome.trainingImages)))
        if !state.isEmpty {
            try StateFile.restore(replica, from: SafetensorsReader(bytes: state, name: "the coordinator's state"))
        }
        team = ThreadTeam(threads: threads, name: "compute")
        plans = replica.phases.map { phase in
            BucketPlan(tensorRanges: phase.tensors.map(\.range), readyOrder: phase.readyOrder)
        }
    }

    /// Digest of the products at every shape this run may need, whichever rank this worker gets.
    func fingerprint() -> [UInt8] {
        let rows = Set(
            (0..<configuration.shards).map {
                ShardGeometry.rows(ofShard: $0, minibatch: configuration.minibatch, shards: configuration.shards).count
            }
        ).filter { $0 > 0 }.sorted()
        let model = configuration.model
        let networks = [
            [pixels] + model.encoder + [model.code], [model.code] + model.decoder + [pixels],
            [model.code] + model.discriminator + [1],
        ]
        var shapes: [Fingerprint.Shape] = []
        for widths in networks {
            for (inputs, outputs) in zip(widths, widths.dropFirst()) {
                for count in rows { shapes.append(.init(rows: count, inputs: inputs, outputs: outputs)) }
            }
        }
        return withUnsafeBytes(of: Fingerprint.probe(shapes: shapes).littleEndian) { Array($0) }
    }

    var hasLinks: Bool { reducer != nil }

    /// Becomes a member of a view: its shards, its links.
    func take(view: ControlView, reducer: any Reducer) {
        self.view = view.view
        self.reducer = reducer
        let owned = view.shards.map(Int.init)
        let range = (owned.first ?? 0)..<((owned.last ?? -1) + 1)
        if lanes.isEmpty || range != shards {
            shards = range
            lanes = range.isEmpty ? [] : replica.makeLanes(shards: range, threads: team.threads)
        }
    }

    func dropLinks() { reducer = nil }

    /// One step: every phase's gradients, exchange, decision and update.
    ///
    /// - Parameters: `contributed` and `applied` are told the count of phases as it rises.
    /// - Throws: `LinkFailure`; `NonFiniteGradient`; a sentence for images that are not what the batch says.
    func run(
        _ batch: ControlBatch, contributed: @escaping @Sendable (UInt64) -> Void, applied: (UInt64) -> Void
    ) throws -> ControlStepReport {
        guard let reducer else { throw LinkFailure.noLinks }
        let images = try BatchImages.unpack(batch, pixels: pixels, shards: shards)
        for lane in lanes { lane.load(step: batch.step, minibatch: Int(batch.batch), images: images) }
        let before = reducer.counters
        var clock = StepClock()
        var shardReports: [ShardReport] = []
        var repeats: UInt32 = 0
        var clamped: UInt64 = 0
        var early: UInt64 = 0
        for phase in replica.phases {
            let exchange = try PhaseExchange(
                replica: replica, phase: phase, plan: plans[phase.index], lanes: lanes, shards: shards.count, team: team,
                reducer: reducer)
            let result = try exchange.run(clock: &clock, contributed: contributed)
            shardReports += result.reports
            repeats += result.repeats
            clamped += result.clamped
            early += result.early
            applied(replica.applied)
        }
        var report = ControlStepReport()
        report.step = batch.step
        report.view = view
        report.shards = Self.combine(shardReports, phases: replica.phases.count)
        report.chain = replica.chain
        let wire = reducer.counters - before
        report.sent = wire.sent
        report.raw = wire.raw
        report.early = early
        report.compute = clock.compute.milliseconds
        report.pack = Double(wire.packNanoseconds + wire.unpackNanoseconds) * 1e-6
        report.wait = clock.wait.milliseconds
        report.update = clock.update.milliseconds
        report.clamped = clamped
        report.repeats = repeats
        return report
    }

    private static func combine(_ reports: [ShardReport], phases: Int) -> [ControlShardReport] {
        var byShard: [Int: ControlShardReport] = [:]
        for report in reports {
            var message =
                byShard[report.shard]
                ?? ControlShardReport.with {
                    $0.shard = UInt32(report.shard)
                    $0.rows = UInt32(report.rows)
                    $0.loss = [Double](repeating: 0, count: phases)
                }
            message.loss[report.phase] = report.loss
            if report.phase == 0 {
                message.pixelError = report.pixelError
                message.codeSum = report.codeSum
                message.codeSumOfSquares = report.codeSumOfSquares
            }
            byShard[report.shard] = message
        }
        return byShard.sorted { $0.key < $1.key }.map(\.value)
    }
}

/// Where the time of a step goes.
struct StepClock {
    var compute = Duration.zero
    var wait = Duration.zero
    var update = Duration.zero
}

extension LinkFailure {
    /// A step was due without links: one's own doing, never a suspicion.
    static var noLinks: LinkFailure { LinkFailure(peer: nil, address: "", cause: .shutDown) }
}
