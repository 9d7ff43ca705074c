import Autoencoder
import Collectives
import Control
import Datasets
import Foundation
import Kernels
import Layers
import Membership
import Runs
import SwiftProtobuf
import Waiting
import Wire

/// Everything a coordinator opens before workers are taken in: data, configuration, the newest whole checkpoint, the generation.
struct PreparedRun: Sendable {
    let options: CoordinatorOptions
    let plan: RunPlan
    let training: TrainingSettings
    let data: DataSet
    /// The images that each step uses.
    let images: StepImages
    let store: CheckpointStore
    /// This coordinator's: what tells it from every earlier one, and from one that opens the folder after it.
    let generation: Generation
    /// The newest checkpoint's place in the run's chain of states: a worker whose state is on another chain keeps it to itself.
    let mark: ChainMark?
    /// The last view an earlier coordinator of the run has used.
    let lastView: UInt64
    let configurationText: String
    /// The samples of a prior that consists of samples, as they stand in a welcome.
    private let priorSamples: Data
    /// What the run's states look like.
    let outline: StateOutline
    /// How gradient links and workers identify the run.
    let identity: String
    /// Checkpoints that were passed over, and why.
    let leftOut: [LeftOut]
    /// Lines of `steps.log` that were passed over.
    let passedOver: PassedOverSteps?

    /// Opens the run. The caller holds its lock and has bound its port. What can be wrong with the run is found before anything in its folder
    /// is changed: a coordinator that cannot begin must not end another one, whose folder it is.
    ///
    /// - Parameter prepare: called where there are steps to do, before the generation is raised; binds whatever else can be
    ///   taken.
    /// - Throws: one sentence for data, configuration or checkpoint that cannot be used.
    init(options: CoordinatorOptions, prepare: () throws -> Void) throws {
        let configuration: Configuration
        (configuration, data) = try options.folder.openData(options.configuration, directory: options.dataDirectory)
        var opened = options
        opened.configuration = configuration
        self.options = opened
        let train = data.train
        images = try configuration.stepImages(data)
        training = images.settings
        try BatchImages.requireRoom(training)
        // The coordinator evaluates, with one thread and the states that wait for it.
        try MemoryRoom.require(
            threads: 1, bytes: training.memoryBytes(threads: 1) / 2, for: "leading and evaluating a run", or: "take a smaller model"
        )
        configurationText = configuration.yaml()
        priorSamples = Data(configuration.prior.codeSamples?.bytes ?? [])
        outline = StateOutline(of: try Replica(training), configuration: configurationText)
        store = options.folder.checkpoints()
        try options.folder.requireCheckpoints(of: configuration)
        let past = try StepsLog.look(options.folder.stepsLogPath)
        passedOver = past.passedOver
        var newest = try options.folder.newestWhole()
        let beginning =
            try store.steps().isEmpty ? options.from.map { [training] in try InitialWeights.replica(training, from: $0) } : nil
        let lastStep = configuration.lastStep(trainingImages: train.count)
        // Not the folder's name: a folder may be moved, and holds the same run.
        identity = "\(configuration.identityDigest) \(try options.folder.identity())"
        if newest.checkpoint?.info.step ?? 0 < lastStep { try prepare() }
        try options.folder.update(to: configuration)
        _ = try options.folder.sweep()
        if let beginning {
            let info = CheckpointInfo(step: 0, epoch: 0, endsEpoch: false, identity: configuration.identityDigest)
            let stream = try StateFile.stream(beginning.snapshot(), configuration: configuration.yaml())
            _ = try store.write(info) { writer in for piece in stream { try writer.write(piece) } }
        }
        // Written just now, or just given its own name back: look again.
        if beginning != nil || newest.checkpoint.map({ !RunFolder.exists($0.path) }) ?? false {
            newest = try options.folder.newestWhole()
        }
        leftOut = newest.leftOut
        let firstStep = newest.checkpoint?.info.step ?? 0
        generation = try options.folder.raiseGeneration()
        mark = try newest.checkpoint.map { checkpoint in
            let position = try StateFile.position(of: SafetensorsReader(path: checkpoint.statePath))
            return ChainMark(applied: position.applied, chain: position.chain)
        }
        let bookmark = Bookmark(past.records, lastStep: max(lastStep, firstStep))
        lastView = bookmark.view
        plan = RunPlan(
            shards: configuration.shards, phases: configuration.phaseNames.count, firstStep: firstStep,
            lastStep: max(lastStep, firstStep),
            epochs: training.epochs, workers: options.workers,
            beginsWithSeed: newest.checkpoint == nil, run: identity, generation: generation.number, leader: generation.name,
            ring: options.topology == .ring, servers: options.servers,
            checkpointEverySteps: UInt64(configuration.checkpoint.everySteps),
            checkpointEverySeconds: min(configuration.checkpoint.everySeconds, Self.longestSeconds),
            checkpointEveryEpochs: UInt64(configuration.checkpoint.everyEpochs),
            evaluateEveryEpochs: UInt64(configuration.evaluate.everyEpochs),
            figuresEveryEpochs: UInt64(configuration.figures.everyEpochs), supervised: options.supervised,
            allowMixedKernels: options.allowMixedKernels, isPortable: configuration.engine == .portable,
            runName: options.folder.typedName, recordedStep: bookmark.step, addressLimits: AddressSpace.words,
            lastLabel: options.folder.lastWorker(below: UInt32(ProcessHistory.most)))
    }

    /// About a century: nobody waits longer, and more could not be counted in nanoseconds.
    private static let longestSeconds = 3e9

    /// The answer to a worker's hello, without the name of the coordinator that leads the run and without the worker's own name.
    func welcome(remote: Bool) -> ControlWelcome {
        .with {
            $0.run = identity
            $0.markApplied = mark?.applied ?? 0
            $0.markChain = mark?.chain ?? 0
            $0.configuration = configurationText
            $0.height = UInt32(data.train.height)
            $0.width = UInt32(data.train.width)
            $0.channels = UInt32(data.train.channels)
            $0.trainingImages = UInt32(data.train.count)
            $0.standardisation = data.standardisation.map(\.bytes) ?? Data()
            $0.priorSamples = priorSamples
            $0.orphanSeconds = options.orphanTimeout.seconds
            $0.topology = options.topology.rawValue
            $0.compression = options.compression
            $0.remote = remote
            $0.allowMixedKernels = options.allowMixedKernels
            $0.padding = LargeMessage.padding
        }
    }
}

/// A checkpoint's state on its way to workers, streamed as it lies on the disk.
struct StoredState: Sendable {
    private let checkpoint: Checkpoint

    init(_ checkpoint: Checkpoint) { self.checkpoint = checkpoint }

    /// Reads the file in pieces that heartbeats can overtake. Blocks.
    func stream(order: UInt64, _ send: (ControlStateChunk) throws -> Void) throws {
        let path = checkpoint.statePath
        let descriptor = Descriptor.openFile(path, O_RDONLY)
        guard descriptor >= 0 else { throw LocalError("\(path) cannot be opened any more") }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        defer { try? file.close() }
        var offset: UInt64 = 0
        while let piece = try file.read(upToCount: ControlConnection.pieceBytes), !piece.isEmpty {
            try send(
                .with {
                    $0.order = order
                    $0.step = checkpoint.info.step
                    $0.offset = offset
                    $0.total = UInt64(checkpoint.bytes)
                    $0.data = piece
                })
            offset += UInt64(piece.count)
        }
    }
}
