import Kernels
import Layers

/// The reconstruction cost, summed over the pixels and averaged over the minibatch.
public enum Cost: String, Sendable, Hashable, CaseIterable {
    case halfSquaredError = "half-squared-error"
    /// Bernoulli cross-entropy on the logits of a sigmoid output.
    case crossEntropy = "cross-entropy"
}

/// Everything that decides the bits of a run, apart from the images themselves.
public struct TrainingSettings: Sendable, Hashable {
    public var variant: Variant
    public var model: ModelSettings
    public var cost: Cost
    public var prior: PriorSettings
    public var parts: PartSettings
    /// By phase name; exactly those of `phaseNames`.
    public var phases: [String: PhaseSettings]
    /// Decay a step of the averaged weights; 0 = none.
    public var average: Double
    /// Bits a shard's gradient keeps, resolved: `ExactSum.fullBits(shards:)`, 24, 16, 12 or 8.
    public var gradientBits: Int
    /// Rows of the global minibatch.
    public var minibatch: Int
    /// Shards of the global minibatch, for the life of the run.
    public var shards: Int
    public var seed: UInt64
    /// The engine that computes the products.
    public var engine: ProductEngine
    /// Precision of the products' operands in training.
    public var precision: Precision
    /// Values of one image.
    public var pixels: Int
    /// Images of one epoch.
    public var trainingImages: Int
    /// The standardisation of images, applied before encoding and undone after decoding; nil where they stay as they are, 0 to 1.
    public var standardisation: Standardisation?

    /// Standard deviation of the Gaussian noise on the encoder's input, one of the parts.
    public var inputNoise: Double {
        get { parts.inputNoise }
        set { parts.inputNoise = newValue }
    }

    /// Keys whose values are factors other than 0, among those of the prior and of the variant's parts.
    var factorKeys: [String] {
        var (prior, parts) = (prior, parts)
        let keys = FactorKeys()
        do {
            try keys.mapping("prior") { try prior.visit($0) }
            try parts.visit(keys, of: variant)
        } catch { preconditionFailure("a collector refuses nothing") }
        return keys.keys
    }

    /// The phases of a step, in order.
    public var phaseNames: [String] { variant.phaseNames(parts) }

    /// - Parameters:
    ///   - inputNoise: in the place of the parts' own, where it is given.
    ///   - parts: the variant's usual ones, where none are given.
    public init(
        variant: Variant = .basic, model: ModelSettings, cost: Cost, prior: PriorSettings, inputNoise: Double? = nil,
        parts: PartSettings? = nil, phases: [String: PhaseSettings],
        average: Double, gradientBits: Int, minibatch: Int, shards: Int, seed: UInt64, pixels: Int, trainingImages: Int,
        standardisation: Standardisation? = nil, engine: ProductEngine = .portable, precision: Precision = .fp32
    ) {
        self.variant = variant
        self.model = model
        self.cost = cost
        self.prior = prior
        self.parts = parts ?? variant.usualParts
        if let inputNoise { self.parts.inputNoise = inputNoise }
        self.phases = phases
        self.average = average
        self.gradientBits = gradientBits
        self.minibatch = minibatch
        self.shards = shards
        self.seed = seed
        self.engine = engine
        self.precision = precision
        self.pixels = pixels
        self.trainingImages = trainingImages
        self.standardisation = standardisation
    }

    /// What decides the bits of products while it trains.
    public var arithmetic: Arithmetic { Arithmetic(engine, precision) }

    /// Which steps make an epoch.
    public var epochs: Epochs { Epochs(images: trainingImages, minibatch: minibatch) }

    /// The epoch, counted from 1, that a step (counted from 0) belongs to.
    public func epoch(ofStep step: UInt64) -> Int { epochs.epoch(ofStep: step) }

    /// Rows of the minibatch of a step (counted from 0); the last of an epoch may be smaller.
    public func minibatchSize(ofStep step: UInt64) -> Int { epochs.positions(ofStep: step).count }

    /// Rows of a stream's minibatch of a step (counted from 0).
    public func minibatchSize(of stream: Stream, ofStep step: UInt64) -> Int {
        switch stream {
        case .images: minibatchSize(ofStep: step)
        case .labelled: labelledMinibatch
        }
    }

    /// The most rows of a stream's minibatch.
    func mostRows(of stream: Stream) -> Int { stream == .images ? minibatch : labelledMinibatch }

    /// The streams that a step has.
    public var streams: [Stream] { Stream.allCases.filter { mostRows(of: $0) > 0 } }

    /// Rows of the labelled minibatch; 0 where the variant has none.
    public var labelledMinibatch: Int {
        phaseNames.contains(PhaseNames.classification) ? parts.labels?.minibatch ?? 0 : 0
    }

    /// Whether training uses the training images' own labels, beside those of a labelled minibatch.
    public var usesImageLabels: Bool {
        let composition = composition
        return composition.graph.order(for: composition.phases.flatMap(\.terms).flatMap(\.needs)).contains {
            let vertex = composition.graph[$0]
            guard vertex.stream == .images else { return false }
            return switch vertex.operation {
            case .label, .prior(_, _, classes: .some): true
            default: false
            }
        }
    }

    /// A phase's learning rate at a step (counted from 0). The schedule is read at the middle of the step, so that
    /// a warm-up's first step moves.
    public func rate(phase: String, step: UInt64) -> Double {
        guard let settings = phases[phase] else { preconditionFailure("no phase \(phase)") }
        return settings.schedule.rate(base: settings.rate, epoch: epoch(ofStep: step), fraction: epochs.fraction(ofStep: step))
    }

    /// The first step (counted from 0) from which on every phase's rate is 0 for ever, so that nothing is learnt; nil where there is none.
    public var idleStep: UInt64? {
        let steps = phases.keys.map { idleStep(of: $0) }
        return steps.contains(nil) ? nil : steps.compactMap(\.self).max()
    }

    /// The first step (counted from 0) from which on a phase's rate is 0 for ever; nil where there is none.
    public func idleStep(of phase: String) -> UInt64? {
        guard let end = phases[phase]?.schedule.end else { return nil }
        // A step's rate is that of its middle; the product is rounded, so its neighbours are asked too.
        let middle = (end * Double(epochs.steps) - 0.5).rounded(.up)
        guard middle < Self.mostSteps else { return nil }
        let guess = UInt64(max(0, middle))
        return (guess - min(guess, 1)...guess + 1).first { rate(phase: phase, step: $0) == 0 }
    }

    /// The rate of a phase's last step before `last`, where its warm-up still keeps the rate below a hundredth of the phase's own, so that the phase
    /// hardly learns. Nil otherwise.
    public func unreachedRate(of phase: String, before last: UInt64) -> Double? {
        guard last > 0, let settings = phases[phase], settings.schedule.warmUp > 0 else { return nil }
        let done = (Double(last) - 0.5) / Double(epochs.steps)
        guard done < settings.schedule.warmUp / 100 else { return nil }
        return rate(phase: phase, step: last - 1)
    }

    /// No step number is above this.
    private static let mostSteps = 1e15
}

extension TrainingSettings {
    /// The cost with the output's nonlinearity; `validate` has refused the pair that does not exist.
    var reconstructionLoss: ReconstructionLoss {
        switch (cost, model.output) {
        case (.halfSquaredError, .linear): .halfSquaredErrorLinear
        case (.halfSquaredError, .sigmoid): .halfSquaredErrorSigmoid
        case (.crossEntropy, _): .crossEntropySigmoid
        }
    }
}
