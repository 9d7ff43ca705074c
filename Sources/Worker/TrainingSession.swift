import Autoencoder
import Collectives
import Control
import Foundation
import Kernels
import Layers
import Membership
import Runs
import SwiftProtobuf
import Waiting
import Wire

/// A worker's part of the training: its replica, its lanes, and the step as it reads in the paper with one exact
/// exchange at the end of each phase. Lives on the engine's thread.
final class TrainingSession {
    let replica: Replica
    let configurationText: String
    private(set) var compression = LinkCompression.auto
    private let team: ThreadTeam
    private let plans: [BucketPlan]
    private var lanes: [Lane] = []
    private var shards: Range<Int> = 0..<0
    private var reducer: (any Reducer)?
    /// One for each phase, for the present view; empty without links.
    private var exchanges: [PhaseExchange] = []
    /// What the step under way will say of itself, the time it took so far, and the counters of the links before it.
    private var step = (report: ControlStepReport(), clock: StepClock(), before: WireCounters())
    private lazy var probe = probed()

    /// Builds the replica from the seed.
    ///
    /// - Throws: configuration or memory errors, one sentence each.
    init(welcome: ControlWelcome, threads: Int) throws {
        configurationText = welcome.configuration
        var configuration = try Configuration.read(yaml: welcome.configuration, file: "the coordinator's configuration")
        configuration.prior = try Self.prior(of: welcome, configuration)
        let pixels = Int(welcome.height) * Int(welcome.width) * Int(welcome.channels)
        let training = configuration.training(
            pixels: pixels, trainingImages: Int(welcome.trainingImages),
            standardisation: try Self.standardisation(of: welcome, pixels: pixels))
        try training.validate()
        if training.engine == .portable, !PortableProducts.agreesWithDefinition(training.precision) {
            throw LocalError(
                "this machine's products in \(training.precision.rawValue) (level \(InstructionLevel.current)) are not what they are defined to be; set LOCKSTEP_LEVEL=baseline to compute without these instructions, slowly, and tell us its CPU"
            )
        }
        // Checked before the products are probed: without memory the library would wait for ever.
        try training.requireMemory(threads: threads)
        replica = try Replica(training)
        team = ThreadTeam(threads: threads, name: "compute")
        plans = replica.phases.map { BucketPlan($0) }
    }

    /// The mean and deviation that the coordinator found in its training images; nil where the images stay as they are.
    private static func standardisation(of welcome: ControlWelcome, pixels: Int) throws -> Standardisation? {
        guard !welcome.standardisation.isEmpty else { return nil }
        guard let found = Standardisation(bytes: welcome.standardisation), found.pixels == pixels else {
            throw LocalError("the coordinator's means and deviations of pixels are none of images of \(pixels) values")
        }
        return found
    }

    /// The prior, with the samples that came with the welcome where it consists of samples.
    private static func prior(of welcome: ControlWelcome, _ configuration: Configuration) throws -> PriorSettings {
        let prior = configuration.prior
        guard prior.isOfSamples else { return prior }
        guard let values = CodeSamples.values(ofBytes: welcome.priorSamples),
            let samples = try? CodeSamples(values, dimensions: configuration.model.code), samples.digest == prior.sampleDigest
        else { throw LocalError("the coordinator's samples of the prior are not those of the run's configuration") }
        return prior.with(samples)
    }

    /// Digest of the products at every shape this run may need, whichever rank this worker gets.
    var fingerprint: [UInt8] { probe }

    private func probed() -> [UInt8] {
        let shapes = replica.settings.products.map { Fingerprint.Shape(rows: $0.rows, inputs: $0.inputs, outputs: $0.outputs) }
        return withUnsafeBytes(of: Fingerprint.probe(shapes: shapes, replica.settings.arithmetic).littleEndian) { Array($0) }
    }

    /// Takes over the settings that may differ between two coordinators of one run.
    func takeUp(_ welcome: ControlWelcome) throws {
        guard let compression = LinkCompression(rawValue: welcome.compression) else {
            throw LocalError("the coordinator asks for compression \"\(welcome.compression)\", which this build does not know")
        }
        self.compression = compression
    }

    /// Becomes a member of a view: its shards, its links.
    ///
    /// - Throws: a sentence for shards that the run does not have.
    func join(view: ControlView, reducer: any Reducer, abandonment: Abandonment) throws {
        guard view.shards.allSatisfy({ $0 < UInt32(replica.settings.shards) }) else {
            throw LocalError("the coordinator gives this worker shards \(view.shards) of a run that has \(replica.settings.shards)")
        }
        self.reducer = reducer
        let owned = view.shards.map(Int.init)
        let range = (owned.first ?? 0)..<((owned.last ?? -1) + 1)
        if lanes.isEmpty || range != shards {
            shards = range
            lanes = range.isEmpty ? [] : replica.makeLanes(shards: range, threads: team.threads)
        }
        exchanges = replica.phases.map { phase in
            PhaseExchange(
                replica: replica, phase: phase, plan: plans[phase.index], lanes: lanes, shards: shards.count, team: team,
                reducer: reducer, abandonment: abandonment)
        }
    }

    /// Shuts its links down and waits for their threads.
    func dropLinks() {
        reducer?.shutdown()
        reducer = nil
        exchanges = []
    }

    /// Where the replica stands.
    var place: EngineCore.Place {
        EngineCore.Place(applied: replica.applied, chain: replica.chain, holdsSum: replica.holdsLastSum)
    }

    /// SHA-256 of the whole state.
    var digest: [UInt8] { replica.digest(full: true) }

    /// The sum of the phase that was applied last, and the exponents that go with it.
    var lastSum: (sum: Slice<Int32>, change: ExponentChange)? {
        let phase = Int((replica.applied &- 1) % UInt64(replica.phases.count))
        return replica.lastChange(phase).map { (replica.lastSum(phase).all, $0) }
    }

    /// Applies the next phase with a sum that another member has handed over.
    ///
    /// - Returns: false, where it is not of the phase's size.
    func apply(_ sum: ReceivedSum) -> Bool {
        let mine = replica.sum(replica.phase).all
        guard sum.bytes.count == mine.count * MemoryLayout<Int32>.size,
            sum.change.used.count == replica.phases[replica.phase].tensors.count, sum.change.next.count == sum.change.used.count
        else { return false }
        sum.copy(into: mine)
        replica.apply(phase: replica.phase, change: sum.change, team: team)
        return true
    }

    /// Takes on a whole state.
    func restore(_ bytes: [UInt8]) throws {
        try StateFile.restore(replica, from: SafetensorsReader(bytes: bytes, name: "the state that was sent to this worker"))
    }

    /// Begins a step with its images, at the phase where the replica stands.
    ///
    /// - Parameter waited: how long the images have let this worker wait.
    /// - Throws: a sentence for images that are not what the batch says.
    func load(_ batch: ControlBatch, waited: Duration) throws {
        let images = try BatchImages.unpack(batch, replica.settings, shards: shards)
        for lane in lanes { lane.load(step: batch.step, images: images) }
        step = (.with { $0.step = batch.step }, StepClock(images: waited), reducer?.counters ?? WireCounters())
    }

    /// The phase where the replica stands: gradients, exchange, decision and update.
    ///
    /// - Parameters: `waits` hears that it waits for others within the phase, or no longer; `contributed` the losses when this worker's part is
    ///   complete.
    /// - Throws: `LinkFailure`; `NonFiniteGradient`.
    func runPhase(waits: (Bool) -> Void, contributed: (ControlPhaseReport) -> Void) throws {
        guard !exchanges.isEmpty else { throw LinkFailure.ownShutdown }
        let result = try exchanges[replica.phase].run(clock: &step.clock, waits: waits) { reports in
            contributed(Self.report(reports, applied: replica.applied))
        }
        step.report.repeats += result.repeats
        step.report.clamped += result.clamped
        step.report.early += result.early
    }

    /// What the step that is done says of itself, as a member of this view.
    func reportStep(view: UInt64) -> ControlStepReport {
        let wire = (reducer?.counters ?? step.before) - step.before
        step.report.view = view
        step.report.chain = replica.chain
        step.report.sent = wire.sent
        step.report.raw = wire.raw
        step.report.compute = step.clock.compute.milliseconds
        step.report.pack = Double(wire.packNanoseconds + wire.unpackNanoseconds) * 1e-6
        step.report.wait = step.clock.wait.milliseconds
        step.report.update = step.clock.update.milliseconds
        step.report.images = step.clock.images.milliseconds
        return step.report
    }

    private static func report(_ reports: [ShardReport], applied: UInt64) -> ControlPhaseReport {
        .with {
            $0.applied = applied
            $0.shards = reports.map { report in
                .with {
                    $0.shard = UInt32(report.shard)
                    $0.rows = UInt32(report.rows)
                    $0.figures = report.figures
                }
            }
        }
    }
}
