import Autoencoder

/// What the losses figure shows of a run: its metrics as curves over the steps.
public struct TrainingCurves: Sendable, Equatable {
    /// What `reconstruction` counts, for one image.
    public var costUnit: String
    /// The cost that is minimised, as the training images give it.
    public var reconstruction: LossCurve
    /// Half the squared error of an image, where the cost is another.
    public var squaredError: LossCurve?
    /// Half the squared error of an image, on held-out images.
    public var heldOut: LossCurve?
    /// The losses of the other phases.
    public var adversaries: [LossCurve]
    /// The learning rate of each phase.
    public var rates: [LossCurve]
    /// Where it can be told.
    public var stepsPerEpoch: Int?

    /// The unit of `squaredError` and `heldOut`.
    public static let squaredUnit = "half squared error an image"

    public init(
        costUnit: String = TrainingCurves.squaredUnit, reconstruction: LossCurve, squaredError: LossCurve? = nil,
        heldOut: LossCurve? = nil, adversaries: [LossCurve] = [], rates: [LossCurve] = [], stepsPerEpoch: Int? = nil
    ) {
        self.costUnit = costUnit
        self.reconstruction = reconstruction
        self.squaredError = squaredError
        self.heldOut = heldOut
        self.adversaries = adversaries
        self.rates = rates
        self.stepsPerEpoch = stepsPerEpoch
    }

    /// The curves of a `metrics.jsonl`.
    ///
    /// An evaluation stands at the last step of its epoch that the file has. What is held out is measured by its squared error whatever the
    /// cost, so it shares a panel with the cost where that is the squared error, and else with the squared error of the training images.
    public init(_ metrics: MetricsReader, cost: Cost) {
        let steps = metrics.steps.map(\.step)
        func loss(_ phase: String, as name: String) -> LossCurve {
            let losses = metrics.losses(phase)
            return LossCurve(name: name, steps: losses.map(\.step), values: losses.map(\.loss))
        }
        let phases = metrics.steps.first?.losses.map(\.phase) ?? []
        let others = phases.filter { $0 != "reconstruction" }
        self.init(
            reconstruction: loss("reconstruction", as: "training"), heldOut: TrainingCurves.heldOut(metrics),
            adversaries: others.map { loss($0, as: $0) },
            rates: phases.map { phase in
                let rates = metrics.steps.compactMap { step in
                    step.rates.first { $0.phase == phase }.map { (step.step, $0.value) }
                }
                return LossCurve(name: phase, steps: rates.map(\.0), values: rates.map(\.1))
            },
            stepsPerEpoch: metrics.steps.first { $0.epoch == 2 && $0.step > 1 }.map { Int($0.step - 1) })
        guard cost != .halfSquaredError else { return }
        costUnit = "cross-entropy of an image, nats"
        squaredError = LossCurve(name: "training", steps: steps, values: metrics.steps.map { $0.pixelError / 2 })
    }

    private static func heldOut(_ metrics: MetricsReader) -> LossCurve? {
        let ends = Dictionary(metrics.steps.map { ($0.epoch, $0.step) }, uniquingKeysWith: { max($0, $1) })
        // An epoch that was evaluated halfway, where a run ended, was evaluated again at its end.
        let newest = Dictionary(metrics.epochs.map { ($0.epoch, $0.reconstruction) }, uniquingKeysWith: { $1 })
        let values = newest.compactMap { epoch, value in ends[epoch].map { (step: $0, value: value) } }.sorted { $0.step < $1.step }
        guard !values.isEmpty else { return nil }
        return LossCurve(name: "held-out", steps: values.map(\.step), values: values.map(\.value))
    }

    /// All curves.
    var all: [LossCurve] { [reconstruction, squaredError, heldOut].compactMap { $0 } + adversaries + rates }
}
