/// The loss of one phase.
public struct PhaseLoss: Sendable, Hashable {
    public var phase: String
    /// Mean over the minibatch.
    public var value: Double

    public init(phase: String, value: Double) {
        self.phase = phase
        self.value = value
    }
}

/// The learning rate of one phase.
public struct PhaseRate: Sendable, Hashable {
    public var phase: String
    public var value: Double

    public init(phase: String, value: Double) {
        self.phase = phase
        self.value = value
    }
}

/// What `metrics.jsonl` says of one step.
public struct StepMetrics: Sendable, Equatable {
    /// Steps done.
    public var step: UInt64
    /// From 1.
    public var epoch: Int
    /// Of training, over all processes that led the run.
    public var seconds: Double
    /// In the order of the phases.
    public var losses: [PhaseLoss]
    /// Learning rates of the step, in the order of the phases; none in lines of versions that did not write them.
    public var rates: [PhaseRate]
    /// Squared error of an image, summed over its pixels, mean over the minibatch.
    public var pixelError: Double
    public var codeMean: Double
    public var codeStd: Double
    public var samplesPerSecond: Double
    /// Bytes sent on gradient links.
    public var wireSent: UInt64
    /// Bytes that fp32 would have taken.
    public var wireRaw: UInt64
    /// Bytes that left before the backward pass of their phase had ended, of those sent.
    public var wireEarly: UInt64
    /// Milliseconds of the step spent in each, as the slowest worker saw it.
    public var compute: Double
    public var pack: Double
    public var wait: Double
    public var update: Double
    /// Gradients that were clamped to the bits they keep; only written when there were any.
    public var clamped: UInt64
    /// Phases that were run again because a maximum outgrew its headroom; only written when there were any.
    public var repeats: Int
    public var workers: Int
    public var view: UInt64
    /// 64-bit hash of the sums so far.
    public var chain: UInt64

    public init(
        step: UInt64, epoch: Int, seconds: Double, losses: [PhaseLoss], rates: [PhaseRate] = [], pixelError: Double,
        codeMean: Double, codeStd: Double, samplesPerSecond: Double, wireSent: UInt64, wireRaw: UInt64, wireEarly: UInt64 = 0,
        compute: Double, pack: Double,
        wait: Double,
        update: Double, clamped: UInt64 = 0, repeats: Int = 0, workers: Int, view: UInt64, chain: UInt64
    ) {
        self.step = step
        self.epoch = epoch
        self.seconds = seconds
        self.losses = losses
        self.rates = rates
        self.pixelError = pixelError
        self.codeMean = codeMean
        self.codeStd = codeStd
        self.samplesPerSecond = samplesPerSecond
        self.wireSent = wireSent
        self.wireRaw = wireRaw
        self.wireEarly = wireEarly
        self.compute = compute
        self.pack = pack
        self.wait = wait
        self.update = update
        self.clamped = clamped
        self.repeats = repeats
        self.workers = workers
        self.view = view
        self.chain = chain
    }
}

/// What `metrics.jsonl` says of one epoch: figures of the validation images.
public struct EpochMetrics: Sendable, Equatable {
    /// From 1.
    public var epoch: Int
    /// Reconstruction cost of an image, mean over the validation images.
    public var reconstruction: Double
    public var codeMean: Double
    public var codeStd: Double
    /// Share of the prior's cells that the codes leave empty (paper.md section 5).
    public var holes: Double?
    /// The share that as many samples of the prior leave empty.
    public var holesZero: Double?
    /// Between codes and prior samples, 2,000 of each.
    public var energyDistance: Double?
    /// The same between two lots of prior samples.
    public var energyZero: Double?

    public init(
        epoch: Int, reconstruction: Double, codeMean: Double, codeStd: Double, holes: Double? = nil, holesZero: Double? = nil,
        energyDistance: Double? = nil, energyZero: Double? = nil
    ) {
        self.epoch = epoch
        self.reconstruction = reconstruction
        self.codeMean = codeMean
        self.codeStd = codeStd
        self.holes = holes
        self.holesZero = holesZero
        self.energyDistance = energyDistance
        self.energyZero = energyZero
    }
}
