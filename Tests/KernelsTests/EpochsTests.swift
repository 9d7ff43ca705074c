import Kernels
import Testing

@Suite struct EpochsTests {
    @Test(
        "an epoch uses each image once, and its steps follow on each other",
        arguments: [1, 2, 99, 100, 101, 250], [1, 7, 100, 300])
    func positions(images: Int, minibatch: Int) {
        let epochs = Epochs(images: images, minibatch: minibatch)
        #expect(epochs.steps == (images + minibatch - 1) / minibatch)
        for epoch in 1...3 {
            var used = 0
            for step in UInt64((epoch - 1) * epochs.steps)..<UInt64(epoch * epochs.steps) {
                let positions = epochs.positions(ofStep: step)
                #expect(epochs.epoch(ofStep: step) == epoch && epochs.begun(after: step + 1) == epoch)
                #expect(positions.lowerBound == used && (1...minibatch).contains(positions.count))
                used = positions.upperBound
                #expect(epochs.areWhole(after: step + 1) == (used == images))
                #expect(epochs.done(after: step + 1) == UInt64(used == images ? epoch : epoch - 1))
            }
            #expect(used == images)
        }
    }

    @Test("a step's middle lies within its epoch")
    func fractions() {
        let epochs = Epochs(images: 13, minibatch: 5)
        let expected: [Double] = [0.5 / 3, 1.5 / 3, 2.5 / 3, 0.5 / 3]
        for (step, fraction) in expected.enumerated() { #expect(epochs.fraction(ofStep: UInt64(step)) == fraction) }
    }

    @Test("before the first step no epoch has begun; an epoch known by its steps alone has as many")
    func ends() {
        #expect(Epochs(images: 5, minibatch: 5).begun(after: 0) == 0 && Epochs(images: 5, minibatch: 5).areWhole(after: 0))
        #expect(Epochs(steps: 7).steps == 7 && Epochs(steps: 7).epoch(ofStep: 7) == 2)
        #expect(Epochs(images: 0, minibatch: 5).steps == 1)
        #expect(Epochs(images: .max, minibatch: 2).steps == 1 << 62)
    }
}
