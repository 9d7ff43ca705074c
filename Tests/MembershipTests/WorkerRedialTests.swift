import Membership
import Testing

/// The coordinator goes, and comes back or not.
@Suite struct WorkerRedialTests {
    @Test("a running worker stands still, finds out where, and only then dials; its hello carries the state")
    func keepsState() {
        var bench = WorkerBench()
        _ = bench.running(generation: 4)
        #expect(bench.send(.disconnected(reason: "closed")).deeds == [.abandonLinks, .stand(order: 0)])
        #expect(bench.send(.stood(order: 0, .at(7))) == [.dial])
        let held = HeldState(run: "mine", generation: 4, position: .at(7))
        #expect(bench.send(.connected) == [.sayHello(held: held)])
        // The same run: the replica is kept.
        #expect(bench.send(.welcome(run: "mine", generation: 5, orphanPatience: .seconds(60))) == [.takeUp])
        #expect(bench.send(.prepared(.at(7), phases: phases)) == [.sayReady(.at(7))])
        #expect(bench.send(.view(number: 2, applied: 7)) == [.abandonLinks, .join(view: 2)])
        #expect(bench.machine.generation == 5)
    }

    @Test("one that stands still already dials at once")
    func standing() {
        var bench = WorkerBench()
        _ = bench.standing(at: 8)
        #expect(bench.send(.disconnected(reason: "closed")).deeds == [.abandonLinks, .dial])
        #expect(bench.send(.connected).held == [HeldState(run: "mine", generation: 1, position: .at(8))])
    }

    @Test("one that was halted when the connection ended says where it stands to nobody, and dials")
    func halted() {
        var bench = WorkerBench()
        _ = bench.running()
        _ = bench.send(.halt(order: 3))
        #expect(bench.send(.disconnected(reason: "closed")).deeds == [.abandonLinks, .stand(order: 0)])
        #expect(bench.send(.stood(order: 3, .at(8))) == [.dial])
        #expect(bench.send(.stood(order: 0, .at(8))).isEmpty)
    }

    @Test("one that was taking a sum or a state on dials when it has: its hello tells the place it came to")
    func levelling() {
        var bench = WorkerBench()
        _ = bench.standing(at: 7)
        _ = bench.send(.sumPiece(order: 2, applied: 8, offset: 0, count: 10, total: 10))
        #expect(bench.send(.disconnected(reason: "closed")).deeds == [.abandonLinks, .stand(order: 0)])
        #expect(bench.send(.stood(order: 2, .at(8))) == [.dial])
        #expect(bench.send(.connected).held == [HeldState(run: "mine", generation: 1, position: .at(8))])
    }

    @Test("half a transfer is forgotten with its connection")
    func halfTransfer() {
        var bench = WorkerBench()
        _ = bench.standing(at: 6)
        _ = bench.send(.statePiece(order: 2, offset: 0, count: 6, total: 10))
        _ = bench.send(.disconnected(reason: "closed"))
        _ = bench.send(.connected)
        _ = bench.send(.welcome(run: "mine", generation: 1, orphanPatience: .seconds(60)))
        _ = bench.send(.prepared(.at(6), phases: phases))
        #expect(bench.send(.statePiece(order: 2, offset: 6, count: 4, total: 10)).isEmpty)
        #expect(!bench.machine.hasEnded)
    }

    @Test("before there is a replica it just dials again, and what the engine finishes later is of no use")
    func beforeReplica() {
        var bench = WorkerBench()
        _ = bench.begin()
        _ = bench.send(.connected)
        _ = bench.send(.welcome(run: "mine", generation: 1, orphanPatience: .seconds(60)))
        #expect(bench.send(.disconnected(reason: "closed")).deeds == [.abandonLinks, .dial])
        #expect(bench.send(.prepared(.fresh(), phases: phases)).isEmpty)
        #expect(bench.send(.connected) == [.sayHello(held: nil)])
    }

    @Test("an old coordinator is hung up on and dialled again; its line says which process to end")
    func oldGeneration() {
        var bench = WorkerBench()
        _ = bench.running(generation: 4)
        _ = bench.send(.disconnected(reason: "closed"))
        _ = bench.send(.stood(order: 0, .at(7)))
        _ = bench.send(.connected)
        let directives = bench.send(.welcome(run: "mine", generation: 3, orphanPatience: .seconds(1)))
        #expect(directives.words.contains("generation 3") && directives.words.contains("end that process"))
        #expect(directives.deeds == [.hangUp, .abandonLinks, .dial])
        #expect(bench.machine.generation == 4)
        // The patience is the one that the real coordinator gave, counted from that coordinator's loss.
        #expect(bench.pass(.seconds(60)).ending == nil)
        #expect(bench.pass(.seconds(1)).ending != nil)
    }

    @Test("an orphan keeps its state for as long as the coordinator said, with a line every ten seconds, then exits 1")
    func orphanPatience() throws {
        var bench = WorkerBench(connect: .seconds(5))
        _ = bench.running(orphan: .seconds(30))
        _ = bench.pass(.seconds(1), hearing: true)
        let lost = bench.send(.disconnected(reason: "it closed its connection"))
        #expect(lost.words.contains("30 s"))
        _ = bench.send(.stood(order: 0, .at(7)))
        _ = bench.send(.dialFailed(reason: "connection refused"))
        let waiting = bench.pass(.seconds(30))
        #expect(waiting.ending == nil && waiting.count == 3 && waiting.words.contains("connection refused"))
        let ending = try #require(bench.pass(.seconds(1)).ending)
        #expect(ending.exitStatus == 1)
        #expect(try #require(ending.sentence).contains("connection refused"))
    }

    @Test("the patience begins anew with every loss")
    func patienceAnew() {
        var bench = WorkerBench()
        _ = bench.running(orphan: .seconds(30))
        _ = bench.send(.disconnected(reason: "closed"))
        _ = bench.send(.stood(order: 0, .at(7)))
        _ = bench.pass(.seconds(25))
        _ = bench.send(.connected)
        _ = bench.send(.welcome(run: "mine", generation: 2, orphanPatience: .seconds(30)))
        _ = bench.send(.prepared(.at(7), phases: phases))
        _ = bench.send(.disconnected(reason: "closed"))
        #expect(bench.pass(.seconds(30)).ending == nil)
        #expect(bench.pass(.seconds(1)).ending != nil)
    }

    @Test("a coordinator that never answered is given up after the connect timeout, which the sentence names")
    func connectPatience() throws {
        var bench = WorkerBench(connect: .seconds(20))
        _ = bench.begin()
        _ = bench.send(.dialFailed(reason: "no answer"))
        #expect(bench.pass(.seconds(20)).ending == nil)
        guard case .noCoordinator(let reason) = try #require(bench.pass(.seconds(1)).ending) else { return #expect(Bool(false)) }
        #expect(reason.contains("--connect-timeout") && reason.contains("no answer"))
    }

    @Test("a coordinator that falls silent is given up after eight seconds and dialled again; the state is kept")
    func silent() {
        var bench = WorkerBench()
        _ = bench.running()
        _ = bench.send(.heard)
        #expect(bench.pass(.seconds(8)).isEmpty)
        let directives = bench.pass(.seconds(1))
        #expect(directives.deeds == [.hangUp, .abandonLinks, .stand(order: 0)] && directives.words.contains("silent"))
        #expect(!bench.machine.hasEnded)
        #expect(bench.send(.disconnected(reason: "closed")).isEmpty)  // its own doing
    }

    @Test("a worker that was stopped itself judges nobody by that time")
    func lateTick() {
        var bench = WorkerBench()
        _ = bench.running()
        _ = bench.pass(.seconds(2), hearing: true)
        bench.now += .seconds(100)
        #expect(bench.send(.tick).isEmpty)
        #expect(bench.pass(.seconds(8)).isEmpty)
    }

    @Test("asked to leave, a member says so and works on until it is let go")
    func leaves() {
        var bench = WorkerBench()
        _ = bench.running()
        #expect(bench.send(.leaveRequested(reason: "SIGTERM")) == [.sayFarewell(reason: "SIGTERM", leaving: true)])
        #expect(bench.send(.batch(step: 0, view: 1)) == [.run(step: 0)])
        _ = bench.send(.halt(order: 1))
        _ = bench.send(.stood(order: 1, .at(3)))
        #expect(bench.send(.stop(reason: "it left", failed: false)).ending == .done)
    }

    @Test("asked to leave without a coordinator, or before there is a state, it goes at once")
    func leavesAtOnce() {
        var dialling = WorkerBench()
        _ = dialling.begin()
        #expect(dialling.send(.leaveRequested(reason: "SIGTERM")).ending == .done)
        var preparing = WorkerBench()
        _ = preparing.send(.connected)
        #expect(preparing.send(.leaveRequested(reason: "SIGTERM")).ending == .done)
        var leaving = WorkerBench()
        _ = leaving.running()
        _ = leaving.send(.leaveRequested(reason: "SIGTERM"))
        #expect(leaving.send(.disconnected(reason: "closed")).ending == .done)
    }

    @Test("links that fail while there is no coordinator are no news")
    func linksWithoutCoordinator() {
        var bench = WorkerBench()
        _ = bench.running()
        _ = bench.send(.disconnected(reason: "closed"))
        #expect(bench.send(.linkFailed(view: 1, .init(suspect: 1, reason: "closed"))).isEmpty)
    }
}
