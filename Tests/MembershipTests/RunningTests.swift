import Membership
import Testing

/// Steps, and what is recorded of them.
@Suite struct RunningTests {
    @Test("batches go out no further than the window ahead of the slowest member")
    func window() {
        var bench = Bench(plan(last: 20))
        #expect(bench.run(2).batches == [0, 1, 2, 3])
        #expect(bench.report(1, steps: 1).batches.isEmpty)
        #expect(bench.report(2, steps: 1).batches == [4])
    }

    @Test("a run ends when its last step is done and its last state is stored, in that order")
    func ends() {
        var bench = Bench(plan(last: 2))
        var directives = bench.run(2)
        #expect(directives.snapshots == [2])
        directives += bench.train([1, 2], steps: 1...2)
        #expect(directives.done == [0, 1])
        #expect(directives.outcome == nil)
        let end = bench.send(.snapshotStored(step: 2))
        #expect(end.outcome == .finished(step: 2))
        #expect(end.stopped == [1, 2])
    }

    @Test("a state that is stored before the last reports ends the run with the last of them")
    func storedEarly() {
        var bench = Bench(plan(last: 1))
        _ = bench.run(2)
        _ = bench.report(1, steps: 1)
        #expect(bench.send(.snapshotStored(step: 1)).outcome == nil)
        #expect(bench.report(2, steps: 1).outcome == .finished(step: 1))
    }

    @Test("sums that differ between two members end the run and name both")
    func divergence() throws {
        var bench = Bench(plan())
        _ = bench.run(2)
        _ = bench.report(1, steps: 1, chain: 1)
        let reason = try #require(bench.report(2, steps: 1, chain: 2).failure)
        #expect(reason.contains("worker 1") && reason.contains("worker 2"))
    }

    @Test("a report out of its turn closes the connection", arguments: [2, 9] as [UInt64])
    func outOfTurn(steps: UInt64) {
        var bench = Bench(plan())
        _ = bench.run(2)
        #expect(bench.report(1, steps: steps).closed == [1])
    }

    @Test("a farewell that every member would say alike ends the run for all")
    func common() throws {
        var bench = Bench(plan())
        _ = bench.run(2)
        #expect(bench.send(.farewell(id(2), reason: "the gradient is not finite", leaving: false, common: true)).isEmpty)
        let directives = bench.send(.farewell(id(1), reason: "the gradient is not finite", leaving: false, common: true))
        #expect(try #require(directives.failure).contains("not finite"))
        #expect(directives.stopped == [1, 2])
    }

    @Test("a step is in the records once and in order, whatever becomes of the view it was done in")
    func recordsAfterDeath() {
        var bench = Bench(plan(workers: 3...3, last: 20))
        var directives = bench.run(3)
        directives += bench.train([1, 2, 3], steps: 1...2)
        directives += bench.report(1, steps: 3) + bench.report(2, steps: 3)  // the third dies over it
        directives += bench.die(3)
        directives += bench.report(1, steps: 4)  // on its way when the view ended
        directives += bench.stand(1, 12) + bench.stand(2, 11) + bench.stand(2, 12)
        #expect(directives.done == [0, 1, 2, 3])
        directives += bench.link([1, 2]) + bench.train([1, 2], steps: 5...6)
        #expect(directives.done == [0, 1, 2, 3, 4, 5])
    }

    @Test("how long a death cost is noted when the first phase of the new view is applied")
    func goesOn() throws {
        var bench = Bench(plan(workers: 2...2, last: 20))
        _ = bench.run(2)
        _ = bench.die(2)
        bench.now += .milliseconds(30)
        _ = bench.stand(1, 1)
        _ = bench.link([1])
        bench.now += .milliseconds(20)
        #expect(bench.send(.heartbeat(id(1), Beat(work: 1, applied: 1, contributed: 1, view: 2))).notes.isEmpty)
        #expect(bench.send(.heartbeat(id(1), Beat(work: 1, applied: 2, contributed: 2, view: 1))).notes.isEmpty)
        let notes = bench.send(.heartbeat(id(1), Beat(work: 2, applied: 2, contributed: 2, view: 2))).notes
        guard case .goesOn(let view, let milliseconds, let cause) = try #require(notes.first) else {
            return #expect(Bool(false), "\(notes)")
        }
        #expect(view == 2 && milliseconds == 50 && cause.contains("worker 2"))
        #expect(bench.send(.heartbeat(id(1), Beat(work: 3, applied: 3, contributed: 3, view: 2))).notes.isEmpty)
    }
}
