import Autoencoder
import Kernels
import Layers
import Testing

/// What follows from a composition without any memory for it: sizes, operations, products.
@Suite struct CompositionTests {
    @Test("A phase names the sums that it tells of each shard, and its reports have as many", arguments: VariantCase.all)
    func figures(example: VariantCase) throws {
        let settings = example.settings
        let replica = try Replica(settings)
        #expect(replica.phases.map(\.name) == settings.phaseNames)
        let lane = replica.makeLanes(shards: 0..<settings.shards, threads: 1)[0]
        lane.load(step: 0, images: images(settings, step: 0))
        FloatingPoint.setModes()
        for phase in replica.phases {
            guard case .loss = phase.figures.first else {
                Issue.record("\(phase.name) has no loss")
                continue
            }
            #expect(Set(phase.figures).count == phase.figures.count)
            let sink = replica.makeSink(phase: phase.index, shards: settings.shards) { _, _ in }
            replica.start(sink, phase: phase.index)
            let reports = replica.computeGradients(phase: phase.index, lane: lane, sink: sink)
            #expect(reports.count == settings.shards && reports.allSatisfy { $0.figures.count == phase.figures.count })
        }
    }

    @Test("Each norm of a phase is exchanged on its way there, and on its way back where something below changes")
    func exchanges() throws {
        func count(_ variant: Variant, _ norm: NormSettings) throws -> [Int] {
            try Replica(smallSettings(variant, minibatch: 6, trainingImages: 12) { $0.norm = norm }).phases.map(\.moments.count)
        }
        // Two hidden layers and the heads; the classification phase has the encoder alone.
        #expect(try count(.clustering, NormSettings(encoder: .batch, heads: .batch)) == [6, 3, 6])
        #expect(try count(.semiSupervised, NormSettings(encoder: .batch, heads: .batch)) == [6, 3, 6, 6])
        #expect(try count(.basic, NormSettings(decoder: .batch)) == [4, 0, 0])
        #expect(try count(.clustering, NormSettings(encoder: .shard, heads: .shard, decoder: .shard)) == [0, 0, 0])
    }

    @Test("The products of a shard are those of every layer, of a discriminator also with twice the rows")
    func products() {
        let settings = smallSettings(hidden: [17], code: 2, pixels: 12, minibatch: 7, shards: 2, trainingImages: 14)
        let products = settings.products.map { "\($0.rows)x\($0.inputs)x\($0.outputs)" }
        let both = [3, 4].flatMap { rows in ["\(rows)x12x17", "\(rows)x17x2", "\(rows)x2x17", "\(rows)x17x12", "\(rows)x17x1"] }
        let twice = [6, 8].flatMap { rows in ["\(rows)x2x17", "\(rows)x17x1"] }
        #expect(Set(products) == Set(both + twice))
    }

    @Test(
        "What a state and its sums come to is what a replica of it has",
        arguments: [OptimizerSettings.sgd(momentum: 0.5), .adam(beta1: 0.9, beta2: 0.999, epsilon: 1e-8)])
    func bytes(optimizer: OptimizerSettings) throws {
        let settings = smallSettings(average: 0.9, optimizer: optimizer)
        let replica = try Replica(settings)
        #expect(settings.sumBytes == replica.phases.reduce(0) { $0 + $1.count } * MemoryLayout<Int32>.size)
        let floats = replica.state().filter { $0.values.type == .f32 }
        #expect(settings.stateBytes == floats.reduce(0) { $0 + $1.values.byteCount })
    }

    @Test(
        "The terms of a VAE's loss are those of the paper's equation 2, and the entropy of an evaluation has the other sign",
        arguments: [PriorSettings.gaussian(std: 2), .mixture(components: 3, radial: 0.7, tangential: 0.5, distance: 1.4)])
    func equationTwo(prior: PriorSettings) throws {
        let settings = smallSettings(.vae, cost: .crossEntropy, prior: prior)
        let trainer = try LocalTrainer(settings, threads: 1)
        let inference = try Inference(settings, tensors: trainer.replica.state())
        let batches = images(settings, step: 0)
        let bytes = batches[.images]!.flatMap(\.images)
        let reading = inference.read(bytes, firstRow: 0)
        let bound = inference.lowerBound(bytes, reading, logits: inference.reconstructedLogits(reading))
        let loss = try trainer.step(batches).losses[0]
        #expect(loss.terms.map(\.name) == ["reconstruction", "negative_entropy", "cross_entropy"])
        #expect(loss.value == loss.terms.reduce(0) { $0 + $1.value })
        let rows = Double(settings.minibatch)
        #expect(abs(loss.terms[1].value + bound.entropy / rows) < 1e-4 && abs(bound.entropy) > 0.1)
        // In closed form it depends on no draw.
        if prior.kind == "gaussian" { #expect(abs(loss.terms[2].value - bound.crossEntropy / rows) < 1e-4) }
    }
}
