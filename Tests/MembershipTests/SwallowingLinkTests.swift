import Membership
import Testing

/// Exchanges that stand still although every member has done its part: the links are at fault, and the run finds another way.
@Suite struct SwallowingLinkTests {
    /// Members that have contributed to the first phase of the view and wait. `lost`: the rank whose writes do not arrive; `copying`:
    /// they send a copy of the state all the time.
    private func wait(
        _ bench: inout Bench, _ numbers: [UInt64], lost: Int?, seconds: Int, copying: Bool = false
    ) -> [CoordinatorDirective] {
        let view = bench.machine.view
        var directives: [CoordinatorDirective] = []
        for _ in 0..<seconds {
            bench.now += .seconds(1)
            for (rank, number) in numbers.enumerated() {
                let before = (rank + numbers.count - 1) % numbers.count
                let links = LinkProgress(view: view, sent: 1000, received: before == lost ? 400 : 1000)
                let moved = copying ? UInt64(bench.now.components.seconds) * 100_000 : 0
                directives += bench.send(
                    .heartbeat(id(number), Beat(work: 7, applied: 0, contributed: 1, moved: moved, links: [links])))
            }
            directives += bench.send(.tick)
            if !directives.halted.isEmpty { break }
        }
        return directives
    }

    @Test("after six seconds a new view begins, and the link whose bytes did not arrive is named")
    func deadline() {
        var bench = Bench(plan(workers: 3...3, last: 20))
        _ = bench.run(3)
        let directives = wait(&bench, [1, 2, 3], lost: 1, seconds: 9)
        #expect(directives.halted == [1, 2, 3] && directives.deaths.isEmpty)
        #expect(directives.words.contains("worker 2") && directives.words.contains("worker 3"))
        #expect(!directives.words.contains("worker 1 "), "\(directives.words)")
        #expect(bench.now <= .seconds(9))
    }

    @Test("where workers are called otherwise than links are counted, the pair that is kept apart is still the one at fault")
    func labels() {
        var bench = Bench(plan(workers: 4...4, last: 20, supervised: true))
        for number in 1...4 as ClosedRange<UInt64> {
            var named = identity(number)
            named.number = UInt32(number - 1)
            _ = bench.send(.hello(id(number), named))
            _ = bench.send(.ready(id(number), fingerprint: [1], .fresh()))
        }
        _ = bench.link([1, 2, 3, 4])
        // What the worker of rank 0, "worker 0", writes does not arrive at that of rank 1.
        let directives = wait(&bench, [1, 2, 3, 4], lost: 0, seconds: 9)
        #expect(directives.halted == [1, 2, 3, 4])
        #expect(directives.words.contains("worker 0") && directives.words.contains("worker 1"), "\(directives.words)")
        let again = [1, 2, 3, 4].flatMap { bench.stand($0, 0) }
        let ring = again.members ?? []
        let pairs = ring.indices.map { [ring[$0], ring[($0 + 1) % ring.count]] }
        #expect(ring.sorted() == [1, 2, 3, 4] && !pairs.contains([1, 2]) && !pairs.contains([2, 1]), "\(ring)")
    }

    @Test("a copy of the state that leaves for minutes hides no link that stands still, nor holds up who asks to stop")
    func behindACopy() {
        var bench = Bench(plan(workers: 3...3, last: 20, everySteps: 1))
        _ = bench.run(3)
        var stopped = bench
        let directives = wait(&bench, [1, 2, 3], lost: 1, seconds: 9, copying: true)
        #expect(directives.halted == [1, 2, 3] && directives.deaths.isEmpty && directives.words.contains("worker 2"))
        _ = stopped.send(.stopRequested(reason: "SIGINT"))
        #expect(wait(&stopped, [1, 2, 3], lost: 1, seconds: 1, copying: true).halted.isEmpty)
        // An earlier copy that arrives is no progress of the step that must be finished.
        _ = stopped.send(.snapshotStored(step: 1))
        #expect(wait(&stopped, [1, 2, 3], lost: 1, seconds: 3, copying: true).halted == [1, 2, 3])
    }

    @Test("as long as bytes arrive anywhere, or somebody works, nobody is disturbed")
    func slowIsNotStill() {
        var bench = Bench(plan(last: 20))
        _ = bench.run(2)
        for second in 1...30 {
            bench.now += .seconds(1)
            for number in [1, 2] as [UInt64] {
                let links = LinkProgress(view: 1, sent: 1000, received: UInt64(second))
                #expect(bench.send(.heartbeat(id(number), Beat(work: 7, applied: 0, contributed: 1, links: [links]))).isEmpty)
            }
            #expect(bench.send(.tick).isEmpty)
        }
    }

    @Test("the same again: the summation server stands in for a ring of two, which is said, and later the ring is tried again")
    func standIn() throws {
        var bench = Bench(plan(last: 2000))
        _ = bench.run(2)
        _ = wait(&bench, [1, 2], lost: 0, seconds: 9)
        _ = bench.stand(1, 0)
        #expect(bench.stand(2, 0).views.last?.ring == true)
        _ = bench.link([1, 2])
        _ = wait(&bench, [1, 2], lost: 0, seconds: 9)
        _ = bench.stand(1, 0)
        let formed = bench.stand(2, 0)
        #expect(formed.members == [1, 2] && formed.views.last?.ring == false)
        #expect(formed.words.contains("summation server") && formed.words.contains("worker 1"), "\(formed.words)")
        #expect(bench.now < .seconds(20))
        _ = bench.link([1, 2])
        _ = bench.train([1, 2], steps: 1...30)
        bench.now += bench.machine.rules.ringRetry
        let paused = bench.train([1, 2], steps: 31...34)
        #expect(paused.halted == [1, 2])
        _ = bench.stand(1, 34 * phases)
        #expect(bench.stand(2, 34 * phases).views.last?.ring == true)
    }

    @Test("four members: the pair is kept apart at once, since that costs nothing")
    func anotherOrder() throws {
        var bench = Bench(plan(workers: 4...4, last: 20))
        _ = bench.run(4)
        _ = wait(&bench, [1, 2, 3, 4], lost: 0, seconds: 9)
        for number in 1...UInt64(3) { _ = bench.stand(number, 0) }
        let ring = try #require(bench.stand(4, 0).members)
        let first = try #require(ring.firstIndex(of: 1))
        #expect(ring.sorted() == [1, 2, 3, 4] && ring[(first + 1) % 4] != 2 && ring[(first + 3) % 4] != 2, "\(ring)")
    }

    @Test("what one side saw itself counts without the other's word; a link that was merely closed does not")
    func oneSided() {
        var bench = Bench(plan(workers: 4...4, last: 20))
        _ = bench.run(4)
        _ = bench.send(.linkFailed(id(1), view: 1, .init(suspect: 1, kind: .closed, reason: "closed")))
        for number in 1...UInt64(3) { _ = bench.stand(number, 1) }
        #expect(bench.stand(4, 1).members == [1, 2, 3, 4])
        _ = bench.link([1, 2, 3, 4])
        _ = bench.send(.linkFailed(id(1), view: 2, .init(suspect: 1, kind: .observed, reason: "moved no byte")))
        for number in 1...UInt64(3) { _ = bench.stand(number, 1) }
        #expect(bench.stand(4, 1).members != [1, 2, 3, 4])
    }

    @Test("who was not dialled in time suspects the dialler, not the other way round")
    func acceptedInVain() {
        var bench = Bench(plan(workers: 3...3, last: 20))
        _ = bench.run(3)
        for view in 1...UInt64(2) {
            // Rank 1 waits in vain for rank 0.
            _ = bench.send(
                .linkFailed(id(2), view: view, .init(suspect: 0, kind: .neverUp, incoming: true, reason: "not made")))
            for number in [1, 2] as [UInt64] { _ = bench.stand(number, 1) }
            let formed = bench.stand(3, 1)
            if view == 1 { _ = bench.link([1, 2, 3]) } else { #expect(formed.members == [1, 3, 2], "1 no longer dials 2") }
        }
    }

    @Test("with a summation server the links to it are compared with what the server has read and written")
    func server() {
        var bench = Bench(plan(last: 20, ring: false))
        _ = bench.run(2)
        var directives: [CoordinatorDirective] = []
        for _ in 0..<9 where directives.halted.isEmpty {
            bench.now += .seconds(1)
            for number in [1, 2] as [UInt64] {
                let links = LinkProgress(view: 1, sent: 500, received: 100)
                directives += bench.send(.heartbeat(id(number), Beat(work: 7, applied: 0, contributed: 1, links: [links])))
            }
            directives += bench.send(
                .serverLinks(
                    view: 1,
                    [0: LinkProgress(view: 1, sent: 100, received: 500), 1: LinkProgress(view: 1, sent: 300, received: 500)]))
            directives += bench.send(.tick)
        }
        #expect(directives.halted == [1, 2] && directives.words.contains("the summation server"))
        #expect(directives.words.contains("worker 2") && !directives.words.contains("worker 1 "), "\(directives.words)")
    }

    @Test("asked to stop while nothing moves, one worker finishes the step alone, and its state is stored")
    func stopped() {
        var bench = Bench(plan(last: 20))
        _ = bench.run(2)
        _ = wait(&bench, [1, 2], lost: 0, seconds: 2)
        _ = bench.send(.stopRequested(reason: "SIGINT"))
        let asked = bench.now
        let halted = wait(&bench, [1, 2], lost: 0, seconds: 9)
        #expect(halted.halted == [1, 2] && bench.now - asked <= .seconds(4))
        // The first is cut off and answers nothing: it is not waited for.
        #expect(bench.stand(2, 1).members == nil)
        bench.now += .seconds(1)
        _ = bench.send(.heartbeat(id(1), Beat(work: 7, applied: 0, contributed: 1)))
        let formed = bench.send(.tick)
        #expect(formed.members == [2] && formed.views.last?.members.first?.shards == 0..<4)
        #expect(bench.link([2]).batches == [0])
        #expect(bench.report(2, steps: 1).snapshots == [1])
        #expect(bench.send(.snapshotStored(step: 1)).outcome == .stopped(step: 1, reason: "SIGINT"))
    }
}
