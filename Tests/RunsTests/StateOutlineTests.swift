import Autoencoder
import Kernels
import Runs
import TestSupport
import Testing

/// An incoming state of the run is compared with the outline that such a state must have.
@Suite struct StateOutlineTests {
    private let replica: Replica
    private let outline: StateOutline
    private let configuration = "seed: 1\n"

    init() throws {
        var configuration = Configuration()
        configuration.model.encoder = [4]
        configuration.model.decoder = [4]
        configuration.model.discriminator = [4]
        replica = try Replica(configuration.training(pixels: 16, trainingImages: 100))
        outline = StateOutline(of: replica, configuration: self.configuration)
    }

    private func bytes(_ tensors: [Tensor]? = nil, step: UInt64 = 0, applied: UInt64 = 0, chain: UInt64 = 0) throws -> [UInt8] {
        return try SafetensorsStream(
            tensors ?? replica.state(),
            metadata: [
                "step": "\(step)", "epoch": "0", "applied": "\(applied)", "chain": String(chain, radix: 16),
                "configuration": configuration,
            ]
        ).flatMap { $0 }
    }

    @Test("A replica's own state is one, and no longer than the longest there can be")
    func own() throws {
        let state = try bytes()
        try outline.check(state, step: 0, chain: nil)
        try outline.check(state, step: 0, chain: 0)
        #expect(UInt64(state.count) <= outline.maximumBytes)
        #expect(outline.maximumBytes < UInt64(state.count) + 100_000)
        let phases = UInt64(replica.phases.count)
        try outline.check(try bytes(step: 7, applied: 7 * phases, chain: 5), step: 7, chain: 5)
    }

    @Test("Another step, other sums, a tensor too few, too many or of another shape, and other bytes are none")
    func others() throws {
        let (phases, state) = (UInt64(replica.phases.count), replica.state())
        let odd = Tensor(name: state[0].name, shape: [1], values: .f32(Storage<Float>(count: 1).all))
        let extra = Tensor(name: "zzz", shape: [1], values: .f32(Storage<Float>(count: 1).all))
        let claims: [([UInt8], String)] = [
            (try bytes(step: 6, applied: 6 * phases, chain: 5), "after step 6"),
            (try bytes(step: 7, applied: 7 * phases + 1, chain: 5), "phases"),
            (try bytes(step: 7, applied: 7 * phases, chain: 6), "other sums"),
            (try bytes(Array(state.dropLast()), step: 7, applied: 7 * phases, chain: 5), "tensors where"),
            (try bytes(state + [extra], step: 7, applied: 7 * phases, chain: 5), "no tensor zzz"),
            (try bytes([odd] + state.dropFirst(), step: 7, applied: 7 * phases, chain: 5), "no tensor \(state[0].name)"),
        ]
        for (claim, part) in claims {
            let reason = sentence { try outline.check(claim, step: 7, chain: 5) }
            #expect(reason.contains(part), "\(reason)")
        }
        let whole = try bytes(step: 7, applied: 7 * phases, chain: 5)
        for count in [0, 7, 8, 100, whole.count - 1] {
            #expect(throws: (any Error).self) { try outline.check(Array(whole.prefix(count)), step: 7, chain: 5) }
        }
    }
}
