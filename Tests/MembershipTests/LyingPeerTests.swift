import Membership
import Testing

/// A peer with the right token that claims the impossible: it loses its place, and the others lose nothing.
@Suite struct LyingPeerTests {
    private static let edges: [UInt64] = [1 << 20, 1 << 40, (1 << 48) - 1, 1 << 48]

    @Test("positions, reports and states beyond what the run has sent cost their sender its place", arguments: edges)
    func beyond(number: UInt64) {
        for event in [
            CoordinatorEvent.position(id(1), order: 0, .at(number)), .stepReport(id(1), view: 1, step: number, chain: 1),
        ] {
            var bench = Bench(plan(last: 20))
            _ = bench.run(2)
            let directives = bench.send(event)
            #expect(directives.deaths == [1] && directives.outcome == nil, "\(event)")
        }
    }

    @Test("a heartbeat that is ahead of the run unlocks no report of what nobody was sent")
    func aheadByHeartbeat() {
        var bench = Bench(plan(last: 20))
        _ = bench.run(2)
        _ = bench.send(.heartbeat(id(1), Beat(work: 1, applied: 1 << 40, contributed: 1 << 40)))
        let answer = bench.send(.stepReport(id(1), view: 0, step: 1 << 30, chain: 5))
        #expect(answer.closed == [1] && answer.outcome == nil)
    }

    @Test("a newcomer that says it could make nothing of a state costs itself its place, two of them the source")
    func accusers() {
        var bench = Bench(plan(last: 2000))
        #expect(bench.admit(3) == [StateRelay(from: 1, to: [3], step: 4)])
        _ = bench.stand(1, 12)
        let alone = bench.stand(3, .fresh())
        #expect(alone.closed == [3] && alone.members == [1, 2])
        _ = bench.link([1, 2])
        _ = bench.greet(4)
        _ = bench.train([1, 2], steps: 5...8)
        _ = bench.stand(1, 24)
        // Its state comes from another where there is one.
        #expect(bench.stand(2, 24).states == [StateRelay(from: 2, to: [4], step: 8)])
    }

    @Test("a stranger's chain of a step that members have done ends nothing and replaces nothing")
    func chains() {
        var bench = Bench(plan(last: 20))
        _ = bench.run(2)
        _ = bench.send(.hello(id(3), identity(3)))
        #expect(bench.send(.stepReport(id(3), view: 0, step: 0, chain: 666)).outcome == nil)
        let done = bench.train([1, 2], steps: 1...1)
        #expect(done.outcome == nil && done.done == [0])
    }

    @Test("a state that nobody can have is not waited for, and is not the truth")
    func claimedState() {
        var bench = Bench(plan(last: 20))
        _ = bench.run(2)
        let held = HeldState(run: "mine", generation: 0, position: .at(9000))
        _ = bench.send(.hello(id(3), identity(3), held: held))
        _ = bench.send(.ready(id(3), fingerprint: [1], .at(9000)))
        // At a boundary it may come in like everybody: with the state of the others.
        #expect(bench.train([1, 2], steps: 1...4).halted == [1, 2])
        _ = bench.stand(1, 4 * phases)
        #expect(bench.stand(2, 4 * phases).states == [StateRelay(from: 1, to: [3], step: 4)])
        // And says again that it stands elsewhere.
        #expect(bench.stand(3, 9000).deaths == [3])
    }

    @Test("a worker that brings a state and never says ready is given up after twenty seconds, whatever it beats")
    func neverReady() {
        var bench = Bench(plan(workers: 2...2, first: 2, last: 20, generation: 2), view: 3)
        _ = bench.send(
            .hello(id(3), identity(3), held: HeldState(run: "mine", generation: 1, position: .at(30))))
        _ = bench.greet(1, held: .at(12))
        _ = bench.greet(2, held: .at(12))
        var directives: [CoordinatorDirective] = []
        for second in 1...25 where directives.members == nil {
            bench.now += .seconds(1)
            for number in 1...UInt64(3) {
                directives += bench.send(.heartbeat(id(number), Beat(work: UInt64(second), applied: 12, contributed: 12)))
            }
            directives += bench.send(.tick)
        }
        #expect(directives.deaths == [1] && directives.members == [1, 2])
        #expect(directives.words.contains("has not taken the run up"))
    }

    @Test("one member that says that all meet what ends it is lost alone; all of them end the run with their sentence")
    func common() {
        var bench = Bench(plan(workers: 3...3, last: 20))
        _ = bench.run(3)
        #expect(bench.send(.farewell(id(1), reason: "NaN", leaving: false, common: true)).isEmpty)
        #expect(bench.send(.closed(id(1), reason: "it closed its connection")).isEmpty)
        var directives: [CoordinatorDirective] = []
        for second in 1...8 {
            bench.now += .seconds(1)
            for number in [2, 3] as [UInt64] {
                directives += bench.send(.heartbeat(id(number), Beat(work: UInt64(second), applied: 0, contributed: 0)))
            }
            directives += bench.send(.tick)
        }
        #expect(directives.deaths == [1] && directives.outcome == nil && directives.words.contains("NaN"))
        _ = bench.stand(2, 0)
        _ = bench.stand(3, 0)
        _ = bench.link([2, 3])
        #expect(bench.send(.farewell(id(2), reason: "NaN", leaving: false, common: true)).outcome == nil)
        #expect(bench.send(.farewell(id(3), reason: "NaN", leaving: false, common: true)).failure == "NaN")
    }

    @Test("a common farewell of who is no member ends nothing")
    func strangersFarewell() {
        var bench = Bench(plan(last: 20))
        _ = bench.run(2)
        _ = bench.greet(3)
        let directives = bench.send(.farewell(id(3), reason: "all is lost", leaving: false, common: true))
        #expect(directives.deaths == [3] && directives.outcome == nil)
    }

    @Test("two processes of the same host and pid are two workers; the same process on a new connection is one")
    func equalNames() {
        var bench = Bench(plan(last: 20))
        for number in 1...UInt64(2) {
            let twin = WorkerIdentity(host: "box", pid: 1, process: number, build: "1", library: "OpenBLAS", kernel: "skylakex")
            _ = bench.send(.hello(id(number), twin))
            _ = bench.send(.ready(id(number), fingerprint: [1], .fresh()))
        }
        #expect(bench.machine.worldSize == 2)
        let again = WorkerIdentity(host: "box", pid: 1, process: 2, build: "1", library: "OpenBLAS", kernel: "skylakex")
        #expect(bench.send(.hello(id(3), again)).deaths == [2])
    }
}

/// Claims about steps by a peer that was in none of this coordinator's views.
@Suite struct HearsayTests {
    @Test("figures of steps are taken from members, and from who comes back with a state")
    func heard() {
        var bench = Bench(plan(last: 20, generation: 2), view: 3)
        _ = bench.greet(1, held: .at(13))
        _ = bench.greet(2)
        #expect(bench.machine.isHeard(id(1)) && !bench.machine.isHeard(id(2)) && !bench.machine.isHeard(id(3)))
        var calm = Bench(plan())
        _ = calm.run(2)
        #expect(calm.machine.isHeard(id(1)) && calm.machine.isHeard(id(2)))
        #expect(calm.machine.chain(after: 1) == nil)
        _ = calm.report(1, steps: 1)
        #expect(calm.machine.chain(after: 1) == Position.chain(after: phases))
    }
}

/// An older copy of the run's folder, or a second one, behind the same address.
@Suite struct CopiedFolderTests {
    private func hello(_ number: UInt64, generation: UInt64, leader: UInt64, at applied: UInt64) -> CoordinatorEvent {
        .hello(
            id(number), identity(number),
            held: HeldState(run: "mine", generation: generation, leader: leader, position: .at(applied)))
    }

    @Test(
        "workers that have obeyed another coordinator of the same or a higher generation make this one look whose the folder is",
        arguments: [2, 5])
    func outranked(generation: UInt64) {
        var copy = plan(first: 2, last: 20, generation: 2)
        copy.leader = 77
        var bench = Bench(copy, view: 3)
        let asked = bench.send(hello(1, generation: generation, leader: 11, at: 30))
        #expect(asked.contains(.outrank(generation: generation)) && asked.contains(.close(id(1))) && asked.outcome == nil)
        _ = bench.send(.outranked(generation: generation + 1, leader: 78))
        #expect(bench.machine.plan.generation == generation + 1)
        // Now a coordinator leads it: what the workers hold is the truth.
        for number in [2, 3] as [UInt64] { _ = bench.send(hello(number, generation: generation, leader: 11, at: 30)) }
        _ = bench.send(.ready(id(2), fingerprint: [1], .at(30)))
        #expect(bench.send(.ready(id(3), fingerprint: [1], .at(30))).views.first?.applied == 30)
    }

    @Test("one that claims another coordinator again and again sends everybody to dial anew ever more rarely")
    func provoked() {
        var bench = Bench(plan(workers: 1...1, last: 20, generation: 2))
        var asked = 0
        for second in 0..<UInt64(600) {
            bench.now += .seconds(1)
            let claim = bench.machine.plan.generation + 5
            let directives = bench.send(hello(100 + second, generation: claim, leader: 11, at: 30))
            guard directives.contains(.outrank(generation: claim)) else { continue }
            asked += 1
            _ = bench.send(.outranked(generation: claim + 1, leader: second))
        }
        #expect((2...8).contains(asked), "\(asked)")
    }

    @Test("a coordinator whose folder is another's ends, and tells its workers nothing")
    func overthrown() {
        var bench = Bench(plan(last: 20))
        _ = bench.run(2)
        let directives = bench.send(.overthrown(reason: "another leads"))
        #expect(directives == [.end(.failed(reason: "another leads"))])
    }

    @Test(
        "a worker keeps its state from a coordinator whose records tell another story, and says why; one that it goes on from is taken"
    )
    func marks() {
        for (chain, isTaken) in [(Position.chain(after: 3), true), (99, false)] {
            var bench = WorkerBench()
            _ = bench.running()
            _ = bench.send(.stepped(ChainMark(applied: 3, chain: Position.chain(after: 3))))
            _ = bench.send(.disconnected(reason: "closed"))
            _ = bench.send(.stood(order: 0, .at(7)))
            _ = bench.send(.connected)
            let answer = bench.send(
                .welcome(
                    run: "mine", generation: 9, leader: 5, mark: ChainMark(applied: 3, chain: chain), orphanPatience: .seconds(60)))
            #expect(answer.contains(.takeUp) == isTaken && answer.contains(.hangUp) == !isTaken)
            #expect(!bench.machine.hasEnded)
            if !isTaken { #expect(answer.words.contains("the state is kept")) }
        }
    }

    @Test("an equal generation of another name is another coordinator: views are counted anew only by a higher one")
    func equalGeneration() {
        var bench = WorkerBench()
        _ = bench.running()
        _ = bench.send(.disconnected(reason: "closed"))
        _ = bench.send(.stood(order: 0, .at(7)))
        _ = bench.send(.connected)
        let answer = bench.send(.welcome(run: "mine", generation: 1, leader: 12345, orphanPatience: .seconds(60)))
        #expect(answer.contains(.hangUp) && !bench.machine.hasEnded)
    }
}

/// A peer that claims to hold a state that others lack, but does not send it.
@Suite struct SilentSourceTests {
    @Test("a member that sends nothing of the state it was asked for is passed over, and the newcomer keeps its place")
    func state() {
        var bench = Bench(plan(last: 2000))
        #expect(bench.admit(3) == [StateRelay(from: 1, to: [3], step: 4)])
        let waiting = bench.pass(.milliseconds(5250), busy: [1, 2], idle: [3])
        #expect(waiting.deaths.isEmpty && waiting.words.contains("has sent nothing of it"), "\(waiting.words)")
        #expect(waiting.halted.contains(3))
        var states: [StateRelay] = []
        for number in [1, 3] as [UInt64] {
            states += bench.stand(number, number == 3 ? .fresh(digest: []) : .at(12)).states
        }
        #expect(states == [StateRelay(from: 2, to: [3], step: 4)])
        // If none of them sends anything, there is no other source: the members go on without the newcomer.
        let late = bench.pass(.milliseconds(5250), busy: [1, 2], idle: [3])
        #expect(late.deaths.isEmpty && late.halted.contains(3))
        for number in [2, 3] as [UInt64] { _ = bench.stand(number, number == 3 ? .fresh(digest: []) : .at(12)) }
        #expect(bench.pass(.milliseconds(5250), busy: [1, 2], idle: [3]).deaths == [3])
    }

    @Test("so is one that sends nothing of a sum, and those behind are not given up for it")
    func sum() {
        var bench = Bench(plan(workers: 4...4))
        _ = bench.run(4)
        _ = bench.die(4)
        for number in [1, 2] as [UInt64] { _ = bench.stand(number, 2) }
        #expect(bench.stand(3, 1).sums == [SumRelay(from: 1, to: [3], applied: 2)])
        let waiting = bench.pass(.milliseconds(5250), busy: [1, 2], idle: [3])
        #expect(waiting.deaths.isEmpty && waiting.halted == [3], "\(waiting.words)")
        #expect(bench.stand(3, 1).sums == [SumRelay(from: 2, to: [3], applied: 2)])
    }
}

/// Newcomers and copies over slow connections hold nobody up.
@Suite struct SlowConnectionTests {
    @Test("a newcomer whose state would take minutes stands by after two seconds, which is said; it is asked again later")
    func slowDownlink() {
        var bench = Bench(plan(last: 2000))
        _ = bench.run(2)
        _ = bench.greet(3)
        let boundary = bench.train([1, 2], steps: 1...4)
        #expect(boundary.halted == [1, 2] && boundary.dissolved == [1])
        _ = bench.stand(1, 12)
        #expect(bench.stand(2, 12).states == [StateRelay(from: 1, to: [3], step: 4)])
        let order = bench.order(of: 3)
        _ = bench.send(.relaying(order: order, from: id(1), total: 45_000_000))
        var directives: [CoordinatorDirective] = []
        for second in 1...4 where directives.halted.isEmpty {
            bench.now += .seconds(1)
            directives += bench.send(.heartbeat(id(1), Beat(work: 1, applied: 12, contributed: 12, moved: 45_000_000)))
            directives += bench.send(.heartbeat(id(2), Beat(work: 1, applied: 12, contributed: 12)))
            directives += bench.send(.heartbeat(id(3), Beat(work: 0, applied: 0, contributed: 0, moved: UInt64(second) * 125_000)))
            directives += bench.send(.tick)
        }
        #expect(directives.halted.contains(3) && directives.deaths.isEmpty)
        // The others' next view may form in the same tick: what is packed for that view is useful.
        #expect(directives.dissolved.isEmpty)
        #expect(directives.words.contains("worker 3") && directives.words.contains("stands by"), "\(directives.words)")
        // Nobody waits for its answer either, which comes behind what is still on its way.
        #expect(bench.stand(1, 12).members == [1, 2])
        _ = bench.stand(3, .fresh())
        _ = bench.link([1, 2])
        #expect(bench.train([1, 2], steps: 5...30).halted.isEmpty)
        bench.now += .seconds(60)
        #expect(bench.train([1, 2], steps: 31...36).halted == [1, 2])
    }

    @Test("a newcomer that stands by takes over when the members go before it has answered")
    func takesOver() {
        var bench = Bench(plan(last: 2000))
        _ = bench.admit(3)
        _ = bench.send(.relaying(order: bench.order(of: 3), from: id(1), total: 45_000_000))
        _ = bench.pass(.seconds(4), busy: [1, 2])
        #expect(bench.stand(1, 12).members == [1, 2])
        _ = bench.link([1, 2])
        _ = bench.die(1)
        _ = bench.die(2)
        _ = bench.stand(3, .fresh())
        #expect(bench.pass(.seconds(40), idle: [3]).members == [3])
    }

    @Test("a copy that takes long flags its source: the next is asked of another, and no batch waits for it")
    func slowUplink() throws {
        var bench = Bench(plan(last: 2000, everySteps: 2))
        #expect(bench.run(2).requests.map(\.from) == [1, 1])
        var directives: [CoordinatorDirective] = []
        for second in 1...12 {
            bench.now += .seconds(1)
            for number in [1, 2] as [UInt64] {
                directives += bench.send(.heartbeat(id(number), Beat(work: UInt64(second), applied: 3, contributed: 3)))
            }
            directives += bench.send(.tick)
        }
        #expect(directives.deaths.isEmpty && directives.words.contains("takes long"))
        // A user who asks it to stop is told what the end waits for, and how to end without that.
        var alone = bench
        _ = alone.send(.snapshotStored(step: 4))
        let begun = alone.train([1, 2], steps: 1...4) + alone.send(.stopRequested(reason: "SIGINT"))
        _ = alone.train([1, 2], steps: 5...(try #require(begun.batches.max()) + 1))
        let end = alone.pass(.seconds(5), idle: [1, 2]).words
        for part in ["the last one", "kB/s so far", "a second Control-C", "from step 4"] { #expect(end.contains(part), "\(end)") }
        let later = bench.train([1, 2], steps: 1...8).requests
        #expect(!later.isEmpty && later.allSatisfy { $0.from == 2 }, "\(later)")
    }
}
