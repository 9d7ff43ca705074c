import Autoencoder
import Kernels
import Layers
import Testing

@Suite struct PhaseGradientTests {
    struct Case: Sendable, CustomStringConvertible {
        let name: String
        let settings: TrainingSettings
        var description: String { name }
    }

    static let cases = [
        Case(name: "two hidden layers", settings: smallSettings()),
        Case(name: "one row, empty shards, noise", settings: smallSettings(minibatch: 1, shards: 4, noise: 0.3)),
        Case(name: "no hidden layer, linear", settings: smallSettings(hidden: [], output: .linear, noise: 0.1)),
        Case(
            name: "one hidden layer, cross-entropy, code of 3",
            settings: smallSettings(hidden: [17], code: 3, minibatch: 7, cost: .crossEntropy, noise: 0.3)),
        Case(
            name: "three hidden layers, swiss roll",
            settings: smallSettings(hidden: [17, 9, 3], prior: .swissRoll(thickness: 0.1), optimizer: .sgd(momentum: 0))),
        Case(
            name: "width 1, code of 1, uniform",
            settings: smallSettings(hidden: [3, 1], code: 1, pixels: 1, shards: 1, prior: .uniform(low: -2, high: 2))),
        Case(
            name: "petals, 16 bits",
            settings: smallSettings(
                prior: .mixture(components: 10, radial: 0.5, tangential: 0.1, distance: 1.4), bits: 16)),
    ]

    private func rows(_ values: [Double], _ columns: Int) -> [[Double]] {
        stride(from: 0, to: values.count, by: columns).map { Array(values[$0..<$0 + columns]) }
    }

    @Test("each phase's loss and gradient agree with finite differences of the naive model", arguments: cases)
    func phases(_ example: Case) throws {
        let settings = example.settings
        let trainer = try LocalTrainer(settings, threads: 1)
        try train(trainer, steps: 2)
        let capture = ReplayCapture()
        let step = trainer.replica.step
        try trainer.step(images(settings, step: step), capture: capture)

        var naive = NaiveModel(
            settings: settings, parameters: [:],
            images: rows(capture.bytes("input.images").map { Double($0) / 255 }, settings.pixels),
            noise: rows(capture.floats("noise.input").map(Double.init), settings.pixels),
            prior: rows(capture.floats("prior.code").map(Double.init), settings.model.code))
        #expect(naive.images.count == settings.minibatchSize(ofStep: step))
        for name in trainer.replica.state().map(\.name) where StateNames.isParameter(name) {
            let before = ["reconstruction", "discriminator"].map { capture.floats("phase.\($0).before.\(name)") }
            naive.parameters[name] = before.first { !$0.isEmpty }!.map(Double.init)
        }
        let tolerance = settings.gradientBits >= 24 ? 2e-5 : 2e-3
        for phase in trainer.replica.phases {
            let loss = naive.loss(phase.name)
            #expect(abs(capture.double("phase.\(phase.name).loss") - loss) < 1e-5 * loss, "\(phase.name)")
            for tensor in phase.tensors {
                let found = capture.floats("phase.\(phase.name).gradient.\(tensor.name)")
                let expected = naive.gradient(phase.name, tensor.name)
                #expect(found.count == tensor.count)
                let scale = max(expected.map { abs($0) }.max() ?? 0, 1e-3)
                let worst = zip(found, expected).map { abs(Double($0) - $1) }.max() ?? 0
                #expect(worst < tolerance * scale, "\(phase.name) \(tensor.name): off by \(worst) of \(scale)")
            }
            for tensor in phase.tensors {
                naive.parameters[tensor.name] = capture.floats("phase.\(phase.name).after.\(tensor.name)").map(Double.init)
            }
        }
    }

    @Test("a phase run cold has the bits of one that reuses what the phases before have computed", arguments: VariantCase.all)
    func warmAndCold(example: VariantCase) throws {
        let settings = example.settings
        let trainer = try LocalTrainer(settings, threads: 1)
        try train(trainer, steps: 2)
        let replica = trainer.replica
        let shards = images(settings, step: replica.step)
        func lane() -> Lane {
            let lane = replica.makeLanes(shards: 0..<settings.shards, threads: 1)[0]
            lane.load(step: replica.step, images: shards)
            return lane
        }
        let warm = lane()
        func run(_ phase: Int, _ lane: Lane) -> (sum: [Int32], reports: [ShardReport], statistics: [TensorStatistics]) {
            let sink = replica.makeSink(phase: phase, shards: settings.shards) { _, _ in }
            replica.start(sink, phase: phase)
            let reports = replica.computeGradients(phase: phase, lane: lane, sink: sink)
            return (replica.sum(phase).all.array, reports, sink.statistics)
        }
        FloatingPoint.setModes()
        for phase in replica.phases.indices {
            let cold = run(phase, lane())
            let again = run(phase, warm)
            #expect(cold == again)
            guard case .apply(let change) = replica.decide(phase: phase, statistics: again.statistics) else {
                Issue.record("the third step outgrew its headroom")
                return
            }
            replica.apply(phase: phase, change: change)
        }
        #expect(replica.step == 3)
    }

    @Test("one lane completes tensors in the order the phase announces, and the tensors fill its sum", arguments: VariantCase.all)
    func readyOrder(example: VariantCase) throws {
        let replica = try Replica(example.settings)
        let shards = example.settings.shards
        let lane = replica.makeLanes(shards: 0..<shards, threads: 1)[0]
        lane.load(step: 0, images: images(replica.settings, step: 0))
        FloatingPoint.setModes()
        for phase in replica.phases {
            let order = OrderRecorder()
            let sink = replica.makeSink(phase: phase.index, shards: shards) { tensor, _ in order.append(tensor) }
            replica.start(sink, phase: phase.index)
            _ = replica.computeGradients(phase: phase.index, lane: lane, sink: sink)
            // A layer's bias and weight are delivered shard by shard, so its bias is whole first.
            #expect(order.tensors == phase.readyOrder)
            #expect(phase.tensors.map(\.range.lowerBound) == [0] + phase.tensors.dropLast().map(\.range.upperBound))
            #expect(phase.tensors.last?.range.upperBound == phase.count)
        }
        #expect(replica.phases.map(\.name) == replica.settings.phaseNames)
    }
}
