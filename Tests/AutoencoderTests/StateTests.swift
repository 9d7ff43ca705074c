import Autoencoder
import Kernels
import Layers
import Testing

@Suite struct StateTests {
    static let adam = OptimizerSettings.adam(beta1: 0.9, beta2: 0.999, epsilon: 1e-8)

    private func applyOnePhase(_ trainer: LocalTrainer) throws {
        let replica = trainer.replica
        let phase = replica.phase
        let shards = replica.settings.shards
        let lane = replica.makeLanes(shards: 0..<shards, threads: 1)[0]
        lane.load(step: replica.step, images: images(replica.settings, step: replica.step))
        let sink = replica.makeSink(phase: phase, shards: shards) { _, _ in }
        replica.start(sink, phase: phase)
        FloatingPoint.setModes()
        _ = replica.computeGradients(phase: phase, lane: lane, sink: sink)
        guard case .apply(let change) = replica.decide(phase: phase, statistics: sink.statistics) else {
            Issue.record("the phase was to be applied")
            return
        }
        replica.apply(phase: phase, change: change)
    }

    @Test(
        "a state restored in the middle of a step goes on bit for bit", arguments: [0, 1, 2],
        [
            OptimizerSettings.sgd(momentum: 0.9), adam,
        ])
    func roundTrip(phases: Int, optimizer: OptimizerSettings) throws {
        let settings = smallSettings(average: 0.9, optimizer: optimizer, rate: 0.01)
        let original = try LocalTrainer(settings, threads: 1)
        try train(original, steps: 3)
        for _ in 0..<phases { try applyOnePhase(original) }
        let snapshot = original.replica.snapshot()
        #expect(snapshot.applied == UInt64(9 + phases))

        let copy = try LocalTrainer(settings, threads: 1)
        try train(copy, steps: 1)
        try copy.replica.restore(snapshot.tensors.reversed(), applied: snapshot.applied, chain: snapshot.chain)
        #expect(copy.replica.digest(full: true) == original.replica.digest(full: true))
        try train(original, steps: 3)
        try train(copy, steps: 3)
        #expect(copy.replica.digest(full: true) == original.replica.digest(full: true))
        #expect(copy.replica.chain == original.replica.chain)
        #expect(StateDigest.full(of: snapshot.tensors, step: 3, epoch: 1) != copy.replica.digest(full: true))
    }

    @Test("a member one phase behind applies the sum of another and is level")
    func heldSum() throws {
        let settings = smallSettings()
        let ahead = try LocalTrainer(settings, threads: 1)
        let behind = try LocalTrainer(settings, threads: 1)
        try train(ahead, steps: 2)
        try train(behind, steps: 2)
        try applyOnePhase(ahead)
        let change = try #require(ahead.replica.lastChange(0))
        behind.replica.sum(0).all.copy(from: ahead.replica.lastSum(0).all)
        FloatingPoint.setModes()
        behind.replica.apply(phase: 0, change: change)
        #expect(behind.replica.digest(full: true) == ahead.replica.digest(full: true))
        #expect(behind.replica.chain == ahead.replica.chain)
    }

    @Test("a step's only phase hands out the sum that it applied, while its next run is summed")
    func onlyPhase() throws {
        var settings = smallSettings()
        settings.variant = .vae
        settings.parts = Variant.vae.usualParts
        settings.phases = settings.phases.filter { $0.key == "reconstruction" }
        let ahead = try LocalTrainer(settings, threads: 1)
        let behind = try LocalTrainer(settings, threads: 1)
        try train(ahead, steps: 2)
        try train(behind, steps: 1)
        let change = try #require(ahead.replica.lastChange(0))
        ahead.replica.sum(0).all.fill(7)
        behind.replica.sum(0).all.copy(from: ahead.replica.lastSum(0).all)
        FloatingPoint.setModes()
        behind.replica.apply(phase: 0, change: change)
        #expect(behind.replica.digest(full: true) == ahead.replica.digest(full: true))
        #expect(behind.replica.chain == ahead.replica.chain)
    }

    @Test("a state that does not fit is refused and changes nothing")
    func refused() throws {
        let replica = try Replica(smallSettings())
        let before = replica.digest(full: true)
        let other = try Replica(smallSettings(hidden: [17, 4])).snapshot()
        let mine = try Replica(smallSettings()).snapshot()
        #expect(throws: StateError.self) { try replica.restore(other.tensors, applied: 3, chain: 0) }
        let missing = #expect(throws: StateError.self) {
            try replica.restore(Array(mine.tensors.dropFirst()), applied: 3, chain: 0)
        }
        #expect(missing?.description.contains("decoder.0.bias is missing") == true)
        let unknown = Tensor(name: "encoder.9.bias", shape: [1], values: .f32(Slice([1])))
        #expect(throws: StateError.self) { try replica.restore(mine.tensors + [unknown], applied: 3, chain: 0) }
        #expect(replica.digest(full: true) == before)
        #expect(replica.applied == 0)
    }

    @Test("the state lists every tensor under the contract's names, in order")
    func names() throws {
        var settings = smallSettings(hidden: [3], average: 0.5)
        settings.phases["generator"]!.optimizer = Self.adam
        let names = try Replica(settings).state().map(\.name)
        #expect(names == names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
        for name in [
            "average.discriminator.code.0.weight", "decoder.1.bias", "discriminator.code.0.weight", "encoder.0.weight",
            "exact.generator.exponents", "optimizer.generator.beta_powers", "optimizer.generator.first.encoder.1.weight",
            "optimizer.generator.second.encoder.0.bias", "optimizer.reconstruction.momentum.decoder.0.weight",
            "optimizer.discriminator.momentum.discriminator.code.1.bias",
        ] {
            #expect(names.contains(name), "\(name)")
        }
        #expect(!names.contains("optimizer.reconstruction.beta_powers"))
    }

    @Test("digests have the bytes of the contract")
    func digest() {
        let tensors = [
            Tensor(name: "optimizer.generator.beta_powers", shape: [2], values: .f64(Slice([0.9, 0.999]))),
            Tensor(name: "encoder.0.weight", shape: [2, 1], values: .f32(Slice([1, 2]))),
            Tensor(name: "exact.reconstruction.exponents", shape: [1], values: .i32(Slice([-3]))),
            Tensor(name: "decoder.0.bias", shape: [2], values: .f32(Slice([0.5, -1]))),
        ]
        #expect(
            hexDigits(StateDigest.parameters(of: tensors))
                == "8935393757499d0da5d558abb887444e64663211d8439092a6cf05fa6b972626")
        #expect(
            hexDigits(StateDigest.full(of: tensors, step: 7, epoch: 2))
                == "29b8842da2ab4c61c2e557573d48dca3a8e45782e41e44b2fb80bc9277d4575e")
        var streamed = StateDigest()
        streamed.add(name: "decoder.0.bias", shape: [2], bytes: [0, 0, 0, 0x3F, 0, 0, 0x80, 0xBF])
        streamed.add(tensors[1])
        #expect(streamed.finish() == StateDigest.parameters(of: tensors))
    }
}
