import Membership
import Testing

/// Who is dead, and after how long.
@Suite struct VerdictTests {
    @Test("a silent worker is dead after four seconds, a beating one is not")
    func silence() {
        var bench = Bench(plan())
        _ = bench.run(2)
        #expect(bench.pass(.seconds(4), busy: [1, 2]).deaths.isEmpty)
        #expect(bench.pass(.seconds(4), busy: [1]).deaths.isEmpty)
        let directives = bench.pass(.milliseconds(250), busy: [1])
        #expect(directives.deaths == [2] && directives.halted == [1] && directives.closed == [2])
        #expect(directives.words.contains("worker 2") && directives.words.contains("silent"))
    }

    @Test("a worker that answers but computes nothing is dead after eight seconds")
    func standstill() {
        var bench = Bench(plan())
        _ = bench.run(2)
        #expect(bench.pass(.seconds(8), busy: [1], idle: [2]).deaths.isEmpty)
        let directives = bench.pass(.milliseconds(250), busy: [1], idle: [2])
        #expect(directives.deaths == [2])
        #expect(directives.words.contains("computed nothing"))
    }

    @Test("who has done its part and waits for the others is not the one that stands still")
    func waiting() {
        var bench = Bench(plan())
        _ = bench.run(2)
        var directives: [CoordinatorDirective] = []
        for _ in 0..<36 {
            bench.now += .milliseconds(250)
            directives += bench.send(.heartbeat(id(1), Beat(work: 5, applied: 0, contributed: 1)))
            directives += bench.send(.heartbeat(id(2), Beat(work: 3, applied: 0, contributed: 0)))
            directives += bench.send(.tick)
        }
        #expect(directives.deaths == [2])
    }

    @Test("a worker that has nothing to do is not judged for doing nothing")
    func unemployed() {
        var bench = Bench(plan(last: 1))
        _ = bench.run(2)
        _ = bench.train([1, 2], steps: 1...1)
        var directives: [CoordinatorDirective] = []
        for _ in 0..<60 {
            bench.now += .milliseconds(250)
            for number in 1...UInt64(2) {
                directives += bench.send(.heartbeat(id(number), Beat(work: 5, applied: 3, contributed: 3)))
            }
            directives += bench.send(.tick)
        }
        #expect(directives.deaths.isEmpty)
    }

    @Test("a worker that is halted and does not say where it stands is dead after eight seconds")
    func halting() {
        var bench = Bench(plan(workers: 3...3))
        _ = bench.run(3)
        _ = bench.die(3)
        _ = bench.stand(1, 1)
        #expect(bench.pass(.seconds(8), idle: [1, 2]).deaths.isEmpty)
        let directives = bench.pass(.milliseconds(250), idle: [1, 2])
        #expect(directives.deaths == [2])
        #expect(directives.members == [1])
    }

    @Test("a member whose links do not come up within eight seconds is dead")
    func linking() {
        var bench = Bench(plan())
        _ = bench.gather(2)
        _ = bench.send(.linksUp(id(1), view: 1))
        #expect(bench.pass(.seconds(8), busy: [1, 2]).deaths.isEmpty)
        let directives = bench.pass(.milliseconds(250), busy: [1, 2])
        #expect(directives.deaths == [2] && directives.halted == [1])
    }

    @Test("a worker that prepares is given two minutes")
    func preparing() {
        var bench = Bench(plan())
        _ = bench.send(.hello(id(1), identity(1)))
        #expect(bench.pass(.seconds(120)).deaths.isEmpty)
        #expect(bench.pass(.milliseconds(250)).deaths == [1])
    }

    @Test("a monitor that itself stood still judges nobody by that time, neither workers nor links")
    func lateTick() {
        var bench = Bench(plan())
        _ = bench.run(2)
        _ = bench.send(.tick)
        bench.now += .seconds(60)
        let directives = bench.send(.tick)
        #expect(directives.deaths.isEmpty && directives.words.contains("stood still"))
        #expect(bench.pass(.seconds(4)).deaths.isEmpty)
        var linking = Bench(plan())
        _ = linking.gather(2)
        _ = linking.send(.tick)
        linking.now += .seconds(60)
        #expect(linking.send(.tick).deaths.isEmpty)
        #expect(linking.pass(.seconds(8), busy: [1, 2]).deaths.isEmpty)
    }

    @Test("the operating system's word on a child is in the sentence of its death, and so is a neighbour's suspicion")
    func causes() {
        var bench = Bench(plan(workers: 3...3, supervised: true))
        _ = bench.run(3)
        _ = bench.send(.linkFailed(id(1), view: 1, .init(suspect: 1, reason: "closed")))
        _ = bench.send(.childExited(pid: 102, ChildEnd(.killed(signal: 9), words: "killed by SIGKILL")))
        let directives = bench.die(2)
        for part in ["worker 2", "host2", "pid 102", "rank 1", "SIGKILL", "worker 1", "lost its link"] {
            #expect(directives.words.contains(part), "\(directives.words)")
        }
        #expect(directives.outcome == nil)
    }
}
