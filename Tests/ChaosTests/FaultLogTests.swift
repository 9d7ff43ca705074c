import Chaos
import Testing

@Suite("What chaos did to a run")
struct FaultLedgerTests {
    @Test(
        "a run is expected to go on after what breaks it at once, after what only slows it or stops its coordinator when that is over"
    )
    func letsGo() {
        var ledger = FaultLog()
        #expect(ledger.letsGoAt == nil)
        ledger.inflicted(.gradientLost, at: 10, pids: [1, 2], hitsMember: true, goesOnAt: 40)
        ledger.inflicted(.workerStopped, at: 11, pids: [1], hitsMember: true, goesOnAt: 31)
        #expect(ledger.letsGoAt == 11)
        ledger.inflicted(.gradientSlow, at: 12, pids: [1, 2], hitsMember: true, goesOnAt: 33)
        #expect(ledger.letsGoAt == 33)
        ledger.inflicted(.coordinatorStopped, at: 13, pids: [3], hitsMember: true, goesOnAt: 35)
        ledger.inflicted(.worker, at: 36, pids: [1], hitsMember: true, goesOnAt: nil)
        #expect(ledger.letsGoAt == 36)
    }
}
