import Membership
import Testing

/// A death in a view: the others stop, are brought to the same state, and continue at the highest phase that any of them has applied.
@Suite struct DeathTests {
    @Test("the others are halted, and the next view begins where all of them stand, within a step if need be")
    func goesOn() throws {
        var bench = Bench(plan(workers: 3...3, last: 20))
        _ = bench.run(3)
        let death = bench.die(2)
        #expect(death.halted == [1, 3] && death.deaths == [2] && death.outcome == nil)
        #expect(death.words.contains("going on with 2 workers"), "\(death.words)")
        #expect(bench.stand(3, 4).views.isEmpty)
        let view = try #require(bench.stand(1, 4).views.first)
        #expect(view.number == 2 && view.applied == 4)
        #expect(view.members.map(\.connection) == [id(1), id(3)])
        #expect(view.members.map(\.shards) == [0..<2, 2..<4])
        #expect(bench.link([1, 3]).batches == [1, 2, 3, 4])
    }

    @Test("who is one phase behind gets that phase's sum from one that holds it, and the view begins behind it")
    func oneBehind() {
        var bench = Bench(plan(workers: 3...3))
        _ = bench.run(3)
        _ = bench.die(1)
        _ = bench.stand(2, 4)
        let relay = bench.stand(3, 5)
        #expect(relay.sums == [SumRelay(from: 3, to: [2], applied: 5)])
        #expect(relay.views.isEmpty)
        let formed = bench.stand(2, 5)
        #expect(formed.members == [2, 3] && formed.views.first?.applied == 5)
    }

    @Test("who holds no sum is not asked for it, though it stands first")
    func holder() {
        var bench = Bench(plan(workers: 4...4))
        _ = bench.run(4)
        _ = bench.die(4)
        _ = bench.stand(1, 5, holdsSum: false)
        _ = bench.stand(2, 4)
        #expect(bench.stand(3, 5).sums == [SumRelay(from: 3, to: [2], applied: 5)])
    }

    @Test("where nobody holds the sum, those behind wait for the next boundary and take the state there")
    func noHolder() {
        var bench = Bench(plan(workers: 3...3, last: 20))
        _ = bench.run(3)
        _ = bench.die(3)
        _ = bench.stand(2, 4)
        let formed = bench.stand(1, 5, holdsSum: false)
        #expect(formed.sums.isEmpty && formed.members == [1])
        #expect(bench.link([1]).batches == [1])
        #expect(bench.report(1, steps: 2).halted == [1])
        #expect(bench.stand(1, 6).states == [StateRelay(from: 1, to: [2], step: 2)])
    }

    @Test("two deaths at once cost one view")
    func twoAtOnce() {
        var bench = Bench(plan(workers: 4...4))
        _ = bench.run(4)
        #expect(bench.die(2).halted == [1, 3, 4])
        _ = bench.die(3)
        #expect(bench.stand(1, 2).views.isEmpty)
        let formed = bench.stand(4, 2)
        #expect(formed.views.map(\.number) == [2] && formed.members == [1, 4])
    }

    @Test("the last one that was waited for dies: the others go on at once")
    func diesWhileHalting() {
        var bench = Bench(plan(workers: 3...3))
        _ = bench.run(3)
        _ = bench.die(3)
        _ = bench.stand(1, 2)
        #expect(bench.die(2).members == [1])
    }

    @Test("a death while the links are made begins the next view")
    func diesWhileLinking() {
        var bench = Bench(plan(workers: 3...3))
        _ = bench.run(3)
        _ = bench.die(3)
        _ = bench.stand(1, 2)
        _ = bench.stand(2, 2)
        _ = bench.send(.linksUp(id(1), view: 2))
        #expect(bench.die(2).halted == [1])
        let formed = bench.stand(1, 2)
        #expect(formed.views.map(\.number) == [3])
    }

    @Test("the holder of the sum dies: those it was for say anew where they stand, at either end of the transfer")
    func holderDies() {
        var bench = Bench(plan(workers: 4...4))
        _ = bench.run(4)
        _ = bench.die(4)
        _ = bench.stand(1, 5)
        _ = bench.stand(2, 4)
        #expect(bench.stand(3, 4).sums == [SumRelay(from: 1, to: [2, 3], applied: 5)])
        // The second has all of it and its answer is on the way; the third has a part.
        let death = bench.die(1)
        #expect(death.views.isEmpty && death.halted == [2, 3])
        _ = bench.stand(2, 5)
        #expect(bench.stand(3, 4).sums == [SumRelay(from: 2, to: [3], applied: 5)])
        let formed = bench.stand(3, 5)
        #expect(formed.members == [2, 3] && formed.views.first?.applied == 5)
    }

    @Test("every holder dies before anybody had the sum: the rest are level and do the phase afresh")
    func everyHolderDies() {
        var bench = Bench(plan(workers: 4...4))
        _ = bench.run(4)
        _ = bench.die(4)
        _ = bench.stand(1, 5)
        _ = bench.stand(2, 4)
        _ = bench.stand(3, 4)
        _ = bench.die(1)
        _ = bench.stand(2, 4)
        let formed = bench.stand(3, 4)
        #expect(formed.members == [2, 3] && formed.views.first?.applied == 4)
        #expect(formed.restarts.isEmpty)
    }

    @Test("an answer to an order that is over is no answer to the new one")
    func staleAnswer() {
        var bench = Bench(plan(workers: 3...3))
        _ = bench.run(3)
        _ = bench.die(3)
        #expect(bench.send(.position(id(1), order: 0, .at(2))).isEmpty)
        #expect(bench.send(.position(id(1), order: 77, .at(2))).isEmpty)
        _ = bench.stand(2, 2)
        #expect(bench.stand(1, 2).members == [1, 2])
    }

    @Test("replicas that stand at one phase with different sums end the run, and both are named")
    func diverged() throws {
        var bench = Bench(plan(workers: 3...3))
        _ = bench.run(3)
        _ = bench.die(3)
        _ = bench.stand(1, 4)
        let reason = try #require(bench.stand(2, Position(applied: 4, chain: 1)).failure)
        #expect(reason.contains("worker 1") && reason.contains("worker 2") && reason.contains("step 1, phase 2 of 3"), "\(reason)")
    }

    @Test("a worker that cannot go on is lost like one that died; its farewell is in the words")
    func farewell() {
        var bench = Bench(plan(workers: 2...2, supervised: true))
        _ = bench.run(2)
        let directives = bench.send(.farewell(id(2), reason: "no memory", leaving: false))
        #expect(directives.halted == [1] && directives.closed == [2] && directives.words.contains("no memory"))
    }
}

/// No member is left: the newest checkpoint is what the run goes back to.
@Suite struct RestartTests {
    /// A run of two with a checkpoint after two steps, four steps done, whose members then all die.
    private func allGone() -> Bench {
        var bench = Bench(plan(last: 20, everySteps: 2))
        _ = bench.run(2)
        _ = bench.train([1, 2], steps: 1...4)
        _ = bench.send(.snapshotStored(step: 2))
        _ = bench.die(1)
        #expect(bench.die(2).words.contains("no worker is left"))
        return bench
    }

    @Test("the newest checkpoint goes to as many newcomers as there were members, and the restart is noted once")
    func newcomers() {
        var bench = allGone()
        #expect((bench.greet(3) + bench.greet(4)).states.isEmpty)
        // Whoever holds more gets a second to dial anew.
        let states = bench.pass(.milliseconds(1250), idle: [3, 4]).states
        #expect(states == [StateRelay(from: nil, to: [3, 4], step: 2)])
        _ = bench.stand(3, 6, holdsSum: false, digest: [5])
        let formed = bench.stand(4, 6, holdsSum: false, digest: [5])
        #expect(formed.members == [3, 4] && formed.views.first?.applied == 6)
        #expect(formed.restarts == [.restart(from: 4, to: 2)])
        #expect(bench.link([3, 4]).batches == [2, 3, 4, 5])
        // The repeated steps are already recorded.
        #expect(bench.train([3, 4], steps: 3...6).done == [4, 5])
    }

    @Test("fewer newcomers are waited for one second, no longer")
    func fewer() {
        var bench = allGone()
        _ = bench.greet(3)
        #expect(bench.pass(.milliseconds(750), idle: [3]).states.isEmpty)
        #expect(bench.pass(.milliseconds(500), idle: [3]).states == [StateRelay(from: nil, to: [3], step: 2)])
    }

    @Test("it waits as long as nobody comes, and says so")
    func waits() {
        var bench = allGone()
        let directives = bench.pass(.seconds(60))
        #expect(directives.outcome == nil)
        #expect(directives.words.contains("the run stands at step 4"), "\(directives.words)")
    }

    @Test("a newcomer that dies while it takes the checkpoint is waited for no longer, and the restart is noted once")
    func diesOverCheckpoint() {
        var bench = allGone()
        var directives = bench.greet(3) + bench.greet(4) + bench.pass(.milliseconds(1250), idle: [3, 4])
        directives += bench.die(4)
        directives += bench.stand(3, 6, digest: [5])
        if directives.views.isEmpty { directives += bench.stand(3, 6, digest: [5]) }
        #expect(directives.members == [3])
        #expect(directives.restarts == [.restart(from: 4, to: 2)])
    }

    @Test("without a checkpoint the newcomers begin as the seed makes them, and that is a restart too")
    func fromSeed() {
        var bench = Bench(plan(last: 20))
        _ = bench.run(2)
        _ = bench.train([1, 2], steps: 1...4)
        _ = bench.die(1)
        _ = bench.die(2)
        // Whoever holds more gets a second to dial anew.
        let formed = bench.greet(3) + bench.greet(4) + bench.pass(.seconds(2), busy: [3, 4])
        #expect(formed.states.isEmpty && formed.members == [3, 4] && formed.views.first?.applied == 0)
        #expect(formed.restarts == [.restart(from: 4, to: 0)])
    }

    @Test("a death that costs no step is no restart")
    func none() {
        var bench = Bench(plan(workers: 1...1, last: 20))
        _ = bench.run(1)
        #expect(bench.die(1).restarts.isEmpty)
        #expect(bench.greet(2).restarts.isEmpty)
    }

    @Test("a checkpoint that reached the disk after its source died is the one the run goes back to")
    func lateCheckpoint() {
        var bench = Bench(plan(workers: 3...3, last: 20, everySteps: 2))
        _ = bench.run(3)
        _ = bench.train([1, 2, 3], steps: 1...2)
        _ = bench.die(1)
        _ = bench.stand(2, 7)
        _ = bench.stand(3, 7)
        _ = bench.link([2, 3])
        _ = bench.send(.snapshotStored(step: 2, purposes: .checkpoint))
        _ = bench.die(2)
        _ = bench.die(3)
        _ = bench.greet(4)
        #expect(bench.pass(.seconds(2), idle: [4]).states.first == StateRelay(from: nil, to: [4], step: 2))
    }

    @Test("on one machine the run ends when the last worker dies and none will be replaced")
    func noReplacement() throws {
        var bench = Bench(plan(supervised: true))
        _ = bench.run(2)
        _ = bench.die(1)
        #expect(bench.send(.noReplacement(reason: "workers died 20 times in a row")).outcome == nil)
        _ = bench.stand(2, 1)
        #expect(try #require(bench.die(2).failure).contains("20 times"))
        var none = Bench(plan(supervised: true))
        #expect(try #require(none.send(.noReplacement(reason: "no memory")).failure).contains("no memory"))
        // Before the first view the run ends when too few of the started workers are left, with the reason of the last one that was lost.
        var short = Bench(plan(workers: 2...4, supervised: true))
        _ = short.greet(1)
        for number in 1...2 {
            #expect(short.send(.noReplacement(reason: "worker \(number) had no memory")).outcome == nil)
        }
        #expect(try #require(short.send(.noReplacement(reason: "worker 3 had no memory")).failure).contains("worker 3"))
    }
}
