import Autoencoder
import Kernels
import Layers
import Testing

@Suite struct SameBitsTests {
    static let settings =
        [
            smallSettings(),
            smallSettings(
                minibatch: 10, shards: 4, prior: .mixture(components: 5, radial: 0.5, tangential: 0.1, distance: 1.4),
                noise: 0.3, average: 0.9, bits: 24, optimizer: .adam(beta1: 0.9, beta2: 0.999, epsilon: 1e-8), rate: 0.003),
            smallSettings(hidden: [130], code: 8, pixels: 100, minibatch: 36, shards: 12, trainingImages: 100, bits: 16),
        ] + VariantCase.all.map(\.settings)

    @Test("threads and lanes do not change a bit of the state", arguments: settings, ProductEngine.allCases)
    func layouts(_ settings: TrainingSettings, engine: ProductEngine) throws {
        var settings = settings
        settings.engine = engine
        func run(threads: Int, lanes: Int) throws -> String {
            let trainer = try LocalTrainer(settings, threads: threads, lanes: lanes)
            let figures = try train(trainer, steps: 7)
            return "\(hexDigits(trainer.replica.digest(full: true))) \(trainer.replica.chain) \(figures)"
        }
        let expected = try run(threads: 1, lanes: settings.shards)
        // With 27 threads, several share the products of each lane.
        for (threads, lanes) in [(1, 1), (1, 3), (2, 2), (3, 2), (2, 12), (1, 27)] {
            #expect(try run(threads: threads, lanes: lanes) == expected, "\(threads) threads, \(lanes) lanes")
        }
    }

    @Test("another seed, minibatch or shard count changes the digest")
    func sensitive() throws {
        var digests: Set<[UInt8]> = []
        for change in 0..<4 {
            var settings = smallSettings()
            switch change {
            case 1: settings.seed = 43
            case 2: settings.minibatch = 6
            case 3: settings.shards = 2
            default: break
            }
            settings.gradientBits = ExactSum.fullBits(shards: settings.shards)
            let trainer = try LocalTrainer(settings, threads: 1)
            try train(trainer, steps: 2)
            digests.insert(trainer.replica.digest(full: false))
        }
        #expect(digests.count == 4)
    }

    @Test("a phase that outgrew its headroom is run again, and ends as if its exponents had fitted")
    func headroom() throws {
        let settings = smallSettings()
        let fitting = try LocalTrainer(settings, threads: 1)
        let outgrown = try LocalTrainer(settings, threads: 1)
        let phases = outgrown.replica.phases
        for phase in phases {
            outgrown.replica.retry(phase: phase.index, exponents: phase.tensors.map { _ in -60 })
        }
        try train(fitting, steps: 1)
        try train(outgrown, steps: 1)
        #expect(fitting.retries == 3)
        #expect(outgrown.retries == 3)
        #expect(outgrown.replica.digest(full: true) == fitting.replica.digest(full: true))
        #expect(outgrown.replica.chain == fitting.replica.chain)
        try train(fitting, steps: 3)
        #expect(fitting.retries <= 4)
    }

    @Test("a gradient that is not finite stops and names step, phase, tensor and shard")
    func notFinite() throws {
        let trainer = try LocalTrainer(smallSettings(), threads: 1)
        try train(trainer, steps: 1)
        guard case .f32(let bias)? = trainer.replica.state().first(where: { $0.name == "decoder.2.bias" })?.values else {
            Issue.record("no such tensor")
            return
        }
        bias[0] = .nan
        let before = trainer.replica.applied
        let failure = #expect(throws: NonFiniteGradient.self) { try train(trainer, steps: 1) }
        #expect(failure?.step == 1)
        #expect(failure?.phase == "reconstruction")
        #expect(failure?.shard == 0)
        #expect(failure?.description.contains("step 2, reconstruction phase") == true)
        #expect(trainer.replica.applied == before)
    }
}
