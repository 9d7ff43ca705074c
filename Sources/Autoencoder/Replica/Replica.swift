import Kernels
import Layers

/// A full copy of a run's state and the arithmetic of its steps (design sections 4 and 5).
///
/// It does no networking: lanes compute gradients into a sink, the caller reduces the phase's sum over the members, and the replica decides and
/// applies. One thread at a time may change it, and none while lanes compute.
public final class Replica: @unchecked Sendable {
    public let settings: TrainingSettings
    public let phases: [PhaseDescription]
    /// Phases applied since the start of the run.
    public internal(set) var applied: UInt64 = 0
    /// Hash of the sums of all phases applied so far.
    public internal(set) var chain: UInt64 = 0

    let model: Model
    let states: [PhaseState]
    /// Averaged parameters, one buffer a network in the order of `model.networks`; empty where there is no average.
    let averages: [Storage<Float>]
    /// Counts the changes of each network's parameters, so that lanes know which of their values still hold.
    var versions: [UInt64]

    /// Draws the initial parameters: a pure function of the settings. Throws `SettingsError`.
    public init(_ settings: TrainingSettings) throws {
        try settings.validate()
        self.settings = settings
        let model = Model(settings.composition, arithmetic: settings.arithmetic)
        model.initialise(settings.model.initialisation, seed: settings.seed)
        self.model = model
        versions = [UInt64](repeating: 0, count: model.networks.count)
        states = model.composition.phases.enumerated().map { index, phase in
            PhaseState(index, of: model, optimizer: settings.phases[phase.name]!.optimizer)
        }
        phases = states.map(\.description)
        averages =
            settings.average == 0
            ? []
            : model.networks.map { network in
                let average = Storage<Float>(count: network.layout.count)
                average.all.copy(from: network.parameters.all)
                return average
            }
    }

    /// Whole steps done; also the number, counted from 0, of the step under way.
    public var step: UInt64 { applied / UInt64(phases.count) }

    /// Index of the next phase to apply.
    public var phase: Int { Int(applied % UInt64(phases.count)) }

    /// Rows of the minibatch that a phase of the step under way runs on.
    public func minibatch(ofPhase phase: Int) -> Int { settings.minibatchSize(of: phases[phase].stream, ofStep: step) }

    /// Where a phase's next run is summed.
    public func sum(_ phase: Int) -> Storage<Int32> { states[phase].sum }

    /// The sum that a phase was applied with last, kept until its next run is complete at every member.
    public func lastSum(_ phase: Int) -> Storage<Int32> { states[phase].lastSum }

    /// The exponents that the phase's next run is summed with.
    public func exponents(_ phase: Int) -> [Int32] { states[phase].exponents.all.array }

    /// Which tensors of a phase have no exponent yet; empty where all have one.
    public func tensorsWithoutExponent(_ phase: Int) -> [Bool] {
        let exponents = states[phase].exponents.all
        for index in 0..<exponents.count where exponents[index] == ExactRule.none {
            return exponents.array.map { $0 == ExactRule.none }
        }
        return []
    }

    /// The exponents that go with the sum held of a phase; nil before it was first applied by this replica.
    ///
    /// A member that is one phase behind copies the sum into its own and applies it with these.
    public func lastChange(_ phase: Int) -> ExponentChange? { states[phase].lastChange }

    /// True when `lastSum` holds the phase applied last, and `lastChange` goes with it: it can be handed to a member one phase
    /// behind.
    public var holdsLastSum: Bool {
        guard applied > 0 else { return false }
        return lastChange(Int((applied - 1) % UInt64(phases.count))) != nil
    }

    /// Divides this worker's shards over lanes, contiguously, and its threads among these; no more lanes than shards.
    public func makeLanes(shards: Range<Int>, threads: Int) -> [Lane] {
        precondition(threads >= 1 && shards.lowerBound >= 0 && shards.upperBound <= settings.shards)
        let count = min(threads, shards.count)
        return (0..<count).map { lane in
            let part = ShardGeometry.owned(by: lane, of: count, shards: shards.count)
            return Lane(
                shards: shards.lowerBound + part.lowerBound..<shards.lowerBound + part.upperBound,
                threads: settings.threads(ofLane: lane, of: count, threads: threads), settings: settings, model: model)
        }
    }

    /// A sink for runs of a phase; `start` gives it the phase's sum buffer and current exponents.
    ///
    /// - Parameter shards: how many shards this worker owns.
    public func makeSink(phase: Int, shards: Int, onComplete: @escaping ExactSink.Completion) -> ExactSink {
        ExactSink(
            tensors: phases[phase].tensors, bits: settings.gradientBits, shards: shards, onComplete: onComplete)
    }

    /// Begins a run of a phase of this step with a sink.
    public func start(_ sink: ExactSink, phase: Int) {
        sink.start(
            into: sum(phase), exponents: exponents(phase),
            rounding: settings.gradientBits < ExactSum.stochasticBits
                ? StochasticRounding(seed: settings.seed, step: step, phase: phase) : nil)
    }
}
