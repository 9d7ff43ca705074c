import Kernels

/// What the coordinator's state machine knows of the run: where it begins, where it ends, and when the state is wanted.
public struct RunPlan: Sendable, Equatable {
    /// Workers that a run can have, members and spares together.
    package static let maximumWorkers = 256

    /// Shards of a minibatch (S): fixed by the run for life.
    public var shards: Int
    /// Phases of a step.
    public var phases: Int
    /// Steps done when this coordinator starts.
    public var firstStep: UInt64
    /// Steps that the records know of: more than the checkpoint where a coordinator died, or fewer.
    public var recordedStep: UInt64
    /// Steps done when the run has ended.
    public var lastStep: UInt64
    /// Which steps make an epoch.
    public var epochs: Epochs
    /// The run starts at the upper bound, or at the lower one after `patience`. Later as many take part as there are.
    public var workers: ClosedRange<Int>
    /// The run begins with what the seed gives; false: with a checkpoint's state, after `firstStep` steps.
    public var beginsWithSeed: Bool
    /// The run's identifier, by which workers that hold its state know it.
    public var run: String
    /// Of this coordinator: higher than that of every earlier one of the run.
    public var generation: UInt64
    /// This coordinator's random name: a copied run folder has equal generations.
    public var leader: UInt64
    /// Neighbours dial each other; false: everybody dials the summation server.
    public var ring: Bool
    /// Summation servers wanted in processes of their own; 0: this coordinator sums where there is no ring.
    public var servers: Int
    /// Checkpoint after so many steps; 0: never.
    public var checkpointEverySteps: UInt64
    /// Checkpoint after so many seconds; 0: never.
    public var checkpointEverySeconds: Double
    /// Checkpoint after so many epochs; 0: never.
    public var checkpointEveryEpochs: UInt64
    /// Held-out figures after so many epochs; 0: never.
    public var evaluateEveryEpochs: UInt64
    /// Pictures after so many epochs; 0: never.
    public var figuresEveryEpochs: UInt64
    /// The run is on one machine, whose supervisor replaces what dies.
    public var supervised: Bool
    /// Accept members whose products differ; drops promise 1 (equal bits).
    public var allowMixedKernels: Bool
    /// Products by our own code, without a library: only their results are compared.
    public var isPortable: Bool
    /// Limits on the address space of this machine's processes, in words; empty where there is none.
    public var addressLimits: String
    /// What a person types to go on: the run's name, or its path where it does not lie under ./runs.
    public var runName: String

    /// The highest number that a worker of the run has had; workers that come without one get higher ones.
    public var lastLabel: UInt32

    /// A whole plan.
    public init(
        shards: Int, phases: Int, firstStep: UInt64, lastStep: UInt64, epochs: Epochs, workers: ClosedRange<Int>,
        beginsWithSeed: Bool = true, run: String = "run", generation: UInt64 = 1, leader: UInt64 = 0, ring: Bool = true,
        servers: Int = 0,
        checkpointEverySteps: UInt64 = 0, checkpointEverySeconds: Double = 0, checkpointEveryEpochs: UInt64 = 0,
        evaluateEveryEpochs: UInt64 = 0, figuresEveryEpochs: UInt64 = 0, supervised: Bool = false,
        allowMixedKernels: Bool = false, isPortable: Bool = false, runName: String = "latest", recordedStep: UInt64? = nil,
        addressLimits: String = "", lastLabel: UInt32 = 0
    ) {
        precondition(shards >= 1 && phases >= 1 && workers.lowerBound >= 1)
        self.shards = shards
        self.phases = phases
        self.firstStep = firstStep
        self.lastStep = lastStep
        self.epochs = epochs
        self.workers = workers
        self.beginsWithSeed = beginsWithSeed
        self.run = run
        self.generation = generation
        self.leader = leader
        self.ring = ring
        self.servers = servers
        self.checkpointEverySteps = checkpointEverySteps
        self.checkpointEverySeconds = checkpointEverySeconds
        self.checkpointEveryEpochs = checkpointEveryEpochs
        self.evaluateEveryEpochs = evaluateEveryEpochs
        self.figuresEveryEpochs = figuresEveryEpochs
        self.supervised = supervised
        self.allowMixedKernels = allowMixedKernels
        self.isPortable = isPortable
        self.runName = runName
        self.addressLimits = addressLimits
        self.lastLabel = lastLabel
        self.recordedStep = recordedStep ?? firstStep
    }

    /// What the state after `step` steps is wanted for, by the plan alone (the clock may add a checkpoint). The last one is evaluated and drawn
    /// wherever any is.
    public func purposes(after step: UInt64) -> SnapshotPurposes {
        var purposes: SnapshotPurposes = []
        if step == lastStep {
            purposes.formUnion([.checkpoint, .last])
            if evaluateEveryEpochs > 0 { purposes.insert(.evaluation) }
            if figuresEveryEpochs > 0 { purposes.insert(.figures) }
        }
        if checkpointEverySteps > 0, step % checkpointEverySteps == 0 { purposes.insert(.checkpoint) }
        guard epochs.areWhole(after: step) else { return purposes }
        let epoch = epochs.done(after: step)
        if checkpointEveryEpochs > 0, epoch % checkpointEveryEpochs == 0 { purposes.insert(.checkpoint) }
        if evaluateEveryEpochs > 0, epoch % evaluateEveryEpochs == 0 { purposes.insert(.evaluation) }
        if figuresEveryEpochs > 0, epoch % figuresEveryEpochs == 0 { purposes.insert(.figures) }
        return purposes
    }
}

/// What a copy of the state is for.
public struct SnapshotPurposes: OptionSet, Sendable, Hashable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// To be written to the disk.
    public static let checkpoint = SnapshotPurposes(rawValue: 1)
    /// To compute the held-out figures from.
    public static let evaluation = SnapshotPurposes(rawValue: 2)
    /// To draw the pictures from.
    public static let figures = SnapshotPurposes(rawValue: 4)
    /// The run waits for it before it ends.
    public static let last = SnapshotPurposes(rawValue: 8)
}
