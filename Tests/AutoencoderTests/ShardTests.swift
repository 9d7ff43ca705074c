import Autoencoder
import Testing

@Suite struct ShardTests {
    @Test("losses are added in the order of shards whatever the order of arrival, and a later report replaces an earlier one")
    func order() {
        func totals(_ order: [Int]) -> StepTotals {
            var totals = StepTotals(smallSettings(code: 2, minibatch: 6, shards: 3), step: 0)
            #expect(!totals.isComplete)
            totals.add(ShardReport(shard: 1, phase: 0, rows: 2, figures: [99, 0, 0, 0, 0]))
            for shard in order {
                for phase in 0..<3 {
                    totals.add(
                        ShardReport(
                            shard: shard, phase: phase, rows: 2,
                            figures: [[0.1, 0.7, 1e-17][shard] * Double(phase + 1)] + (phase == 0 ? [3, 2, 4, 4] : [])))
                }
            }
            #expect(totals.isComplete)
            return totals
        }
        // In another step the totals know nothing of this one. Step 2, the epoch's last, has one image.
        var next = totals([0, 1, 2])
        next.begin(step: 2)
        #expect(!next.isComplete)
        next.add(ShardReport(shard: 0, phase: 1, rows: 0, figures: [1]))
        #expect(next.figures.losses.map(\.value) == [0, 1, 0] && next.figures.pixelError == 0)
        let figures = totals([0, 1, 2]).figures
        #expect(figures == totals([2, 0, 1]).figures)
        #expect(figures.losses.map(\.name) == ["reconstruction", "discriminator", "generator"])
        #expect(abs(figures.losses[1].value - 1.6 / 6) < 1e-15)
        #expect(figures.pixelError == 1.5)
        #expect(figures.code?.mean == 0.5)
        #expect(abs(figures.code!.std - 0.75.squareRoot()) < 1e-15)
    }

    @Test("a loss is the sum of its terms, and one that has a single term is that term")
    func terms() {
        let settings = smallSettings(.semiSupervised, minibatch: 6, shards: 2)
        var totals = StepTotals(settings, step: 0)
        for shard in 0..<2 {
            for (phase, figures) in [[4, 2, 1, 1, 1], [3, 1.5], [6, 12], [7, 1]].enumerated() {
                totals.add(ShardReport(shard: shard, phase: phase, rows: 3, figures: figures))
            }
        }
        let losses = totals.figures.losses
        #expect(losses[0] == Loss(name: "reconstruction", value: 4.0 / 3))
        #expect(losses[1].terms == [Loss(name: "label", value: 1), Loss(name: "style", value: 0.5)])
        #expect(losses.map(\.value) == [4.0 / 3, 1.5, 6, 2] && losses[3].terms.isEmpty)
        #expect(totals.figures.error == 2.0 / 7)
    }
}
