import Autoencoder
import Kernels
import Layers
import Testing

@Suite struct UpdateTests {
    /// Runs some steps and follows one tensor's parameters in double precision.
    private func follow(
        _ settings: TrainingSettings, steps: Int, phase: String, tensor: String,
        rule: (_ parameters: inout [Double], _ gradient: [Double], _ step: Int) -> Void
    ) throws {
        let trainer = try LocalTrainer(settings, threads: 1)
        var expected: [Double] = []
        for step in 0..<steps {
            let capture = ReplayCapture()
            try trainer.step(images(settings, step: UInt64(step)), capture: capture)
            if step == 0 { expected = capture.floats("phase.\(phase).before.\(tensor)").map(Double.init) }
            rule(&expected, capture.floats("phase.\(phase).gradient.\(tensor)").map(Double.init), step)
            let found = capture.floats("phase.\(phase).after.\(tensor)")
            for (a, b) in zip(found, expected) {
                #expect(abs(Double(a) - b) < 2e-6 * max(1, abs(b)) * Double(step + 1), "step \(step)")
            }
        }
    }

    @Test("momentum is v ← μv + g, w ← w − ηv, with the schedule's rate")
    func momentum() throws {
        var settings = smallSettings(trainingImages: 10, optimizer: .sgd(momentum: 0.9), rate: 0.1)
        settings.phases["discriminator"]!.schedule = Schedule(kind: .steps(at: [1], factor: 0.1))
        var velocity: [Double] = []
        try follow(settings, steps: 6, phase: "discriminator", tensor: "discriminator.code.0.weight") { w, g, step in
            velocity = velocity.isEmpty ? g : zip(velocity, g).map { 0.9 * $0 + $1 }
            let rate = step < 2 ? 0.1 : 0.01
            w = zip(w, velocity).map { $0 - rate * $1 }
        }
    }

    @Test("Adam corrects its bias by running products")
    func adam() throws {
        let settings = smallSettings(optimizer: .adam(beta1: 0.9, beta2: 0.999, epsilon: 1e-6), rate: 0.01)
        var (first, second): ([Double], [Double]) = ([], [])
        var powers = (1.0, 1.0)
        try follow(settings, steps: 6, phase: "discriminator", tensor: "discriminator.code.1.weight") { w, g, _ in
            if first.isEmpty { (first, second) = (g.map { _ in 0 }, g.map { _ in 0 }) }
            powers = (powers.0 * 0.9, powers.1 * 0.999)
            for i in g.indices {
                first[i] = 0.9 * first[i] + 0.1 * g[i]
                second[i] = 0.999 * second[i] + 0.001 * g[i] * g[i]
                w[i] -= 0.01 * (first[i] / (1 - powers.0)) / ((second[i] / (1 - powers.1)).squareRoot() + 1e-6)
            }
        }
    }

    @Test("averaged weights move once a step, after its last phase")
    func average() throws {
        let trainer = try LocalTrainer(smallSettings(average: 0.75), threads: 1)
        func values(_ name: String) -> [Float] {
            guard case .f32(let values)? = trainer.replica.state().first(where: { $0.name == name })?.values else { return [] }
            return values.array
        }
        var expected = values("encoder.0.weight").map(Double.init)
        #expect(values("average.encoder.0.weight") == values("encoder.0.weight"))
        for _ in 0..<4 {
            try train(trainer, steps: 1)
            expected = zip(expected, values("encoder.0.weight")).map { 0.75 * $0 + 0.25 * Double($1) }
            for (a, b) in zip(values("average.encoder.0.weight"), expected) { #expect(abs(Double(a) - b) < 1e-6) }
        }
    }

    @Test("training lowers the reconstruction error")
    func learns() throws {
        var settings = smallSettings(minibatch: 13, optimizer: .sgd(momentum: 0.9), rate: 0.02)
        settings.phases["generator"]!.rate = 0.001
        let trainer = try LocalTrainer(settings, threads: 1)
        let shards = images(settings, step: 0)
        let first = try trainer.step(shards).pixelError!
        var last = first
        for _ in 0..<300 { last = try trainer.step(shards).pixelError! }
        #expect(last < 0.7 * first)
    }
}
