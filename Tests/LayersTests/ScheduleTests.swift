import Glibc
import Layers
import Testing

@Suite struct ScheduleTests {
    @Test("a constant schedule leaves the rate as it is")
    func constant() {
        #expect(Schedule().rate(base: 0.1, epoch: 7_000, fraction: 0.5) == 0.1)
    }

    @Test(
        "a step at 50 acts after epoch 50, and the last rate holds",
        arguments: [
            (1, 0.1), (50, 0.1), (51, 0.01), (1_000, 0.01), (1_001, 0.001), (90_000, 0.001),
        ])
    func steps(epoch: Int, expected: Double) {
        let schedule = Schedule(kind: .steps(at: [50, 1_000], factor: 0.1))
        #expect(abs(schedule.rate(base: 0.1, epoch: epoch, fraction: 0.99) - expected) < 1e-12)
    }

    @Test("half a cosine falls from the end of epoch `from` to the end of epoch `to`")
    func cosine() {
        let schedule = Schedule(kind: .cosine(from: 95, to: 120))
        #expect(schedule.rate(base: 0.2, epoch: 95, fraction: 0.999) == 0.2)
        #expect(schedule.rate(base: 0.2, epoch: 121, fraction: 0) == 0)
        #expect(schedule.rate(base: 0.2, epoch: 500, fraction: 0.3) == 0)
        for (epoch, fraction) in [(96, 0.0), (100, 0.25), (107, 0.5), (108, 0.1), (120, 0.96)] {
            let share = (Double(epoch - 1) + fraction - 95) / 25
            let expected = 0.2 * 0.5 * (1 + cos(.pi * share))
            #expect(abs(schedule.rate(base: 0.2, epoch: epoch, fraction: fraction) - expected) < 1e-14)
        }
    }

    @Test("after a cosine the share that was asked for is held, and no rate before it changes")
    func after() {
        let ending = Schedule(kind: .cosine(from: 2, to: 5))
        let going = Schedule(kind: .cosine(from: 2, to: 5, after: 0.25))
        for epoch in 1...5 {
            for fraction in [0, 0.3, 0.99] {
                #expect(
                    going.rate(base: 0.2, epoch: epoch, fraction: fraction)
                        == ending.rate(base: 0.2, epoch: epoch, fraction: fraction))
            }
        }
        #expect(going.rate(base: 0.2, epoch: 6, fraction: 0) == 0.05 && going.rate(base: 0.2, epoch: 600, fraction: 0.5) == 0.05)
        #expect(
            ending.end == 5 && going.end == nil && Schedule().end == nil && Schedule(kind: .steps(at: [2], factor: 0.1)).end == nil)
    }

    @Test("a warm-up rises linearly over its epochs")
    func warmUp() {
        let schedule = Schedule(kind: .constant, warmUp: 2)
        #expect(schedule.rate(base: 1, epoch: 1, fraction: 0) == 0)
        #expect(schedule.rate(base: 1, epoch: 1, fraction: 0.5) == 0.25)
        #expect(schedule.rate(base: 1, epoch: 2, fraction: 0.5) == 0.75)
        #expect(schedule.rate(base: 1, epoch: 3, fraction: 0) == 1)
    }

    @Test("impossible schedules and optimizers are described")
    func problems() {
        #expect(Schedule(kind: .steps(at: [0], factor: 0.1)).problem?.contains("at has 0") == true)
        #expect(Schedule(kind: .cosine(from: 10, to: 10)).problem?.contains("expected 0 <= from < to") == true)
        #expect(Schedule(kind: .cosine(from: 1, to: 10, after: -1)).problem?.contains("after is -1") == true)
        #expect(Schedule(kind: .constant, warmUp: -1).problem?.contains("warm_up") == true)
        #expect(Schedule(kind: .cosine(from: 1, to: 10), warmUp: 1).problem == nil)
        #expect(OptimizerSettings.sgd(momentum: 1).problem?.contains("momentum is 1") == true)
        #expect(OptimizerSettings.adam(beta1: 0.9, beta2: 0.999, epsilon: 0).problem?.contains("epsilon") == true)
        #expect(OptimizerSettings.adam(beta1: 0.9, beta2: 0.999, epsilon: 1e-21).problem?.contains("expected 1e-20") == true)
        #expect(OptimizerSettings.adam(beta1: 0.9, beta2: 0.999, epsilon: 1e-8).problem == nil)
    }
}
