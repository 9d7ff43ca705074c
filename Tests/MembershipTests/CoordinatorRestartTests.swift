import Membership
import Testing

/// A new coordinator of a run whose workers still hold its state.
@Suite struct CoordinatorRestartTests {
    /// The second coordinator of a run that has a checkpoint after two steps.
    private func second(workers: ClosedRange<Int> = 2...2, first: UInt64 = 2) -> Bench {
        Bench(plan(workers: workers, first: first, last: 20, generation: 2), view: 3)
    }

    private func held(_ applied: UInt64, run: String = "mine", generation: UInt64 = 1) -> HeldState {
        HeldState(run: run, generation: generation, position: .at(applied))
    }

    @Test("the highest phase any worker holds is where the run goes on, above the newest checkpoint")
    func highestWins() {
        var bench = second()
        #expect(bench.greet(1, held: .at(13)).words.contains("step 4, phase 2 of 3"))
        #expect(bench.greet(2, held: .at(12)).sums == [SumRelay(from: 1, to: [2], applied: 13)])
        let formed = bench.stand(2, 13)
        #expect(formed.members == [1, 2] && formed.views.first?.applied == 13 && formed.views.first?.number == 4)
        #expect(formed.restarts.isEmpty && formed.notes.count == 1)
        #expect(bench.link([1, 2]).batches == [4, 5, 6, 7])
    }

    @Test("the steps since the checkpoint go into the records from the reports that are sent again, once and in order")
    func records() {
        var bench = second()
        for number in 1...UInt64(2) {
            _ = bench.send(.hello(id(number), identity(number), held: held(13)))
            for steps in [3, 4] as [UInt64] { #expect(bench.report(number, steps: steps, view: 3).isEmpty) }
        }
        var directives = bench.send(.ready(id(1), fingerprint: [1], .at(13)))
        directives += bench.send(.ready(id(2), fingerprint: [1], .at(13)))
        #expect(directives.done == [2, 3])
        #expect(bench.link([1, 2]).done.isEmpty)
        #expect(bench.train([1, 2], steps: 5...5).done == [4])
    }

    @Test("reports of the old time that differ are two words against each other: neither ends the run")
    func diverged() {
        var bench = second()
        for number in 1...UInt64(2) { _ = bench.send(.hello(id(number), identity(number), held: held(13))) }
        _ = bench.report(1, steps: 4, view: 3, chain: 1)
        #expect(bench.report(2, steps: 4, view: 3, chain: 2).outcome == nil)
    }

    @Test("workers behind the newest checkpoint take its state")
    func checkpointNewer() {
        var bench = second(first: 5)
        _ = bench.greet(1, held: .at(13))
        #expect(bench.greet(2, held: .at(12)).states == [StateRelay(from: nil, to: [1, 2], step: 5)])
    }

    @Test("a newcomer beside one that came back waits for a boundary, and takes its state there")
    func mixed() {
        var bench = second()
        _ = bench.greet(1, held: .at(13))
        #expect(bench.greet(2).members == [1])
        #expect(bench.link([1]).batches == [4])
        #expect(bench.report(1, steps: 5).halted == [1])
        #expect(bench.stand(1, 15).states == [StateRelay(from: 1, to: [2], step: 5)])
    }

    @Test("of those who take the newest checkpoint one with a slow line holds up nobody who has it")
    func slowLine() {
        var bench = second()
        _ = bench.greet(1)
        #expect(bench.greet(2).states == [StateRelay(from: nil, to: [1, 2], step: 2)])
        _ = bench.send(.relaying(order: bench.order(of: 2), from: nil, total: 45_000_000))
        // As long as no worker holds the state, the run cannot continue.
        var directives: [CoordinatorDirective] = []
        func seconds(_ range: ClosedRange<UInt64>, _ numbers: [UInt64]) {
            for second in range {
                bench.now += .seconds(1)
                for number in numbers {
                    let beat = Beat(work: 0, applied: 0, contributed: 0, moved: second * 125_000)
                    directives += bench.send(.heartbeat(id(number), beat))
                }
                directives += bench.send(.tick)
            }
        }
        seconds(1...20, [1, 2])
        #expect(directives.halted.isEmpty && directives.deaths.isEmpty)
        directives = bench.stand(1, 6)
        seconds(21...21, [1, 2])
        #expect(directives.words.contains("worker 2") && directives.words.contains("stands by"), "\(directives.words)")
        #expect(directives.members == [1])
    }

    @Test("newcomers alone take the newest checkpoint, as many as are wanted")
    func newcomersAlone() {
        var bench = second()
        _ = bench.greet(1)
        #expect(bench.greet(2).states == [StateRelay(from: nil, to: [1, 2], step: 2)])
    }

    @Test("those who come back wait for the rest no longer than it takes them to dial")
    func patience() {
        var bench = second(workers: 3...3)
        _ = bench.greet(1, held: .at(13))
        _ = bench.greet(2, held: .at(13))
        #expect(bench.pass(.milliseconds(250), idle: [1, 2]).views.isEmpty)
        #expect(bench.pass(.milliseconds(100), idle: [1, 2]).members == [1, 2])
    }

    @Test("one that comes back a little later catches up at the next boundary")
    func late() {
        var bench = second(workers: 3...3)
        _ = bench.greet(1, held: .at(13))
        _ = bench.pass(.seconds(1), idle: [1])
        _ = bench.greet(2, held: .at(13))
        #expect(bench.link([1]).batches == [4])
        #expect(bench.report(1, steps: 5).halted == [1])
        #expect(bench.stand(1, 15).states == [StateRelay(from: 1, to: [2], step: 5)])
    }

    @Test("a coordinator that is started again after the last checkpoint has one answer: the run is over")
    func afterTheEnd() {
        var bench = Bench(plan(workers: 2...2, first: 20, last: 20, generation: 2), view: 3)
        #expect(bench.send(.hello(id(1), identity(1), held: held(60))).stopped == [1])
        #expect(bench.send(.hello(id(2), identity(2), held: nil)).stopped == [2])
    }

    @Test("a coordinator that hears of a newer one of its run looks whose the folder is, and ends where it is the other's")
    func oldOne() throws {
        var bench = second()
        let directives = bench.send(.hello(id(1), identity(1), held: held(13, generation: 3)))
        #expect(directives.contains(.outrank(generation: 3)) && directives.closed == [1] && directives.outcome == nil)
        #expect(try #require(bench.send(.overthrown(reason: "another leads")).failure) == "another leads")
        #expect(bench.machine.hasEnded)
    }

    @Test("a worker that holds the state of another run is refused, and both are named; its generation says nothing")
    func otherRun() throws {
        var bench = second()
        let directives = bench.send(.hello(id(1), identity(1), held: held(13, run: "theirs", generation: 9)))
        let refusal = try #require(directives.refusals.first)
        #expect(refusal.contains("theirs") && refusal.contains("mine"))
        #expect(directives.outcome == nil)
    }

    @Test("a process that dials anew takes the place of its old connection")
    func dialsAnew() {
        var bench = Bench(plan(last: 20))
        _ = bench.run(2)
        let hello = bench.send(.hello(id(3), identity(2), held: held(4)))
        #expect(hello.deaths == [2] && hello.closed == [2] && hello.halted == [1])
        #expect(hello.contains(.welcome(id(3), worker: 3)))
        #expect(bench.die(2).isEmpty)
        // It is back before the other has answered, so it is in the next view, with its sum.
        _ = bench.send(.ready(id(3), fingerprint: [1], .at(4)))
        #expect(bench.stand(1, 5).sums == [SumRelay(from: 1, to: [3], applied: 5)])
        #expect(bench.stand(3, 5).members == [1, 3])
    }

    @Test("a worker that joins behind the highest view there can be ends nothing")
    func highestView() {
        var plan = plan(workers: 1...1, first: 2, last: 20, generation: 2)
        plan.recordedStep = 20
        var bench = Bench(plan, view: 1 << 40)
        let waited = bench.greet(1) + bench.pass(.seconds(30), idle: [1])
        #expect(waited.outcome == nil && !waited.states.isEmpty)
    }
}
