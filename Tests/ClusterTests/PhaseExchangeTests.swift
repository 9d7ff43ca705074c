import Autoencoder
import Cluster
import Collectives
import Kernels
import Layers
import Testing

@Suite struct PhaseExchangeTests {
    @Test(
        "A worker owes nothing from when its part of an exchange is made until it has the others', in every attempt of a phase with norms"
    )
    func waits() throws {
        FloatingPoint.setModes()
        var setting = RandomSetting.fixed(encoder: [9], decoder: [9], discriminator: [5], code: 3, minibatch: 8, shards: 2)
        setting.training.variant = .clustering
        setting.training.parts.norm = NormSettings(encoder: .batch, heads: .batch)
        let replica = try Replica(setting.training)
        let lanes = replica.makeLanes(shards: 0..<2, threads: 1)
        for lane in lanes { lane.load(step: 0, images: setting.images(step: 0)) }
        for phase in replica.phases {
            let plan = BucketPlan(tensorRanges: phase.tensors.map(\.range), readyOrder: phase.readyOrder)
            let exchange = try PhaseExchange(
                replica: replica, phase: phase, plan: plan, lanes: lanes, shards: 2, team: ThreadTeam(threads: 1),
                reducer: SoloReducer())
            var clock = StepClock()
            var told: [String] = []
            let result = try exchange.run(
                clock: &clock, waits: { told.append($0 ? "waits" : "goes on") }, contributed: { _ in told.append("waits") })
            // The first run of a phase only finds its exponents.
            #expect(result.repeats >= 1)
            let attempt = [[String]](repeating: ["waits", "goes on"], count: phase.moments.count).flatMap(\.self) + ["waits"]
            #expect(told == [[String]](repeating: attempt, count: Int(result.repeats) + 1).flatMap(\.self), "\(phase.name)")
        }
    }
}
