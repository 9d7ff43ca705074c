import Membership
import Testing

/// Two that live and cannot keep a link are not made neighbours again.
@Suite struct PairTests {
    /// A broken link between two ranks of the present view, which both accuse each other of, after which everybody says where
    /// it stands. `ring`: the members by rank.
    private func breakLink(
        _ bench: inout Bench, by number: UInt64, suspect: Int?, dialling: Bool = false, all: [UInt64], ring: [UInt64]? = nil
    ) -> [CoordinatorDirective] {
        let view = bench.machine.view
        let ring = ring ?? all
        var directives = bench.send(
            .linkFailed(id(number), view: view, .init(suspect: suspect, kind: dialling ? .neverUp : .closed, reason: "closed")))
        if !dialling, let suspect, let rank = ring.firstIndex(of: number) {
            directives += bench.send(
                .linkFailed(id(ring[suspect]), view: view, .init(suspect: rank, reason: "closed")))
        }
        for member in all { directives += bench.stand(member, 1) }
        return directives
    }

    /// Two that cannot reach each other before anything is done, twice: both say so of the second view as well.
    private func cannotReach(_ bench: inout Bench, server: Bool = false) -> [CoordinatorDirective] {
        let suspects: [Int?] = server ? [nil, nil] : [1, 0]
        let view = bench.machine.view
        var directives: [CoordinatorDirective] = []
        for (number, suspect) in zip([1, 2] as [UInt64], suspects) {
            directives += bench.send(
                .linkFailed(
                    id(number), view: view,
                    .init(suspect: suspect, kind: .neverUp, incoming: !server && number == 2, reason: "connection refused")))
        }
        for number in [1, 2] as [UInt64] where directives.outcome == nil { directives += bench.stand(number, 0) }
        return directives
    }

    @Test("neighbours that cannot be dialled before anything is done are named, and the summation server stands in")
    func undiallable() throws {
        var bench = Bench(plan())
        _ = bench.gather(2)
        #expect(cannotReach(&bench).views.last?.ring == true)
        let second = cannotReach(&bench)
        #expect(second.outcome == nil && second.views.last?.ring == false && second.members == [1, 2])
        for part in ["worker 1", "worker 2", "summation server", "--topology server"] {
            #expect(second.words.contains(part), "\(second.words)")
        }
    }

    @Test("where nobody reaches the server either, a run that has done nothing ends and says so")
    func unreachable() throws {
        var bench = Bench(plan())
        _ = bench.gather(2)
        for _ in 0..<2 { _ = cannotReach(&bench) }
        #expect(cannotReach(&bench, server: true).outcome == nil, "once may be a chance")
        let reason = try #require(cannotReach(&bench, server: true).failure)
        #expect(reason.contains("the summation server") && reason.contains("connection refused"), "\(reason)")
    }

    @Test("a link that broke once is made again; the other neighbour's news of the same break changes nothing")
    func once() {
        var bench = Bench(plan())
        _ = bench.run(2)
        let broken = bench.send(.linkFailed(id(1), view: 1, .init(suspect: 1, reason: "closed")))
        #expect(broken.halted == [1, 2] && broken.deaths.isEmpty)
        #expect(bench.send(.linkFailed(id(2), view: 1, .init(suspect: 0, reason: "closed"))).isEmpty)
        _ = bench.stand(1, 1)
        #expect(bench.stand(2, 1).members == [1, 2])
    }

    @Test("a pair that failed is kept apart where the ring is long enough")
    func keptApart() throws {
        var bench = Bench(plan(workers: 4...4))
        _ = bench.run(4)
        let ring = try #require(breakLink(&bench, by: 1, suspect: 1, all: [1, 2, 3, 4]).members)
        #expect(ring.sorted() == [1, 2, 3, 4])
        let first = try #require(ring.firstIndex(of: 1))
        #expect(ring[(first + 1) % 4] != 2 && ring[(first + 3) % 4] != 2, "\(ring)")
    }

    @Test("one that cannot dial another is only turned round: the other may dial it")
    func directed() {
        var bench = Bench(plan(workers: 3...3))
        _ = bench.run(3)
        _ = breakLink(&bench, by: 3, suspect: 0, all: [1, 2, 3])  // no matter here: it makes a second view
        _ = breakLink(&bench, by: 1, suspect: 1, dialling: true, all: [1, 2, 3])
        #expect(breakLink(&bench, by: 1, suspect: 1, dialling: true, all: [1, 2, 3]).members == [1, 3, 2])
    }

    @Test("where no ring is left the summation server stands in, and the pair is named; where that cannot be had one stands aside")
    func aside() {
        var bench = Bench(plan(last: 20))
        _ = bench.run(2)
        _ = breakLink(&bench, by: 1, suspect: 1, all: [1, 2])
        let served = breakLink(&bench, by: 1, suspect: 1, all: [1, 2])
        #expect(served.members == [1, 2] && served.views.last?.ring == false)
        for part in ["worker 1", "worker 2", "summation server", "--topology server"] {
            #expect(served.words.contains(part), "\(served.words)")
        }
        #expect(bench.send(.noServer(reason: "the port is taken")).halted == [1, 2])
        _ = bench.stand(1, 1)
        let formed = bench.stand(2, 1)
        #expect(formed.members == [1] && formed.outcome == nil)
        for part in ["worker 1", "worker 2", "stands aside", "--topology server"] {
            #expect(formed.words.contains(part), "\(formed.words)")
        }
        // No boundary is made for a worker that would have to stand aside again.
        #expect(bench.link([1]).batches == [0, 1, 2, 3])
        #expect(bench.train([1], steps: 1...1).batches == [4])
    }

    @Test("who stands aside is taken in again when the other of the pair is gone and somebody else is there")
    func backFromAside() {
        var bench = Bench(plan(workers: 3...3, last: 20))
        _ = bench.run(3)
        _ = breakLink(&bench, by: 1, suspect: 1, all: [1, 2, 3])
        #expect(breakLink(&bench, by: 1, suspect: 1, all: [1, 2, 3]).views.last?.ring == false)
        _ = bench.send(.noServer(reason: "the port is taken"))
        for number in [1, 2] as [UInt64] { _ = bench.stand(number, 1) }
        #expect(bench.stand(3, 1).members?.count == 2)
        _ = bench.link([1, 3])
        _ = bench.die(1)
        #expect(bench.stand(3, 4).members == [3])
        #expect(bench.link([3]).batches == [1])
        #expect(bench.report(3, steps: 2).halted == [3])
        #expect(bench.stand(3, 6).states == [StateRelay(from: 3, to: [2], step: 2)])
    }

    @Test("a link between two that live, which broke because of a third one's death, is not held against them")
    func excused() {
        var bench = Bench(plan(workers: 4...4, last: 20))
        _ = bench.run(4)
        // The first hears of the death, closes its other links too, and the fourth's news of that comes before the first's.
        _ = bench.send(.linkFailed(id(4), view: 1, .init(suspect: 0, reason: "closed")))
        _ = bench.die(2)
        for member in [1, 3, 4] as [UInt64] { _ = bench.stand(member, 1) }
        _ = bench.link([1, 3, 4])
        _ = bench.send(.linkFailed(id(3), view: 2, .init(suspect: 0, incoming: true, reason: "closed")))
        _ = bench.die(4)
        _ = bench.stand(1, 2)
        #expect(bench.stand(3, 2).members == [1, 3])
        // A failure that no death explains counts.
        _ = bench.link([1, 3])
        _ = breakLink(&bench, by: 3, suspect: 0, all: [], ring: [1, 3])
        _ = bench.stand(1, 3)
        #expect(bench.stand(3, 3).views.last?.ring == true)
        _ = bench.link([1, 3])
        _ = breakLink(&bench, by: 3, suspect: 0, all: [], ring: [1, 3])
        _ = bench.stand(1, 3)
        #expect(bench.stand(3, 3).views.last?.ring == false)
    }

    @Test("with the server topology a worker that loses the server twice stands aside; with none left the run ends in words")
    func server() throws {
        var bench = Bench(plan(last: 20, ring: false))
        _ = bench.run(2)
        _ = breakLink(&bench, by: 1, suspect: nil, all: [1, 2])
        let formed = breakLink(&bench, by: 1, suspect: nil, all: [1, 2])
        #expect(formed.members == [2] && formed.words.contains("the summation server"), "\(formed.words)")
        // All may try once more where the run stands; then it ends.
        var failure: String?
        for _ in 0..<8 where failure == nil {
            failure = breakLink(&bench, by: 2, suspect: nil, all: [2]).failure
            if failure == nil { failure = breakLink(&bench, by: 1, suspect: nil, all: [1, 2]).failure }
        }
        let reason = try #require(failure)
        #expect(reason.contains("--data-port"), "\(reason)")
    }

    @Test("news of a link of another view, or from who is no member, changes nothing")
    func stale() {
        var bench = Bench(plan())
        _ = bench.run(2)
        #expect(bench.send(.linkFailed(id(1), view: 0, .init(suspect: 1, reason: "old"))).isEmpty)
        _ = bench.greet(3)
        #expect(bench.send(.linkFailed(id(3), view: 1, .init(suspect: 1, reason: "odd"))).isEmpty)
    }
}

@Suite struct RingOrderTests {
    typealias Pair = RingOrder.Pair

    private func holds(_ ring: [UInt32], _ barred: Set<Pair>) -> Bool {
        ring.count < 2 || ring.indices.allSatisfy { !barred.contains(Pair(from: ring[$0], to: ring[($0 + 1) % ring.count])) }
    }

    @Test("without barred pairs the members stand in order")
    func order() { #expect(RingOrder(members: [2, 5, 9], barred: []).arranged() == [2, 5, 9]) }

    @Test("any one barred direction leaves every ring of three or more whole", arguments: 3...7)
    func oneDirection(count: Int) {
        let members = Array(1...UInt32(count))
        for from in members {
            for to in members where to != from {
                let barred: Set<Pair> = [Pair(from: from, to: to)]
                let ring = RingOrder(members: members, barred: barred).arranged()
                #expect(ring.sorted() == members && holds(ring, barred), "\(from) to \(to): \(ring)")
            }
        }
    }

    @Test("of two that cannot reach each other the later one stands aside")
    func two() { #expect(RingOrder(members: [1, 2], barred: [Pair(from: 1, to: 2)]).arranged() == [1]) }

    @Test("who can reach nobody is the one left out")
    func worst() {
        let barred = Set([1, 2, 4, 5].flatMap { [Pair(from: 3, to: $0), Pair(from: $0, to: 3)] })
        #expect(RingOrder(members: [1, 2, 3, 4, 5], barred: barred).arranged() == [1, 2, 4, 5])
    }

    @Test("random barred pairs: what is arranged is a ring without any of them, and nobody is left out needlessly")
    func random() {
        let seed = UInt64.random(in: .min ... .max)
        var state = seed
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(bound))
        }
        for _ in 0..<200 {
            let count = 2 + next(7)
            let members = Array(1...UInt32(count))
            var barred: Set<Pair> = []
            for _ in 0..<next(5) {
                let (from, to) = (members[next(count)], members[next(count)])
                if from != to { barred.insert(Pair(from: from, to: to)) }
            }
            let ring = RingOrder(members: members, barred: barred).arranged()
            #expect(!ring.isEmpty && Set(ring).count == ring.count && holds(ring, barred), "seed \(seed): \(ring), \(barred)")
            if barred.isEmpty { #expect(ring == members) }
        }
    }

    @Test("a hundred members of whom many pairs are barred are arranged without a long search")
    func many() {
        let members = Array(1...UInt32(100))
        let barred = Set(members.dropLast().map { Pair(from: $0, to: $0 + 1) })
        let ring = RingOrder(members: members, barred: barred).arranged()
        #expect(ring.count == 100 && holds(ring, barred))
    }
}
