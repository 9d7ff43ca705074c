import Cluster
import Testing

private func running(view: UInt64 = 1, applied: UInt64 = 0) -> WorkerMachine {
    var machine = WorkerMachine()
    _ = machine.handle(.connected)
    _ = machine.handle(.welcome(generation: 1, stateBytes: 0))
    _ = machine.handle(.prepared(applied: applied, phases: 3))
    _ = machine.handle(.view(number: view, applied: applied))
    _ = machine.handle(.linksUp(view: view))
    return machine
}

@Test("a worker greets, prepares, joins a view, and runs what it is given in order")
func worksInOrder() {
    var machine = WorkerMachine()
    #expect(machine.handle(.connected) == [.sayHello])
    #expect(machine.handle(.welcome(generation: 1, stateBytes: 0)) == [.prepare])
    #expect(machine.handle(.prepared(applied: 0, phases: 3)) == [.sayReady])
    #expect(machine.handle(.view(number: 1, applied: 0)) == [.abandonLinks, .dial(view: 1)])
    #expect(machine.handle(.linksUp(view: 1)) == [.sayLinksUp(view: 1)])
    #expect(machine.handle(.batch(step: 0)) == [.run(step: 0)])
    #expect(machine.handle(.snapshotRequest(step: 1)) == [.copyState(step: 1)])
    #expect(machine.handle(.batch(step: 1)) == [.run(step: 1)])
    #expect(machine.handle(.stop(reason: "the run is done", failed: false)) == [.abandonLinks, .exit(.done)])
}

@Test("the state is taken in whole before the replica is prepared")
func stateFirst() {
    var machine = WorkerMachine()
    _ = machine.handle(.connected)
    #expect(machine.handle(.welcome(generation: 1, stateBytes: 10)).isEmpty)
    #expect(machine.handle(.state(offset: 0, count: 6)).isEmpty)
    #expect(machine.handle(.state(offset: 6, count: 4)) == [.prepare])
}

@Test("a piece of state out of its place ends the worker with a sentence", arguments: [(7, 3), (6, 5), (6, 0)])
func stateOutOfPlace(offset: Int, count: Int) {
    var machine = WorkerMachine()
    _ = machine.handle(.connected)
    _ = machine.handle(.welcome(generation: 1, stateBytes: 10))
    _ = machine.handle(.state(offset: 0, count: 6))
    _ = machine.handle(.state(offset: UInt64(offset), count: UInt64(count)))
    #expect(machine.hasEnded)
}

@Test("a newer view replaces an older one, and news of the old one is ignored")
func newerView() {
    var machine = running()
    #expect(machine.handle(.view(number: 2, applied: 0)) == [.abandonLinks, .dial(view: 2)])
    #expect(machine.view == 2)
    #expect(machine.handle(.linksUp(view: 1)).isEmpty)
    #expect(machine.handle(.linkFailed(view: 1, suspect: 0, reason: "old", dialling: false)).isEmpty)
    #expect(machine.handle(.linksUp(view: 2)) == [.sayLinksUp(view: 2)])
}

@Test("a view that does not rise, or begins elsewhere than this replica stands, ends the worker", arguments: [(1, 0), (2, 3)])
func wrongView(number: Int, applied: Int) {
    var machine = running()
    _ = machine.handle(.view(number: UInt64(number), applied: UInt64(applied)))
    #expect(machine.hasEnded)
}

@Test("a batch out of order ends the worker, whatever step it is of", arguments: [1, 7])
func wrongBatch(step: Int) {
    var machine = running()
    let directives = machine.handle(.batch(step: UInt64(step)))
    #expect(directives.contains { if case .sayFarewell = $0 { true } else { false } })
    #expect(machine.hasEnded)
}

@Test("after a broken link the batches still under way are let go by, and a verdict is awaited")
func brokenLink() {
    var machine = running()
    let directives = machine.handle(.linkFailed(view: 1, suspect: 1, reason: "closed", dialling: false))
    #expect(directives == [.abandonLinks, .sayLinkFailed(view: 1, suspect: 1, reason: "closed", dialling: false)])
    #expect(machine.handle(.batch(step: 0)).isEmpty)
    #expect(!machine.hasEnded)
}

@Test("endings have the exit status of the contract, and a sentence where something went wrong")
func endings() {
    let all: [(WorkerEnding, Int32)] = [
        (.done, 0), (.refused("x"), 78), (.runFailed("x"), 1), (.lostCoordinator("x"), 1), (.failed("x"), 1),
    ]
    for (ending, status) in all {
        #expect(ending.exitStatus == status)
        #expect((ending.sentence == nil) == (ending == .done))
    }
}

@Test("a coordinator that falls silent is given up after eight seconds; a worker that was stopped itself judges nobody")
func silentCoordinator() {
    var machine = running()
    _ = machine.handle(.heard(at: .seconds(1)))
    for second in 1...9 { #expect(machine.handle(.tick(at: .seconds(second))).isEmpty) }
    let directives = machine.handle(.tick(at: .seconds(10)))
    #expect(directives.contains { if case .exit(.lostCoordinator) = $0 { true } else { false } })
    var stopped = running()
    _ = stopped.handle(.heard(at: .seconds(1)))
    _ = stopped.handle(.tick(at: .seconds(2)))
    #expect(stopped.handle(.tick(at: .seconds(100))).isEmpty)
}

@Test("whoever closes on a hello is asked whether it is a coordinator at all")
func noCoordinator() {
    var machine = WorkerMachine()
    _ = machine.handle(.connected)
    let directives = machine.handle(.disconnected(reason: "it closed its connection"))
    #expect(directives.contains { if case .exit(.noCoordinator) = $0 { true } else { false } })
}
