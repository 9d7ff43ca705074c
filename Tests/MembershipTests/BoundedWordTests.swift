import Membership
import Testing

/// What one peer claims can cost no more than its own place.
@Suite struct BoundedWordTests {
    private func held(_ position: Position, generation: UInt64 = 1) -> HeldState {
        HeldState(run: "mine", generation: generation, position: position)
    }

    private func position(_ applied: UInt64, chain: UInt64) -> Position { Position(applied: applied, chain: chain, holdsSum: true) }

    @Test("a state that is handed out counts only with the chain hash of who handed it out")
    func handedOut() {
        var bench = Bench(plan(last: 20))
        _ = bench.run(2)
        _ = bench.greet(3)
        _ = bench.train([1, 2], steps: 1...4)
        _ = bench.stand(1, 4 * phases)
        #expect(bench.stand(2, 4 * phases).states == [StateRelay(from: 1, to: [3], step: 4)])
        let directives = bench.stand(3, position(4 * phases, chain: 666))
        #expect(directives.deaths == [3] && directives.outcome == nil)
        #expect(bench.stand(1, 4 * phases).members == [1, 2])
    }

    @Test("an accusation of who is no neighbour costs the accuser its place, and nobody else anything")
    func accusation() {
        var bench = Bench(plan(workers: 4...4, last: 20))
        _ = bench.run(4)
        let directives = bench.send(.linkFailed(id(1), view: 1, .init(suspect: 2, kind: .observed, reason: "a lie")))
        #expect(directives.deaths == [1] && directives.outcome == nil)
        var server = Bench(plan(last: 20, ring: false))
        _ = server.run(2)
        #expect(server.send(.linkFailed(id(1), view: 1, .init(suspect: 1, kind: .observed, reason: "a lie"))).deaths == [1])
    }

    @Test("who claims a state after the last step, or a fresh one with phases, is not believed")
    func impossibleClaims() {
        var bench = Bench(plan(workers: 1...2, first: 2, last: 20, generation: 2), view: 3)
        _ = bench.send(.hello(id(9), identity(9), held: held(.at(20 * phases + 1))))
        _ = bench.send(.ready(id(9), fingerprint: [1], .at(20 * phases + 1)))
        _ = bench.greet(1, held: .at(12))
        let formed = bench.pass(.seconds(2), busy: [9, 1])
        #expect(formed.views.allSatisfy { $0.applied <= 20 * phases }, "\(formed.views)")
        var fresh = Bench(plan(last: 20))
        _ = fresh.send(.hello(id(9), identity(9)))
        let claim = Position(applied: 9, chain: 1, isFresh: true)
        #expect(fresh.send(.ready(id(9), fingerprint: [1], claim)).deaths == [1])
    }

    @Test("two that come back with different states of one place are both left for the newest checkpoint; nobody ends the run")
    func contradiction() {
        var bench = Bench(plan(workers: 2...2, first: 2, last: 20, generation: 2), view: 3)
        _ = bench.greet(1, held: position(12, chain: 1))
        let directives = bench.greet(2, held: position(12, chain: 2)) + bench.pass(.seconds(2), busy: [1, 2])
        #expect(directives.outcome == nil && directives.refusals.isEmpty)
        #expect(directives.words.contains("neither is believed"))
        #expect(directives.states.first?.step == 2, "\(directives.states)")
    }

    @Test(
        "where no checkpoint is there to go back to, the state that most have come back with is the run's; of two nobody can tell")
    func mostHold() {
        for (chains, outcome) in [([1, 1, 1, 2], false), ([2, 1, 1, 1], false), ([1, 2], true), ([1, 1, 2, 2], true)] {
            var bench = Bench(plan(workers: chains.count...chains.count, last: 20, generation: 2), view: 3)
            var directives: [CoordinatorDirective] = []
            let ids = Array(1...UInt64(chains.count))
            for (number, chain) in zip(ids, chains) { directives += bench.greet(number, held: position(4, chain: UInt64(chain))) }
            directives += bench.pass(.seconds(2), busy: ids)
            #expect((directives.outcome != nil) == outcome, "\(chains): \(directives.words)")
            guard !outcome else { continue }
            let liar = UInt64(chains.firstIndex(of: 2)! + 1)
            #expect(directives.refusals.count == 1, "\(directives.words)")
            #expect(directives.words.contains("of most who have come back"))
            #expect(directives.members == ids.filter { $0 != liar })
        }
    }

    @Test("a common farewell whose sender alone is left of two is not everybody's")
    func lastOfTwo() {
        var bench = Bench(plan(last: 20))
        _ = bench.run(2)
        _ = bench.send(.farewell(id(2), reason: "a lie", leaving: false, common: true))
        #expect(bench.die(1).outcome == nil)
    }

    @Test("who beats and never says where it stands is given up after long, and nothing that works is")
    func neverStands() {
        var bench = Bench(plan(last: 20))
        _ = bench.run(2)
        #expect(!bench.send(.linkFailed(id(1), view: 1, .init(suspect: 1, reason: "closed"))).halted.isEmpty)
        _ = bench.stand(1, 0)
        let patience = bench.machine.rules.phasePatience
        #expect(bench.pass(patience - .seconds(1), busy: [2], idle: [1]).deaths.isEmpty)
        #expect(bench.pass(.seconds(3), busy: [2], idle: [1]).deaths == [2])
    }

    @Test("asked to stop, whoever finishes alone waits a moment for those that may be further")
    func furtherOne() {
        var bench = Bench(plan(last: 20))
        _ = bench.run(2)
        _ = bench.send(.stopRequested(reason: "SIGTERM"))
        let halted = bench.pass(.seconds(3), idle: [1, 2])
        #expect(halted.halted == [1, 2], "\(halted.words)")
        #expect(bench.stand(1, 1).members == nil)
        #expect(bench.stand(2, 2).members == [2])
    }
}
