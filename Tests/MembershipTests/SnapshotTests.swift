import Membership
import Testing

/// Copies of the state: when and from whom they are requested, and what happens when the source dies.
@Suite struct SnapshotTests {
    @Test("checkpoints come by steps, by epochs and by the clock")
    func cadence() {
        var bySteps = Bench(plan(last: 20, everySteps: 2))
        #expect(bySteps.run(2).snapshots == [2, 4])
        var byClock = Bench(plan(last: 20, everySeconds: 3))
        _ = byClock.run(2)
        #expect(byClock.pass(.seconds(4), busy: [1, 2]).snapshots == [4])
    }

    @Test("a run does not outrun its snapshots: no batch goes out while three are pending, and one stored lets it go on")
    func backlog() {
        var bench = Bench(plan(last: 20, everySteps: 1))
        #expect(bench.run(2).batches == [0, 1, 2])
        #expect(bench.train([1, 2], steps: 1...3).batches.isEmpty)
        #expect(bench.send(.snapshotStored(step: 1)).batches == [3])
    }

    @Test("a disk that takes no checkpoint ends the run with its error")
    func diskFull() throws {
        var bench = Bench(plan(last: 20, everySteps: 2))
        _ = bench.run(2)
        let first = try #require(bench.send(.snapshotFailed(step: 2, reason: "no space left")).failure)
        #expect(
            first.contains("no space left; there is no older checkpoint, and `lockstep resume latest` begins at the start"),
            "\(first)"
        )
        var later = Bench(plan(last: 20, everySteps: 2))
        _ = later.run(2)
        _ = later.train([1, 2], steps: 1...2)
        _ = later.send(.snapshotStored(step: 2))
        let second = try #require(later.send(.snapshotFailed(step: 4, reason: "no space left")).failure)
        #expect(
            second.contains("the older checkpoints are kept, and `lockstep resume latest` goes on from the newest"), "\(second)")
        var other = Bench(plan(last: 20, everySteps: 2))
        _ = other.run(2)
        #expect(other.send(.snapshotFailed(step: 1, reason: "nobody asked for it")).isEmpty)
    }

    @Test("a checkpoint whose source dies over it is asked for again at the next boundary")
    func carried() {
        var bench = Bench(plan(workers: 3...3, last: 20, everySteps: 2))
        _ = bench.run(3)
        _ = bench.train([1, 2, 3], steps: 1...2)
        let death = bench.die(1)
        #expect(death.forgotten == [2, 4, 6])
        _ = bench.stand(2, 7)
        _ = bench.stand(3, 7)
        let linked = bench.link([2, 3])
        #expect(linked.batches == [2, 3, 4, 5])
        #expect(
            linked.requests == [
                SnapshotRequest(from: 2, step: 3, purposes: .checkpoint), SnapshotRequest(from: 2, step: 4, purposes: .checkpoint),
                SnapshotRequest(from: 2, step: 6, purposes: .checkpoint),
            ])
    }

    @Test("a source that lives and has begun its copy is not asked again; one that was halted before is")
    func begun() {
        var bench = Bench(plan(workers: 3...3, last: 20, everySteps: 2))
        _ = bench.run(3)
        _ = bench.train([1, 2, 3], steps: 1...2)
        _ = bench.die(3)
        _ = bench.stand(1, 7, copied: 2)
        _ = bench.stand(2, 7)
        #expect(bench.link([1, 2]).snapshots == [4, 6])
        var halted = Bench(plan(workers: 3...3, last: 20, everySteps: 2))
        _ = halted.run(3)
        _ = halted.die(3)
        _ = halted.stand(1, 4)
        _ = halted.stand(2, 4)
        #expect(halted.link([1, 2]).snapshots == [2, 4])
    }

    @Test("an evaluation that was lost with its source is served by the next boundary, whatever that is asked for")
    func carriedPurposes() {
        var bench = Bench(plan(last: 40, stepsPerEpoch: 2, ring: false, everySeconds: 1, evaluateEveryEpochs: 8))
        _ = bench.run(2)
        _ = bench.train([1, 2], steps: 1...13)
        _ = bench.die(1)
        _ = bench.stand(2, 46)
        #expect(bench.link([2]).requests == [SnapshotRequest(from: 2, step: 16, purposes: .evaluation)])
        _ = bench.train([2], steps: 16...17)
        // Its copy had not begun when the link broke; then somebody asks the run to stop.
        _ = bench.send(.linkFailed(id(2), view: 2, .init(suspect: nil, reason: "closed")))
        _ = bench.stand(2, 51)
        #expect(bench.send(.stopRequested(reason: "SIGTERM")).snapshots.isEmpty)
        let linked = bench.link([2])
        #expect(linked.requests == [SnapshotRequest(from: 2, step: 17, purposes: [.checkpoint, .evaluation, .last])])
    }

    @Test(
        "a copy that has come in and waits for a slow disk is held against nobody, and is not asked for again when its source dies")
    func slowDisk() {
        var bench = Bench(plan(last: 40, everySteps: 8))
        _ = bench.run(2)
        #expect(bench.train([1, 2], steps: 1...8).requests.map(\.from) == [1])
        _ = bench.send(.snapshotArrived(step: 8))
        let waiting = bench.pass(.seconds(30), busy: [1, 2])
        #expect(!waiting.words.contains("takes long to come") && waiting.deaths.isEmpty, "\(waiting.words)")
        let died = bench.die(1)
        #expect(died.forgotten.isEmpty)
        _ = bench.stand(2, 24)
        #expect(bench.link([2]).snapshots.isEmpty)
        #expect(bench.send(.snapshotStored(step: 8)).snapshots.isEmpty)
    }

    @Test("whoever waits for the end hears that the last state is here and the disk is slow")
    func slowDiskAtTheEnd() {
        var bench = Bench(plan(last: 1))
        _ = bench.run(2)
        _ = bench.train([1, 2], steps: 1...1)
        _ = bench.send(.snapshotArrived(step: 1))
        let words = bench.pass(.seconds(60), busy: [1, 2]).words
        #expect(words.contains("waits for the disk"), "\(words)")
        #expect(bench.send(.snapshotStored(step: 1)).outcome == .finished(step: 1))
    }

    @Test("what is no state of the run costs its source its place for a while, and another is asked")
    func unusable() {
        var bench = Bench(plan(last: 40, everySteps: 8))
        _ = bench.run(2)
        _ = bench.train([1, 2], steps: 1...8)
        _ = bench.send(.snapshotArrived(step: 8))
        let told = bench.send(.snapshotUnusable(step: 8, reason: "it has 3 tensors of 5"))
        #expect(told.closed == [1] && told.deaths == [1] && told.words.contains("3 tensors"), "\(told.words)")
        _ = bench.stand(2, 24)
        #expect(bench.link([2]).requests.first == SnapshotRequest(from: 2, step: 9, purposes: .checkpoint))
        // And so does a piece that nobody asked for.
        let piece = bench.send(.badPiece(id(2), reason: "its piece at 5 of 9 came where 0 was due"))
        #expect(piece.deaths == [2] && piece.outcome == nil)
    }

    @Test("0 is never, for the last state too; otherwise the last one is evaluated and drawn, whatever its epoch")
    func never() {
        var run = plan(last: 7)
        #expect(run.purposes(after: 7) == [.checkpoint, .last])
        run.evaluateEveryEpochs = 5
        #expect(run.purposes(after: 7) == [.checkpoint, .evaluation, .last])
        (run.evaluateEveryEpochs, run.figuresEveryEpochs) = (0, 5)
        #expect(run.purposes(after: 7) == [.checkpoint, .figures, .last])
        #expect(run.purposes(after: 6) == [])
    }

    @Test("the last state is asked of every member in turn until one of them brings it")
    func lastInTurn() {
        var bench = Bench(plan(workers: 3...3, last: 1))
        #expect(bench.run(3).requests.map(\.from) == [1])
        _ = bench.train([1, 2, 3], steps: 1...1)
        #expect(bench.die(1).forgotten == [1])
        _ = bench.stand(2, 3)
        _ = bench.stand(3, 3)
        let all: SnapshotPurposes = [.checkpoint, .last]
        #expect(bench.link([2, 3]).requests == [SnapshotRequest(from: 2, step: 1, purposes: all)])
        _ = bench.die(2)
        _ = bench.stand(3, 3)
        #expect(bench.link([3]).requests == [SnapshotRequest(from: 3, step: 1, purposes: all)])
        #expect(bench.send(.snapshotStored(step: 1)).outcome == .finished(step: 1))
    }

    @Test("when the last member dies over the last state, newcomers do the steps since the checkpoint again")
    func lastOneDies() {
        var bench = Bench(plan(workers: 1...1, last: 3, everySteps: 2))
        _ = bench.run(1)
        _ = bench.train([1], steps: 1...3)
        _ = bench.send(.snapshotStored(step: 2))
        _ = bench.die(1)
        _ = bench.greet(2)
        #expect(bench.pass(.milliseconds(1250), idle: [2]).states == [StateRelay(from: nil, to: [2], step: 2)])
        #expect(bench.stand(2, 6, digest: [5]).restarts == [.restart(from: 3, to: 2)])
        #expect(bench.link([2]).snapshots == [3])
        #expect(bench.report(2, steps: 3).outcome == nil)
        #expect(bench.send(.snapshotStored(step: 3)).outcome == .finished(step: 3))
    }

    @Test("no snapshot is asked for within a step")
    func midStep() {
        var bench = Bench(plan(last: 20, everySeconds: 1))
        _ = bench.run(2)
        _ = bench.die(2)
        _ = bench.stand(1, 4)
        _ = bench.link([1])
        #expect(bench.pass(.seconds(2), busy: [1]).snapshots == [5])
    }
}

/// A request to stop, in each stage.
@Suite struct StopTests {
    private let stop = CoordinatorEvent.stopRequested(reason: "SIGTERM")

    @Test("while running, the steps that were sent are finished, then a checkpoint")
    func running() {
        var bench = Bench(plan(last: 100))
        _ = bench.run(2)
        #expect(bench.send(stop).snapshots == [4])
        #expect(bench.send(stop).isEmpty)
        #expect(bench.train([1, 2], steps: 1...4).batches.isEmpty)
        #expect(bench.send(.snapshotStored(step: 4)).outcome == .stopped(step: 4, reason: "SIGTERM"))
    }

    @Test("a death after it changes the boundary, not the outcome")
    func death() {
        var bench = Bench(plan(last: 100))
        _ = bench.run(2)
        _ = bench.send(stop)
        _ = bench.die(1)
        _ = bench.stand(2, 5)
        #expect(bench.link([2]).batches == [1])
        #expect(bench.report(2, steps: 2).snapshots == [2])
        #expect(bench.send(.snapshotStored(step: 2)).outcome == .stopped(step: 2, reason: "SIGTERM"))
    }

    @Test("before any worker is there it ends at once, at the newest checkpoint")
    func empty() {
        var bench = Bench(plan(first: 3, last: 20))
        #expect(bench.send(stop).outcome == .stopped(step: 3, reason: "SIGTERM"))
    }

    @Test("newcomers who hold nothing do not keep it")
    func newcomers() {
        var bench = Bench(plan(first: 3, last: 20))
        _ = bench.greet(1)
        let end = bench.send(stop)
        #expect(end.outcome == .stopped(step: 3, reason: "SIGTERM") && end.stopped == [1])
    }

    @Test("workers that come back with the state finish their step and it is stored", arguments: [false, true])
    func comingBack(ready: Bool) {
        var bench = Bench(plan(first: 3, last: 20, generation: 2))
        let state = HeldState(run: "mine", generation: 1, position: .at(13))
        _ = bench.send(.hello(id(1), identity(1), held: state))
        if ready { _ = bench.send(.ready(id(1), fingerprint: [1], .at(13))) }
        #expect(bench.send(stop).outcome == nil)
        if !ready { _ = bench.send(.ready(id(1), fingerprint: [1], .at(13))) }
        #expect(bench.pass(.seconds(1), idle: [1]).members == [1])
        #expect(bench.link([1]).batches == [4])
        #expect(bench.report(1, steps: 5).snapshots == [5])
        #expect(bench.send(.snapshotStored(step: 5)).outcome == .stopped(step: 5, reason: "SIGTERM"))
    }

    @Test("one that was coming back and dies over it leaves nothing to wait for")
    func diesComingBack() {
        var bench = Bench(plan(first: 3, last: 20, generation: 2))
        _ = bench.send(.hello(id(1), identity(1), held: HeldState(run: "mine", generation: 1, position: .at(13))))
        _ = bench.send(stop)
        #expect(bench.die(1).outcome == .stopped(step: 3, reason: "SIGTERM"))
    }

    @Test("while the first links are made it ends when they are: nothing was done")
    func linking() {
        var bench = Bench(plan(last: 20))
        _ = bench.gather(2)
        #expect(bench.send(stop).outcome == nil)
        let linked = bench.link([1, 2])
        #expect(linked.batches.isEmpty && linked.outcome == .stopped(step: 0, reason: "SIGTERM"))
    }

    @Test("while a later view's links are made, the step it began in is finished and stored")
    func linkingLater() {
        var bench = Bench(plan(last: 20))
        _ = bench.run(2)
        _ = bench.die(2)
        _ = bench.stand(1, 4)
        _ = bench.send(stop)
        #expect(bench.link([1]).batches == [1])
        #expect(bench.report(1, steps: 2).snapshots == [2])
    }

    @Test("while positions are asked for, the next view goes to its boundary and no further")
    func regrouping() {
        var bench = Bench(plan(last: 20))
        _ = bench.run(2)
        _ = bench.die(2)
        _ = bench.send(stop)
        _ = bench.stand(1, 6)
        let linked = bench.link([1])
        #expect(linked.batches.isEmpty && linked.snapshots == [2])
        #expect(bench.send(.snapshotStored(step: 2)).outcome == .stopped(step: 2, reason: "SIGTERM"))
    }

    @Test("when the last replica dies after it, the run ends at its newest checkpoint")
    func allDie() {
        var bench = Bench(plan(last: 20, everySteps: 2))
        _ = bench.run(2)
        _ = bench.train([1, 2], steps: 1...3)
        _ = bench.send(.snapshotStored(step: 2))
        _ = bench.send(stop)
        _ = bench.die(1)
        #expect(bench.die(2).outcome == .stopped(step: 2, reason: "SIGTERM"))
    }

    @Test("a boundary that was stored for its evaluation alone is stored again, as a checkpoint")
    func evaluationOnly() {
        var bench = Bench(plan(last: 20, stepsPerEpoch: 2, evaluateEveryEpochs: 1))
        #expect(bench.run(2).snapshots == [2, 4])
        _ = bench.train([1, 2], steps: 1...3)
        _ = bench.send(.snapshotStored(step: 2))
        _ = bench.die(2)
        _ = bench.stand(1, 12, copied: 4)
        _ = bench.send(.snapshotStored(step: 4))
        _ = bench.send(stop)
        let linked = bench.link([1])
        #expect(linked.outcome == nil && linked.requests == [SnapshotRequest(from: 1, step: 4, purposes: [.checkpoint, .last])])
        #expect(bench.send(.snapshotStored(step: 4)).outcome == .stopped(step: 4, reason: "SIGTERM"))
    }

    @Test("within a step that waits for the disk, that step is finished first")
    func blockedMidStep() {
        var bench = Bench(plan(last: 20, everySteps: 1))
        _ = bench.run(2)
        _ = bench.train([1, 2], steps: 1...3)
        _ = bench.send(.snapshotStored(step: 1))  // lets step 4 and its snapshot go out
        _ = bench.die(2)
        _ = bench.stand(1, 10, copied: 3)
        _ = bench.link([1])
        let stopped = bench.send(stop)
        #expect(!stopped.snapshots.contains(3) && stopped.outcome == nil)
        _ = bench.send(.snapshotStored(step: 2))
        _ = bench.send(.snapshotStored(step: 3))
        _ = bench.report(1, steps: 4)
        #expect(bench.send(.snapshotStored(step: 4)).outcome == .stopped(step: 4, reason: "SIGTERM"))
    }

    @Test("after the last step it changes nothing: the run finishes")
    func afterTheEnd() {
        var bench = Bench(plan(last: 2))
        _ = bench.run(2)
        _ = bench.train([1, 2], steps: 1...2)
        #expect(bench.send(stop).isEmpty)
        #expect(bench.send(.snapshotStored(step: 2)).outcome == .finished(step: 2))
    }
}
