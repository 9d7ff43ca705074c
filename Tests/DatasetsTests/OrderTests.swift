import Datasets
import Kernels
import Testing

@Suite("Order of the samples") struct OrderTests {
    @Test("an epoch's order is a permutation", arguments: [0, 1, 2, 3, 4, 5, 63, 64, 65, 1_000, 50_000])
    func permutation(count: Int) {
        let order = EpochOrder(seed: 3, epoch: 2, count: count)
        #expect(order.samples.count == count)
        #expect(order.samples.sorted() == (0..<count).map { UInt32($0) })
    }

    @Test("it depends on seed and epoch, all 64 bits of the seed, and on nothing else")
    func pure() {
        func order(_ seed: UInt64, _ epoch: Int) -> [UInt32] { EpochOrder(seed: seed, epoch: epoch, count: 100).samples }
        #expect(order(0, 1) == order(0, 1))
        #expect(Set([order(0, 1), order(0, 2), order(1, 1), order(1 << 32, 1), order(0, 1 << 33)]).count == 5)
    }

    @Test("every permutation of four samples is as likely as another (seeds 0 to 23,999)")
    func uniform() {
        var counts: [[UInt32]: Int] = [:]
        for seed in 0..<24_000 { counts[EpochOrder(seed: UInt64(seed), epoch: 1, count: 4).samples, default: 0] += 1 }
        #expect(counts.count == 24)
        // 1,000 expected each; chi-squared with 23 degrees of freedom is above 60 once in 30,000 draws.
        let chiSquared = counts.values.reduce(0.0) { $0 + Double(($1 - 1_000) * ($1 - 1_000)) / 1_000 }
        #expect(chiSquared < 60)
    }

    @Test(
        "every sample is used exactly once an epoch, the last minibatch being what is left",
        arguments: [
            (10, 3), (10, 10), (10, 100), (1, 1), (100, 7), (128, 64),
        ])
    func onceAnEpoch(count: Int, minibatch: Int) {
        let plan = MinibatchPlan(count: count, minibatch: minibatch, seed: 9)
        #expect(plan.epochs.steps == (count + minibatch - 1) / minibatch)
        var epochs: [[Int]] = []
        for epoch in 0..<3 {
            var seen: [Int] = []
            for step in epoch * plan.epochs.steps..<(epoch + 1) * plan.epochs.steps {
                let place = plan.place(of: UInt64(step))
                let samples = plan.samples(of: UInt64(step))
                #expect(place.epoch == epoch + 1 && place.positions.lowerBound == seen.count && samples.count == place.size)
                seen += samples
                #expect(place.endsEpoch == (seen.count == count))
                #expect(place.size == minibatch || place.endsEpoch)
            }
            #expect(seen.sorted() == Array(0..<count))
            epochs.append(seen)
        }
        if count >= 10 { #expect(epochs[0] != epochs[1] && epochs[1] != epochs[2]) }
    }

    @Test("a plan asked in any order, from many threads, gives the same samples as one asked in turn")
    func anyOrder() async {
        let plan = MinibatchPlan(count: 103, minibatch: 10, seed: 1)
        let inTurn = (0..<44).map { plan.samples(of: UInt64($0)) }
        let shared = MinibatchPlan(count: 103, minibatch: 10, seed: 1)
        await withTaskGroup(of: (Int, [Int]).self) { group in
            for step in [43, 0, 21, 22, 10, 11, 12, 33, 5, 40] { group.addTask { (step, shared.samples(of: UInt64(step))) } }
            for await (step, samples) in group { #expect(samples == inTurn[step]) }
        }
    }
}
