import Autoencoder
import Testing

@Suite struct ShardTests {
    @Test("a ledger totals in order of shard whatever the order of arrival, and a later report replaces an earlier one")
    func ledger() {
        func ledger(_ order: [Int]) -> StepLedger {
            var ledger = StepLedger(smallSettings(code: 2, minibatch: 6, shards: 3), step: 0)
            #expect(!ledger.isComplete)
            ledger.add(ShardReport(shard: 1, phase: 0, rows: 2, figures: [99, 0, 0, 0, 0]))
            for shard in order {
                for phase in 0..<3 {
                    ledger.add(
                        ShardReport(
                            shard: shard, phase: phase, rows: 2,
                            figures: [[0.1, 0.7, 1e-17][shard] * Double(phase + 1)] + (phase == 0 ? [3, 2, 4, 4] : [])))
                }
            }
            #expect(ledger.isComplete)
            return ledger
        }
        let figures = ledger([0, 1, 2]).figures
        #expect(figures == ledger([2, 0, 1]).figures)
        #expect(abs(figures.losses[1] - 1.6 / 6) < 1e-15)
        #expect(figures.pixelError == 1.5)
        #expect(figures.code?.mean == 0.5)
        #expect(abs(figures.code!.std - 0.75.squareRoot()) < 1e-15)
    }
}
