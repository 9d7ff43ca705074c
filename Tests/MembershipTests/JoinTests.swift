import Membership
import Testing

/// Newcomers come in at a boundary, with a member's state.
@Suite struct JoinTests {
    /// A run of two at the boundary after step 4, where a third waits to come in and everybody has said where it stands.
    private func atBoundary() -> (bench: Bench, relayed: [CoordinatorDirective]) {
        var bench = Bench(plan(last: 20))
        _ = bench.run(2)
        #expect(bench.greet(3).batches.isEmpty)
        let trained = bench.train([1, 2], steps: 1...4)
        #expect(trained.batches.isEmpty)
        #expect(trained.halted == [1, 2])
        let relayed = bench.stand(1, 12) + bench.stand(2, 12)
        return (bench, relayed)
    }

    @Test("no batch goes beyond the boundary; the lowest member streams its state there; equal digests make the view")
    func joins() {
        var (bench, relayed) = atBoundary()
        #expect(relayed.states == [StateRelay(from: 1, to: [3], step: 4)])
        #expect(bench.stand(1, 12, digest: [5]).views.isEmpty)
        let formed = bench.stand(3, 12, holdsSum: false, digest: [5])
        #expect(formed.members == [1, 2, 3] && formed.views.first?.applied == 12)
        #expect(formed.notes.contains(.join(worker: 3, host: "host3", pid: 103, step: 4)))
        #expect(bench.link([1, 2, 3]).batches == [4, 5, 6, 7])
        #expect(bench.train([1, 2, 3], steps: 5...5).done == [4])
    }

    @Test("a newcomer whose state has another digest is turned away, and the others go on without it")
    func wrongDigest() throws {
        var (bench, _) = atBoundary()
        _ = bench.stand(1, 12, digest: [5])
        let refusal = try #require(bench.stand(3, 12, digest: [6]).refusals.first)
        #expect(refusal.contains("worker 1") && refusal.contains("lockstep doctor"), "\(refusal)")
        #expect(bench.send(.tick).members == [1, 2])
        #expect(bench.die(3).isEmpty)
    }

    @Test("a newcomer that moves nothing of a state that is on its way stands by; the members wait no longer")
    func silent() {
        var (bench, _) = atBoundary()
        _ = bench.send(.relaying(order: bench.order(of: 3), from: id(1), total: 1_000_000))
        _ = bench.stand(1, 12, digest: [5])
        #expect(bench.pass(.seconds(2), idle: [1, 2, 3]).halted.isEmpty)
        let directives = bench.pass(.milliseconds(250), idle: [1, 2, 3])
        #expect(directives.halted == [3] && directives.members == [1, 2] && directives.deaths.isEmpty)
    }

    @Test("a newcomer that receives slowly is not dropped; past ten seconds the run waits for it no longer")
    func slow() {
        var (bench, _) = atBoundary()
        _ = bench.send(.relaying(order: bench.order(of: 3), from: id(1), total: 1_000_000))
        _ = bench.stand(1, 12, digest: [5])
        var waited: [CoordinatorDirective] = []
        for second in 1...9 as ClosedRange<UInt64> {
            // It would take nine seconds, and then the last piece does not come.
            waited += bench.send(.heartbeat(id(3), Beat(work: second, applied: 0, contributed: 0, moved: 110_000 * second)))
            waited += bench.pass(.seconds(1), idle: [1, 2])
        }
        #expect(waited.deaths.isEmpty && waited.halted.isEmpty, "\(waited.words)")
        let given = bench.pass(.seconds(2), idle: [1, 2])
        #expect(given.deaths.isEmpty && given.halted.contains(3) && given.words.contains("stands by"), "\(given.words)")
    }

    @Test("the source dies: the newcomer is asked where it stands, and the next member streams")
    func sourceDies() {
        var (bench, _) = atBoundary()
        #expect(bench.die(1).halted == [3])
        #expect(bench.stand(3, .fresh(digest: [])).states == [StateRelay(from: 2, to: [3], step: 4)])
        _ = bench.stand(2, 12, digest: [5])
        #expect(bench.stand(3, 12, digest: [5]).members == [2, 3])
    }

    @Test("the source dies when the newcomer has all of the state: nothing is streamed again")
    func sourceDiesLate() {
        var (bench, _) = atBoundary()
        #expect(bench.die(1).halted == [3])
        #expect(bench.stand(3, 12).members == [2, 3])
    }

    @Test("the newcomer dies: the source says where it stands, and the members go on")
    func receiverDies() {
        var (bench, _) = atBoundary()
        #expect(bench.die(3).halted == [1])
        #expect(bench.stand(1, 12).members == [1, 2])
    }

    @Test("source, newcomer and the rest die during the transfer: the run waits for others")
    func allDie() {
        var (bench, _) = atBoundary()
        #expect(bench.die(1).views.isEmpty)
        #expect(bench.die(3).members == [2])
        #expect(bench.die(2).words.contains("no worker is left"))
        #expect(bench.greet(4).views.isEmpty)
        #expect(bench.pass(.seconds(1), idle: [4]).restarts == [.restart(from: 4, to: 0)])
    }

    @Test("a second newcomer that comes during the transfer gets the state after it, and both come in together")
    func oneMore() {
        var (bench, _) = atBoundary()
        #expect(bench.greet(4).states.isEmpty)
        _ = bench.stand(1, 12, digest: [5])
        #expect(bench.stand(3, 12, digest: [5]).states == [StateRelay(from: 1, to: [4], step: 4)])
        _ = bench.stand(1, 12, digest: [5])
        #expect(bench.stand(4, 12, digest: [5]).members == [1, 2, 3, 4])
    }

    @Test("newcomers at the start of a run that has done nothing need no state")
    func beforeTheFirstStep() {
        var bench = Bench(plan(workers: 1...2))
        _ = bench.gather(2)
        _ = bench.greet(3)
        _ = bench.die(2)
        let formed = bench.stand(1, .fresh(digest: []))
        #expect(formed.states.isEmpty && formed.members == [1, 3])
    }

    @Test("a view that began within a step finishes it before it takes the newcomer in")
    func midStep() {
        var bench = Bench(plan(last: 20))
        _ = bench.run(2)
        _ = bench.die(2)
        _ = bench.greet(3)
        #expect(bench.stand(1, 4).members == [1])
        let linked = bench.link([1])
        #expect(linked.batches == [1] && linked.halted.isEmpty)
        #expect(bench.report(1, steps: 2).halted == [1])
        #expect(bench.stand(1, 6).states == [StateRelay(from: 1, to: [3], step: 2)])
    }

    @Test("a newcomer that dies before the boundary holds nobody up")
    func diesBefore() {
        var bench = Bench(plan(last: 20))
        _ = bench.run(2)
        _ = bench.greet(3)
        #expect(bench.train([1, 2], steps: 1...2).batches.isEmpty)
        let death = bench.die(3)
        #expect(death.halted.isEmpty)
        #expect((death + bench.send(.tick)).batches == [4, 5])
    }

    @Test("a newcomer that comes when the last step is under way is told the run is done, with all the others")
    func atTheEnd() {
        var bench = Bench(plan(last: 2))
        _ = bench.run(2)
        _ = bench.greet(3)
        #expect(bench.train([1, 2], steps: 1...2).halted.isEmpty)
        let end = bench.send(.snapshotStored(step: 2))
        #expect(end.outcome == .finished(step: 2) && end.stopped == [1, 2, 3])
    }
}

/// A worker that is asked to leave does so at a boundary, and takes nothing with it that nobody else has.
@Suite struct LeaveTests {
    private func leave(_ number: UInt64) -> CoordinatorEvent { .farewell(id(number), reason: "SIGTERM", leaving: true) }

    @Test("a member leaves at the next boundary, and the others go on")
    func leaves() {
        var bench = Bench(plan(workers: 3...3, last: 20))
        _ = bench.run(3)
        #expect(bench.send(leave(2)).words.contains("next boundary"))
        #expect(bench.send(leave(2)).isEmpty)
        let trained = bench.train([1, 2, 3], steps: 1...4)
        #expect(trained.batches.isEmpty && trained.halted == [1, 2, 3])
        let formed = bench.stand(1, 12) + bench.stand(2, 12) + bench.stand(3, 12)
        #expect(formed.stopped == [2])
        #expect(formed.notes.contains(.leave(worker: 2, host: "host2", pid: 102, step: 4)))
        #expect(formed.members == [1, 3] && formed.deaths.isEmpty)
        #expect(bench.die(2).isEmpty)
    }

    @Test("the last worker leaves only when its state is on the disk")
    func last() {
        var bench = Bench(plan(workers: 1...1, last: 20))
        _ = bench.run(1)
        _ = bench.send(leave(1))
        let trained = bench.train([1], steps: 1...4)
        #expect(trained.requests == [SnapshotRequest(from: 1, step: 4, purposes: .checkpoint)])
        #expect(trained.halted.isEmpty && bench.pass(.seconds(1)).snapshots.isEmpty)
        #expect(bench.send(.snapshotStored(step: 4)).halted == [1])
        let left = bench.stand(1, 12, copied: 4)
        #expect(left.stopped == [1] && left.outcome == nil)
        // The next one goes on from there, and nothing is done again.
        let next = bench.greet(2)
        #expect(next.states == [StateRelay(from: nil, to: [2], step: 4)])
        #expect(bench.stand(2, 12, digest: [5]).restarts.isEmpty)
    }

    @Test("one that leaves while the others die stays until its state is safe")
    func othersDie() {
        var bench = Bench(plan(last: 20))
        _ = bench.run(2)
        _ = bench.send(leave(1))
        _ = bench.die(2)
        let formed = bench.stand(1, 4)
        #expect(formed.stopped.isEmpty && formed.members == [1])
        #expect(bench.link([1]).batches == [1])
        #expect(bench.report(1, steps: 2).snapshots == [2])
        #expect(bench.send(.snapshotStored(step: 2)).halted == [1])
        #expect(bench.stand(1, 6).stopped == [1])
    }

    @Test("a newcomer that was not taken in yet leaves at once, ready or not", arguments: [false, true])
    func newcomer(ready: Bool) {
        var bench = Bench(plan(last: 20))
        _ = bench.run(2)
        _ = ready ? bench.greet(3) : bench.send(.hello(id(3), identity(3)))
        #expect(bench.send(leave(3)).stopped == [3])
        #expect(bench.train([1, 2], steps: 1...1).batches == [4])
    }

    @Test("a newcomer that stands by does not stand in for the last member, which leaves when its state is on the disk")
    func standsBy() {
        var bench = Bench(plan(workers: 1...1, last: 20))
        _ = bench.run(1)
        _ = bench.greet(2)
        #expect(bench.train([1], steps: 1...4).halted == [1])
        _ = bench.send(leave(1))
        #expect(bench.stand(1, 12).states == [StateRelay(from: 1, to: [2], step: 4)])
        _ = bench.send(.relaying(order: bench.order(of: 2), from: id(1), total: 1_000_000))
        _ = bench.stand(1, 12, digest: [5])
        // Nothing of the state moves: the run does not wait for the newcomer.
        _ = bench.pass(.milliseconds(2_250), idle: [1, 2])
        let formed = bench.stand(2, 0)
        #expect(bench.machine.view == 2, "\(formed.words)")
        let running = bench.link([1])
        #expect(running.halted.isEmpty && running.snapshots == [4] && running.batches.isEmpty)
        #expect(bench.send(.snapshotStored(step: 4)).halted == [1])
        let left = bench.stand(1, 12, copied: 4)
        #expect(left.stopped == [1] && left.states == [StateRelay(from: nil, to: [2], step: 4)])
    }

    @Test("two that leave together wait for one checkpoint, and both are let go")
    func both() {
        var bench = Bench(plan(last: 20))
        _ = bench.run(2)
        _ = bench.send(leave(1))
        _ = bench.send(leave(2))
        #expect(bench.train([1, 2], steps: 1...4).snapshots == [4])
        #expect(bench.send(.snapshotStored(step: 4)).halted == [1, 2])
        #expect(bench.stand(1, 12).stopped == [1])
        #expect(bench.stand(2, 12).stopped == [2])
    }
}
