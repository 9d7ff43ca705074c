import Autoencoder
import Kernels
import Layers
import Testing

@Suite struct SlopeTests {
    /// A phase's loss, a mean over its minibatch, and the gradient of that loss, tensor by tensor.
    private func evaluate(_ replica: Replica, _ phase: PhaseDescription) -> (loss: Double, gradient: [Double]) {
        let settings = replica.settings
        // The test wrote to the values directly: a restore makes the replica take note of that.
        do { try replica.restore(replica.state(), applied: replica.applied, chain: replica.chain) } catch { Issue.record(error) }
        let lane = replica.makeLanes(shards: 0..<settings.shards, threads: 1)[0]
        lane.load(step: replica.step, images: images(settings, step: replica.step))
        let sink = PlainSink(tensors: phase.tensors)
        let reports = replica.computeGradients(phase: phase.index, lane: lane, sink: sink)
        var loss = 0.0
        for report in reports {
            for case (.loss, let sum) in zip(phase.figures, report.figures) { loss += sum }
        }
        let rows = Double(settings.minibatchSize(of: phase.stream, ofStep: replica.step))
        return (loss / rows, sink.sum().map { Double($0) / rows })
    }

    /// A tensor's values in the replica's own memory, so that a test can change them.
    private func parameters(_ replica: Replica, _ name: String) throws -> Slice<Float> {
        let found = try #require(replica.state().first { $0.name == name })
        guard case .f32(let values) = found.values else { preconditionFailure("\(name) is no parameter") }
        return values
    }

    @Test(
        "each tensor's gradient is the slope of its phase's loss, in every variant, by either engine", arguments: VariantCase.all,
        ProductEngine.allCases)
    func slopes(example: VariantCase, engine: ProductEngine) throws {
        FloatingPoint.setModes()
        var settings = example.settings
        settings.engine = engine
        let trainer = try LocalTrainer(settings, threads: 1)
        try train(trainer, steps: 2)
        let replica = trainer.replica
        for phase in replica.phases {
            let (_, gradient) = evaluate(replica, phase)
            for tensor in phase.tensors {
                let slope = gradient[tensor.range].reduce(0) { $0 + $1 * $1 }.squareRoot()
                guard slope > 0 else {
                    Issue.record("\(phase.name) \(tensor.name) has no gradient")
                    continue
                }
                let values = try parameters(replica, tensor.name)
                let kept = values.array
                /// The loss after a step of length `way` along the gradient.
                func loss(_ way: Double) -> Double {
                    for (index, part) in gradient[tensor.range].enumerated() {
                        values[index] = Float(Double(kept[index]) + way * part / slope)
                    }
                    return evaluate(replica, phase).loss
                }
                // ReLUs have kinks: the nearest of two distances counts.
                let errors = [2e-3, 5e-4, 1e-4].map { abs((loss($0) - loss(-$0)) / (2 * $0) - slope) / slope }
                values.copy(from: kept)
                #expect(errors.min()! < 0.02 || slope < 1e-4, "\(phase.name) \(tensor.name): slope \(slope), off by \(errors)")
            }
        }
    }
}
