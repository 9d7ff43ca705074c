import Autoencoder
import Figures
import Layers

extension TrainingCurves {
    /// The curves of a `metrics.jsonl`.
    ///
    /// An evaluation stands at the last step of its epoch that the file has. Held-out images are measured by their squared error whatever the
    /// cost. Their curve shares a panel with the cost where that is the squared error, and else with the squared error of the training images.
    public init(_ metrics: MetricsReader, cost metric: Cost) {
        let phases = metrics.steps.first?.losses.map(\.name) ?? []
        let adversaries = phases.filter { LossPanel.equilibrium(of: $0, adversaries: 1) != nil }
        let further = TrainingCurves.terms(of: "reconstruction", in: metrics)
        // Where the phase has other terms too, the cost is the term with the phase's name.
        let cost = further.first { $0.name == "reconstruction" } ?? TrainingCurves.whole("reconstruction", in: metrics)
        self.init(
            reconstruction: LossCurve(name: "training", steps: cost.steps, values: cost.values),
            heldOut: TrainingCurves.heldOut(metrics), adversaries: adversaries.map { TrainingCurves.whole($0, in: metrics) },
            eachAdversary: adversaries.flatMap { phase in
                TrainingCurves.terms(of: phase, in: metrics).map {
                    LossCurve(name: "\(phase), \($0.name)", steps: $0.steps, values: $0.values)
                }
            },
            others: further.filter { $0.name != "reconstruction" }
                + phases.filter { $0 != "reconstruction" && !adversaries.contains($0) }.map {
                    TrainingCurves.whole($0, in: metrics)
                },
            rates: phases.map { phase in
                let rates = metrics.steps.compactMap { step in
                    step.rates.first { $0.phase == phase }.map { (step.step, $0.value) }
                }
                return LossCurve(name: phase, steps: rates.map(\.0), values: rates.map(\.1))
            },
            stepsPerEpoch: metrics.steps.first { $0.epoch == 2 && $0.step > 1 }.map { Int($0.step - 1) })
        guard metric != .halfSquaredError else { return }
        costUnit = "cross-entropy of an image, nats"
        let errors = metrics.steps.compactMap { step in step.pixelError.map { (step.step, $0 / 2) } }
        squaredError = LossCurve(name: "training", steps: errors.map(\.0), values: errors.map(\.1))
    }

    /// A phase's loss.
    private static func whole(_ phase: String, in metrics: MetricsReader) -> LossCurve {
        let losses = metrics.losses(phase)
        let terms = terms(of: phase, in: metrics).count
        return LossCurve(name: phase, steps: losses.map(\.step), values: losses.map(\.loss), terms: max(1, terms))
    }

    /// The terms of a phase's loss, by their own names; none where it has one.
    private static func terms(of phase: String, in metrics: MetricsReader) -> [LossCurve] {
        let losses = metrics.steps.compactMap { step in
            step.losses.first { $0.name == phase }.map { (step: step.step, terms: $0.terms) }
        }
        return (losses.first?.terms ?? []).map(\.name).map { name in
            let values = losses.compactMap { loss in loss.terms.first { $0.name == name }.map { (loss.step, $0.value) } }
            return LossCurve(name: name, steps: values.map(\.0), values: values.map(\.1))
        }
    }

    private static func heldOut(_ metrics: MetricsReader) -> LossCurve? {
        let ends = Dictionary(metrics.steps.map { ($0.epoch, $0.step) }, uniquingKeysWith: { max($0, $1) })
        // An epoch that was evaluated halfway, where a run ended, was evaluated again at its end.
        let newest = Dictionary(
            metrics.epochs.compactMap { epoch in epoch.reconstruction.map { (epoch.epoch, $0) } }, uniquingKeysWith: { $1 })
        let values = newest.compactMap { epoch, value in ends[epoch].map { (step: $0, value: value) } }.sorted { $0.step < $1.step }
        guard !values.isEmpty else { return nil }
        return LossCurve(name: "held-out", steps: values.map(\.step), values: values.map(\.value))
    }

    /// All curves.
    var all: [LossCurve] {
        [reconstruction, squaredError, heldOut].compactMap { $0 } + adversaries + eachAdversary + others + rates
    }
}
