import Chaos
import Testing

@Suite("What chaos did to a run")
struct FaultLogTests {
    @Test(
        "a run is expected to go on after what breaks it at once, after what only slows it or stops its coordinator when that is over"
    )
    func letsGo() {
        var log = FaultLog()
        #expect(log.letsGoAt == nil)
        log.inflicted(.gradientLost, at: 10, pids: [1, 2], hitsMember: true, goesOnAt: 40)
        log.inflicted(.workerStopped, at: 11, pids: [1], hitsMember: true, goesOnAt: 31)
        #expect(log.letsGoAt == 11)
        log.inflicted(.gradientSlow, at: 12, pids: [1, 2], hitsMember: true, goesOnAt: 33)
        #expect(log.letsGoAt == 33)
        log.inflicted(.coordinatorStopped, at: 13, pids: [3], hitsMember: true, goesOnAt: 35)
        log.inflicted(.worker, at: 36, pids: [1], hitsMember: true, goesOnAt: nil)
        #expect(log.letsGoAt == 36)
    }
}
