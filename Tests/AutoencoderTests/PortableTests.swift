import Autoencoder
import Kernels
import Testing

/// Weights by portable products depend on settings and images alone: their digests are recorded here.
@Suite struct PortableTests {
    /// Digests of the parameters after five steps, the same on any CPU.
    static let golden = [
        ("basic", "9ca793b32c52a0e17bf7571128c43e7c501f3a89669bce8ae7551ba8b36068e3"),
        ("semi-supervised, batch norm, dropout and noises", "9d196b46cdf9c57455a02ff6640101e2c3db45864968cc5923a460e36adab1d3"),
        ("clustering, batch norm everywhere", "738f9392cc54a091acfe6ba54778bddf671039b2312d4feb230ea7a0f2762c8e"),
    ]

    private static func settings(_ variant: String, _ precision: Precision = .fp32) throws -> TrainingSettings {
        var settings = try #require(VariantCase.all.first { $0.description == variant }?.settings)
        (settings.engine, settings.precision) = (.portable, precision)
        return settings
    }

    /// The same in bf16.
    static let goldenBF16 = [
        ("basic", "7b1ef35f626533bf4771f4726ce2a986a7fc021cb4f65f6ae1f2fc7bc9e58eee"),
        ("semi-supervised, batch norm, dropout and noises", "2a4a3d23f0380de668a2d21e89b432a2c172a6609ed31ba014da290dfc9f3f16"),
        ("clustering, batch norm everywhere", "cd0c9c657848d189a7601925c2c45bd1040d83fdc98ed4e2fe51f04fe76ad63b"),
    ]

    @Test("a short run comes to the digest that is written here, whatever the CPU", arguments: golden)
    func digests(variant: String, digest: String) throws { try holds(variant, .fp32, digest) }

    @Test("and so it does in bf16", arguments: goldenBF16)
    func digestsBF16(variant: String, digest: String) throws { try holds(variant, .bf16, digest) }

    @Test("this machine comes to the digests of the reference runs, and says so only if it does", arguments: ReferenceRun.all)
    func reference(run: ReferenceRun) throws {
        let digest = try run.digestHere()
        #expect(digest == run.digest, "\(digest) at \(InstructionLevel.current)")
        #expect(try run.holdsHere())
        #expect(Set(ReferenceRun.all.map(\.digest)).count == Precision.allCases.count)
    }

    private func holds(_ variant: String, _ precision: Precision, _ digest: String) throws {
        let trainer = try LocalTrainer(Self.settings(variant, precision), threads: 2)
        try train(trainer, steps: 5)
        #expect(hexDigits(trainer.replica.digest(full: false)) == digest, "\(InstructionLevel.current)")
    }

    @Test("the other engine comes to nearly the same weights", arguments: ["basic", "vae", "reduction"])
    func engines(variant: String) throws {
        func values(_ engine: ProductEngine) throws -> [Double] {
            var settings = try Self.settings(variant)
            settings.engine = engine
            let trainer = try LocalTrainer(settings, threads: 1)
            try train(trainer, steps: 1)
            return trainer.replica.state().flatMap { tensor -> [Double] in
                if case .f32(let values) = tensor.values { values.array.map { Double($0) } } else { [] }
            }
        }
        let (portable, library) = (try values(.portable), try values(.openblas))
        let apart = zip(portable, library).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
        let size = library.reduce(0) { $0 + $1 * $1 }.squareRoot()
        #expect(apart < 1e-5 * size, "\(apart) of \(size)")
    }

    @Test("a state that another replica takes over computes on as its origin")
    func restored() throws {
        let settings = try Self.settings("clustering, batch norm everywhere")
        let (one, other) = (try LocalTrainer(settings, threads: 1), try LocalTrainer(settings, threads: 1))
        try train(one, steps: 2)
        let state = one.replica.snapshot()
        try other.replica.restore(state.tensors, applied: state.applied, chain: state.chain)
        for trainer in [one, other] { try train(trainer, steps: 2) }
        #expect(one.replica.digest(full: true) == other.replica.digest(full: true))
    }
}
