import Kernels
import Membership
import Testing

/// From the first hello to the first view.
@Suite struct GatheringTests {
    @Test("a view forms when the full number of workers is ready, with contiguous shards by rank")
    func formsWhenFull() throws {
        var bench = Bench(plan(workers: 3...3))
        #expect(bench.gather(2).views.isEmpty)
        let view = try #require(bench.greet(3).views.first)
        #expect(view.number == 1)
        #expect(view.members.map(\.shards) == [0..<1, 1..<2, 2..<4])
    }

    @Test("with fewer than the full number it forms after ten seconds, not before")
    func formsAfterPatience() {
        var bench = Bench(plan(workers: 2...4))
        _ = bench.gather(2)
        #expect(bench.pass(.seconds(9), idle: [1, 2]).views.isEmpty)
        #expect(bench.pass(.seconds(2), idle: [1, 2]).members == [1, 2])
    }

    @Test("with fewer than the least number it waits, and says for whom")
    func waitsInWords() {
        var bench = Bench(plan(workers: 2...4))
        _ = bench.gather(1)
        let directives = bench.pass(.seconds(21), idle: [1])
        #expect(directives.views.isEmpty)
        #expect(directives.words.contains("1 of 2 ready after 20 s"), "\(directives.words)")
    }

    @Test("workers beyond S are members without a shard")
    func spares() throws {
        var bench = Bench(plan(workers: 6...6))
        let view = try #require(bench.gather(6).views.first)
        #expect(view.members.reduce(0) { $0 + $1.shards.count } == 4)
        #expect(view.members.map(\.shards.isEmpty) == [false, false, false, false, true, true], "the ring counts on the order")
    }

    @Test("a view's shards are its members' by the one rule, whatever their number", arguments: 1...6)
    func shards(members: Int) throws {
        var bench = Bench(plan(workers: members...members))
        let view = try #require(bench.gather(UInt64(members)).views.first)
        #expect(
            view.members.map(\.shards)
                == (0..<members).map { ShardGeometry.owned(by: $0, of: members, shards: bench.machine.plan.shards) })
    }

    @Test("a view's number goes on where an earlier coordinator's ended")
    func viewsGoOn() {
        var bench = Bench(plan(), view: 7)
        #expect(bench.gather(2).views.map(\.number) == [8])
    }

    @Test("a worker that dies before the run begins is replaced, and the view number rises")
    func viewRises() throws {
        var bench = Bench(plan())
        #expect(bench.gather(2).views.map(\.number) == [1])
        _ = bench.send(.linksUp(id(1), view: 1))
        #expect(bench.die(2).halted == [1])
        let second = try #require(bench.stand(1, .fresh()).views.first)
        #expect(second.number == 2 && second.members.map(\.connection) == [id(1)])
        // An answer to the old view is no answer to the new one.
        #expect(bench.send(.linksUp(id(1), view: 1)).isEmpty)
        #expect(bench.link([1]).batches == [0, 1, 2, 3])
        // Its replacement comes in at the next boundary.
        _ = bench.greet(3)
        #expect(bench.train([1], steps: 1...4).halted == [1])
    }

    @Test("a wrong probe is refused, naming the host's kernel and the ways on; with --allow-mixed-kernels it is taken")
    func probe() throws {
        var bench = Bench(plan())
        _ = bench.greet(1)
        let refusal = try #require(bench.greet(2, fingerprint: 9).refusals.first)
        #expect(refusal.contains("--allow-mixed-kernels") && refusal.contains("skylakex"))
        var mixed = Bench(plan(mixed: true))
        _ = mixed.greet(1)
        #expect(mixed.greet(2, fingerprint: 9).members == [1, 2])
    }

    @Test("another kernel is refused in a sentence that names both sides")
    func otherKernel() throws {
        var bench = Bench(plan())
        _ = bench.greet(1)
        let refusal = try #require(bench.greet(2, kernel: "haswell").refusals.first)
        for part in ["host1", "host2", "haswell", "skylakex"] { #expect(refusal.contains(part), "\(refusal)") }
    }

    @Test("before the first view the first comer does not say what is right: who computes otherwise than most goes")
    func mostOfThem() throws {
        var bench = Bench(plan(workers: 3...3))
        #expect(bench.greet(1, kernel: "false").refusals.isEmpty)
        #expect(bench.greet(2).refusals.isEmpty)
        let refusal = try #require(bench.greet(3).refusals.first)
        for part in ["host1", "host2", "false", "skylakex"] { #expect(refusal.contains(part), "\(refusal)") }
        #expect(bench.machine.worldSize == 0)
        #expect(bench.greet(4).members == [2, 3, 4])
        // From now on the members do.
        for number in 5...UInt64(9) { #expect(bench.greet(number, fingerprint: 9).refusals.count == 1) }
        #expect(bench.machine.worldSize == 3)
    }

    @Test("so it is with another library, other products and another start, where as many are enough as have come")
    func mostOfWhatever() throws {
        for odd in 0..<3 {
            var bench = Bench(plan(workers: 2...4))
            let library = odd == 0 ? "MKL" : "OpenBLAS"
            let stranger = WorkerIdentity(host: "host1", pid: 1, process: 1, build: "1", library: library, kernel: "skylakex")
            _ = bench.send(.hello(id(1), stranger))
            _ = bench.send(.ready(id(1), fingerprint: [odd == 1 ? 9 : 1], .fresh(digest: odd == 2 ? [8] : [7])))
            _ = bench.greet(2)
            #expect(bench.greet(3).refusals.isEmpty && bench.machine.worldSize == 0)
            let late = bench.pass(CoordinatorMachine.patience, idle: [1, 2, 3])
            #expect(late.refusals.count == 1 && late.members == [2, 3], "\(late.words)")
        }
    }

    @Test("another build is refused before it prepares anything, naming both sides")
    func otherBuild() throws {
        var bench = Bench(plan())
        _ = bench.greet(1)
        let directives = bench.send(.hello(id(2), identity(2, build: "2")))
        let refusal = try #require(directives.refusals.first)
        #expect(refusal.contains("host1") && refusal.contains("host2") && refusal.contains("same build"), "\(refusal)")
        // Its end is no death.
        #expect(bench.die(2).isEmpty)
    }

    @Test("a replica that the seed made otherwise is refused")
    func otherStart() throws {
        var bench = Bench(plan())
        _ = bench.greet(1)
        #expect(try #require(bench.greet(2, digest: [8]).refusals.first).contains("lockstep doctor"))
    }

    @Test("a fresh replica that did not make its digest again is not taken for a wrong one")
    func freshWithoutDigest() {
        var bench = Bench(plan(workers: 1...2))
        _ = bench.gather(2)
        // The first view broke before anything was applied: positions without digests, then a replacement.
        _ = bench.die(2)
        _ = bench.stand(1, .fresh(digest: []))
        #expect(bench.greet(3).refusals.isEmpty)
    }

    @Test("workers beyond the most there may be are refused, and the number is named")
    func tooMany() throws {
        let most = UInt64(RunPlan.maximumWorkers)
        var bench = Bench(plan(workers: 1...Int(most)))
        for number in 1...most { _ = bench.send(.hello(id(number), identity(number))) }
        #expect(try #require(bench.send(.hello(id(most + 1), identity(most + 1))).refusals.first).contains("\(most)"))
    }

    @Test("a second hello or ready on a connection closes it", arguments: [false, true])
    func twice(ready: Bool) {
        var bench = Bench(plan())
        _ = bench.greet(1)
        let directives = ready ? bench.send(.ready(id(1), fingerprint: [1], .fresh())) : bench.send(.hello(id(1), identity(1)))
        #expect(directives.closed == [1])
    }

    @Test("on one machine a worker that cannot start ends the run at once, and so does a child that exits before its hello")
    func supervisedStart() throws {
        var bench = Bench(plan(supervised: true))
        _ = bench.greet(1)
        // A peer that only claims this is lost alone; a child of the command that ends in this way speaks for all.
        #expect(bench.send(.farewell(id(1), reason: "not enough memory", leaving: false)).outcome == nil)
        let ended = bench.send(.childExited(pid: identity(1).pid, ChildEnd(.exited(1), words: "exit status 1")))
        #expect(try #require(ended.failure).contains("not enough memory"))
        var silent = Bench(plan(supervised: true))
        let exited = silent.send(.childExited(pid: 4711, ChildEnd(.exited(1), words: "exit status 1")))
        #expect(try #require(exited.failure).contains("4711"))
        // Killed from outside, it is replaced.
        var killed = Bench(plan(supervised: true))
        #expect(killed.send(.childExited(pid: 4711, ChildEnd(.killed(signal: 9), words: "killed by SIGKILL"))).outcome == nil)
    }

    @Test("on one machine the last line of the log of a child that ends before the run began is told with it")
    func lastWords() throws {
        var bench = Bench(plan(supervised: true))
        #expect(bench.send(.childSaid(pid: 4711, words: "lockstep: the memory limit is low")).isEmpty)
        let exited = bench.send(.childExited(pid: 4711, ChildEnd(.exited(1), words: "exit status 1")))
        let reason = try #require(exited.failure)
        #expect(reason.contains("4711") && reason.hasSuffix("its log ends with: lockstep: the memory limit is low"), "\(reason)")
        // A killed worker is replaced, and that it was killed is reported.
        var killed = Bench(plan(supervised: true))
        _ = killed.send(.childSaid(pid: 4712, words: "Fatal error: no more"))
        let words = killed.send(.childExited(pid: 4712, ChildEnd(.killed(signal: 4), words: "killed by SIGILL"))).words
        #expect(words.contains("4712") && words.contains("killed by SIGILL") && words.contains("Fatal error: no more"), "\(words)")
        // For a worker that had joined, only its loss is reported.
        _ = killed.greet(1)
        _ = killed.die(1)
        #expect(killed.send(.childExited(pid: identity(1).pid, ChildEnd(.killed(signal: 9), words: "killed by SIGKILL"))).isEmpty)
    }

    @Test("a worker that comes and never gets ready is told to end, and why; what holds memory down is named")
    func neverReady() throws {
        var plan = plan(supervised: true)
        plan.addressLimits = "RLIMIT_AS is set to 600 MB"
        var bench = Bench(plan)
        _ = bench.send(.hello(id(1), identity(1)))
        let early = bench.pass(.seconds(119), idle: [1])
        #expect(early.outcome == nil && early.deaths.isEmpty)
        let late = bench.pass(.seconds(3), idle: [1])
        let stops = late.compactMap { if case .stop(let ids, let reason, true) = $0 { (ids, reason) } else { nil } }
        let (ids, reason) = try #require(stops.first)
        #expect(ids == [id(1)] && reason.contains("shows no work") && reason.contains("RLIMIT_AS is set to 600 MB"), "\(reason)")
        #expect(
            late.outcome == nil && late.deaths.count == 1 && late.closed.isEmpty, "the word must arrive before the connection ends")
        // One that works on gets its time.
        var busy = Bench(plan)
        _ = busy.send(.hello(id(1), identity(1)))
        #expect(busy.pass(.seconds(300), busy: [1]).deaths.isEmpty)
    }

    @Test("on one machine a run whose workers never come ends in words; elsewhere it waits for them")
    func nobodyComes() throws {
        var bench = Bench(plan(supervised: true))
        #expect(bench.pass(.seconds(119)).outcome == nil)
        let reason = try #require(bench.pass(.seconds(3)).failure)
        #expect(reason.contains("0 of 2 workers are ready") && reason.contains("120 s"), "\(reason)")
        // Each sign of life from one restarts the time.
        var slow = Bench(plan(supervised: true))
        _ = slow.pass(.seconds(100))
        _ = slow.greet(1)
        #expect(slow.pass(.seconds(100), idle: [1]).outcome == nil)
        #expect(slow.pass(.seconds(25), idle: [1]).failure != nil)
        var open = Bench(plan())
        #expect(open.pass(.seconds(500)).outcome == nil)
    }

    @Test("a worker is called by the number of its log: its place on one machine, elsewhere the one it was called by before")
    func numbers() throws {
        func named(_ number: UInt64, _ own: UInt32?) -> WorkerIdentity {
            var identity = identity(number)
            identity.number = own
            return identity
        }
        func welcomed(_ directives: [CoordinatorDirective]) -> [UInt32] {
            directives.compactMap { if case .welcome(_, let worker) = $0 { worker } else { nil } }
        }
        var house = Bench(plan(supervised: true))
        // The second of two starts first.
        #expect(welcomed(house.send(.hello(id(1), named(1, 1)))) == [1])
        #expect(welcomed(house.send(.hello(id(2), named(2, 0)))) == [0])
        #expect(house.die(2).words.contains("worker 0 (host"))
        #expect(welcomed(house.send(.hello(id(3), named(3, 0)))) == [0])
        // Another coordinator, whose workers come back in another order.
        var again = Bench(plan(generation: 2))
        #expect(welcomed(again.send(.hello(id(1), named(1, 3)))) == [3])
        #expect(welcomed(again.send(.hello(id(2), named(2, nil)))) == [4])
        // A number in use is not given to another.
        #expect(welcomed(again.send(.hello(id(3), named(3, 3)))) == [5])
        #expect(again.machine.label(of: id(1)) == 3)
        // A newcomer that arrives before the returning workers gets none of their numbers.
        var late = Bench(plan(generation: 2, lastLabel: 2))
        #expect(welcomed(late.send(.hello(id(1), named(1, nil)))) == [3])
        #expect(welcomed(late.send(.hello(id(2), named(2, 1)))) == [1])
        // An impossible number must not make the next workers get numbers that are refused.
        #expect(welcomed(late.send(.hello(id(3), named(3, (1 << 20) - 1)))) == [4])
        #expect(welcomed(late.send(.hello(id(4), named(4, nil)))) == [5])
    }

    @Test("whoever comes after the end is told that the run is over")
    func late() {
        var bench = Bench(plan())
        _ = bench.send(.failed(reason: "the disk is gone"))
        #expect(bench.machine.hasEnded)
        #expect(bench.send(.hello(id(1), identity(1))) == [.stop([id(1)], reason: "the run is over", failed: false)])
    }
}
