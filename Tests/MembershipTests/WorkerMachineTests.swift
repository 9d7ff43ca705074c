import Membership
import Testing

/// What a worker does in a run where nothing goes wrong, and with messages that make no sense.
@Suite struct WorkerMachineTests {
    @Test("a worker greets, prepares, joins a view, and runs what it is given in order")
    func worksInOrder() {
        var bench = WorkerBench()
        #expect(bench.begin() == [.dial])
        #expect(bench.send(.connected) == [.sayHello(held: nil)])
        #expect(bench.send(.welcome(run: "mine", generation: 1, orphanPatience: .seconds(60))) == [.prepare])
        #expect(bench.send(.prepared(.fresh(), phases: phases)) == [.sayReady(.fresh())])
        #expect(bench.send(.view(number: 1, applied: 0)) == [.abandonLinks, .join(view: 1)])
        #expect(bench.send(.linksUp(view: 1)) == [.sayLinksUp(view: 1)])
        #expect(bench.send(.batch(step: 0, view: 1)) == [.run(step: 0)])
        #expect(bench.send(.snapshotRequest(step: 1, order: 0, view: 1)) == [.copyState(step: 1, order: 0)])
        #expect(bench.send(.batch(step: 1, view: 1)) == [.run(step: 1)])
        #expect(bench.send(.stop(reason: "the run is done", failed: false)) == [.abandonLinks, .exit(.done)])
        #expect(bench.machine.hasEnded)
    }

    @Test("a view that begins within a step is joined where the replica stands, and its step's images come again")
    func midStep() {
        var bench = WorkerBench()
        _ = bench.running()
        #expect(bench.send(.halt(order: 4)) == [.abandonLinks, .stand(order: 4)])
        #expect(bench.send(.stood(order: 4, .at(7))) == [.sayPosition(order: 4, .at(7))])
        #expect(bench.send(.view(number: 2, applied: 7)) == [.abandonLinks, .join(view: 2)])
        #expect(bench.send(.batch(step: 2, view: 2)) == [.run(step: 2)])
    }

    @Test("a newer view's links count, and news of the old one is ignored")
    func newerView() {
        var bench = WorkerBench()
        _ = bench.running()
        _ = bench.send(.halt(order: 1))
        _ = bench.send(.stood(order: 1, .at(0)))
        #expect(bench.send(.view(number: 2, applied: 0)) == [.abandonLinks, .join(view: 2)])
        #expect(bench.machine.view == 2)
        #expect(bench.send(.linksUp(view: 1)).isEmpty)
        #expect(bench.send(.linkFailed(view: 1, .init(suspect: 0, reason: "old"))).isEmpty)
        #expect(bench.send(.batch(step: 0, view: 1)).isEmpty)
        #expect(bench.send(.snapshotRequest(step: 0, order: 0, view: 1)).isEmpty)
        #expect(bench.send(.linksUp(view: 2)) == [.sayLinksUp(view: 2)])
    }

    @Test("after a broken link the batches still under way are let go by, and a verdict is awaited")
    func brokenLink() {
        var bench = WorkerBench()
        _ = bench.running()
        #expect(
            bench.send(.linkFailed(view: 1, .init(suspect: 1, reason: "closed")))
                == [.abandonLinks, .sayLinkFailed(view: 1, .init(suspect: 1, reason: "closed"))])
        #expect(bench.machine.stage == .standing)
        #expect(bench.send(.batch(step: 0, view: 1)).isEmpty)
        #expect(bench.send(.snapshotRequest(step: 1, order: 0, view: 1)).isEmpty)
        // The other neighbour's link breaks as well: that is the same news.
        #expect(bench.send(.linkFailed(view: 1, .init(suspect: 2, reason: "closed"))).isEmpty)
        #expect(!bench.machine.hasEnded)
    }

    @Test("a member one phase ahead streams its sum, one behind applies it when all of it is there, and says where it stands")
    func sums() {
        var holder = WorkerBench()
        _ = holder.standing(at: 8)
        #expect(holder.send(.sumRequest(order: 2, applied: 8)) == [.sendSum(order: 2, applied: 8)])
        var behind = WorkerBench()
        _ = behind.standing(at: 7)
        #expect(behind.send(.sumPiece(order: 2, applied: 8, offset: 0, count: 6, total: 10)).isEmpty)
        #expect(
            behind.send(.sumPiece(order: 2, applied: 8, offset: 6, count: 4, total: 10)) == [.applySum(order: 2, applied: 8)])
        #expect(behind.send(.stood(order: 2, .at(8))) == [.sayPosition(order: 2, .at(8))])
    }

    @Test("a newcomer takes a state on when all of it is there; one that is cut off and begun anew counts from its start")
    func states() {
        var bench = WorkerBench()
        _ = bench.prepared()
        #expect(bench.send(.statePiece(order: 2, offset: 0, count: 6, total: 10)).isEmpty)
        // Its source died: the next one's stream begins at 0 under another order, and stragglers of the first are ignored.
        #expect(bench.send(.statePiece(order: 3, offset: 0, count: 5, total: 10)).isEmpty)
        #expect(bench.send(.statePiece(order: 2, offset: 6, count: 4, total: 10)).isEmpty)
        #expect(bench.send(.statePiece(order: 3, offset: 5, count: 5, total: 10)) == [.restore(order: 3)])
        #expect(bench.send(.stood(order: 3, .at(6, digest: [1]))) == [.sayPosition(order: 3, .at(6, digest: [1]))])
        #expect(bench.send(.view(number: 5, applied: 6)) == [.abandonLinks, .join(view: 5)])
    }

    @Test("a member streams the state others wait for where it stands, and no other")
    func source() {
        var bench = WorkerBench()
        _ = bench.standing(at: 6)
        #expect(bench.send(.snapshotRequest(step: 2, order: 4, view: 0)) == [.copyState(step: 2, order: 4)])
        #expect(bench.send(.stood(order: 4, .at(6, digest: [1]))) == [.sayPosition(order: 4, .at(6, digest: [1]))])
        _ = bench.send(.snapshotRequest(step: 3, order: 5, view: 0))
        #expect(bench.machine.hasEnded)
    }

    @Test("endings have the exit status of the contract, and a sentence where something went wrong")
    func endings() {
        let all: [(WorkerEnding, Int32)] = [
            (.done, 0), (.refused("x"), 78), (.runFailed("x"), 1), (.lostCoordinator("x"), 1), (.noCoordinator("x"), 1),
            (.failed("x"), 1),
        ]
        for (ending, status) in all {
            #expect(ending.exitStatus == status)
            #expect((ending.sentence == nil) == (ending == .done))
        }
    }

    @Test("a refusal and a run that failed elsewhere end the worker")
    func endedFromOutside() {
        var refused = WorkerBench()
        _ = refused.send(.connected)
        #expect(refused.send(.refused("another build")) == [.abandonLinks, .exit(.refused("another build"))])
        var failed = WorkerBench()
        _ = failed.running()
        #expect(failed.send(.stop(reason: "the disk is full", failed: true)).ending == .runFailed("the disk is full"))
    }

    @Test("an engine that cannot go on says so, and whether every member meets the same", arguments: [false, true])
    func engineFails(common: Bool) {
        var bench = WorkerBench()
        _ = bench.running()
        #expect(
            bench.send(.failed(reason: "no memory", common: common))
                == [
                    .abandonLinks, .sayFarewell(reason: "no memory", leaving: false, common: common), .abandonLinks,
                    .exit(.failed("no memory")),
                ])
    }

    // MARK: What makes no sense

    static let confusing: [WorkerEvent] = [
        .batch(step: 1, view: 1), .batch(step: 7, view: 1), .view(number: 2, applied: 0), .sumRequest(order: 1, applied: 1),
        .sumPiece(order: 1, applied: 1, offset: 0, count: 1, total: 2), .statePiece(order: 1, offset: 0, count: 1, total: 2),
        .snapshotRequest(step: 4, order: 0, view: 1), .snapshotRequest(step: 0, order: 3, view: 1),
        .welcome(run: "mine", generation: 1, orphanPatience: .seconds(1)),
    ]

    @Test("what no coordinator of this build sends to a running worker ends it with a farewell", arguments: confusing)
    func confused(event: WorkerEvent) throws {
        var bench = WorkerBench()
        _ = bench.running()
        let directives = bench.send(event)
        #expect(directives.contains { if case .sayFarewell(_, false, false) = $0 { true } else { false } })
        guard case .failed(let reason) = try #require(directives.ending) else { return #expect(Bool(false)) }
        #expect(reason.contains("broke the protocol"))
    }

    @Test("a view that does not rise, or begins elsewhere than this replica stands, ends the worker", arguments: [(1, 6), (2, 3)])
    func wrongView(number: UInt64, applied: UInt64) {
        var bench = WorkerBench()
        _ = bench.running()
        _ = bench.send(.halt(order: 1))
        _ = bench.send(.stood(order: 1, .at(6)))
        _ = bench.send(.view(number: number, applied: applied))
        #expect(bench.machine.hasEnded)
    }

    @Test("a view before this worker has said where it stands ends it")
    func earlyView() {
        var bench = WorkerBench()
        _ = bench.running()
        _ = bench.send(.halt(order: 1))
        _ = bench.send(.view(number: 2, applied: 0))
        #expect(bench.machine.hasEnded)
    }

    @Test("a piece out of its place ends the worker with a sentence", arguments: [(7, 3), (6, 5), (6, 0)])
    func outOfPlace(offset: UInt64, count: UInt64) {
        var bench = WorkerBench()
        _ = bench.prepared()
        _ = bench.send(.statePiece(order: 1, offset: 0, count: 6, total: 10))
        _ = bench.send(.statePiece(order: 1, offset: offset, count: count, total: 10))
        #expect(bench.machine.hasEnded)
    }

    @Test("a halt before there is a replica ends the worker")
    func earlyHalt() {
        var bench = WorkerBench()
        _ = bench.send(.connected)
        _ = bench.send(.halt(order: 1))
        #expect(bench.machine.hasEnded)
    }
}
