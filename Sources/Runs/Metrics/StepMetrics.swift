import Autoencoder

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
    public var losses: [Loss]
    /// Learning rates of the step, in the order of the phases; none in lines of versions that did not write them.
    public var rates: [PhaseRate]
    /// Squared error of an image, summed over its pixels, mean over the minibatch; nil where nothing is reconstructed.
    public var pixelError: Double?
    /// Nil where no image is encoded.
    public var code: CodeFigures?
    /// Share of the labelled minibatch that is given another class; nil where there is none.
    public var error: Double?
    public var samplesPerSecond: Double
    /// Bytes sent on gradient links.
    public var wireSent: UInt64
    /// Bytes that fp32 would have taken.
    public var wireRaw: UInt64
    /// Of the bytes sent, those that left before the backward pass of their phase had ended.
    public var wireEarly: UInt64
    /// Milliseconds of the step spent in each, mean over the workers.
    public var compute: Double
    public var pack: Double
    public var wait: Double
    public var update: Double
    /// Milliseconds before it in which workers waited for its images, mean over them; 0 at the first step of a view, and in lines of versions
    /// that did not write it.
    public var images: Double
    /// Gradients that were clamped to the bits they keep; only written when there were any.
    public var clamped: UInt64
    /// Phases that were run again because a maximum outgrew its headroom; only written when there were any.
    public var repeats: Int
    public var workers: Int
    public var view: UInt64
    /// 64-bit hash of the sums so far.
    public var chain: UInt64

    public init(
        step: UInt64, epoch: Int, seconds: Double, losses: [Loss], rates: [PhaseRate] = [], pixelError: Double? = nil,
        code: CodeFigures? = nil, error: Double? = nil, samplesPerSecond: Double, wireSent: UInt64, wireRaw: UInt64,
        wireEarly: UInt64 = 0, compute: Double, pack: Double, wait: Double, update: Double, images: Double = 0, clamped: UInt64 = 0,
        repeats: Int = 0,
        workers: Int, view: UInt64, chain: UInt64
    ) {
        self.step = step
        self.epoch = epoch
        self.seconds = seconds
        self.losses = losses
        self.rates = rates
        self.pixelError = pixelError
        self.code = code
        self.error = error
        self.samplesPerSecond = samplesPerSecond
        self.wireSent = wireSent
        self.wireRaw = wireRaw
        self.wireEarly = wireEarly
        self.compute = compute
        self.pack = pack
        self.wait = wait
        self.update = update
        self.images = images
        self.clamped = clamped
        self.repeats = repeats
        self.workers = workers
        self.view = view
        self.chain = chain
    }
}
