import Membership
import Testing

/// Summation servers in processes of their own, as the coordinator's machine sees them.
struct ServerProcessTests {
    private static func identity(_ number: UInt64) -> ServerIdentity {
        ServerIdentity(host: "sums\(number)", pid: UInt32(900 + number), process: 900 + number)
    }

    /// A bench of two workers and the servers 11, 12, …
    private static func bench(wanted: Int, there: Int) -> (bench: Bench, formed: [CoordinatorDirective]) {
        var bench = Bench(plan(last: 40, ring: false, servers: wanted))
        var formed = (0..<there).flatMap { bench.send(.serverReady(id(11 + UInt64($0)), identity(UInt64($0)))) }
        formed += bench.gather(2)
        return (bench, formed)
    }

    private static func servers(_ directives: [CoordinatorDirective]) -> [UInt64]? { directives.views.last?.servers.map(\.number) }

    /// Lets the servers say that they live, beside the workers.
    private static func pass(_ bench: inout Bench, _ seconds: Int, servers: [UInt64]) -> [CoordinatorDirective] {
        (0..<seconds).flatMap { _ in
            let directives = servers.flatMap { bench.send(.serverLinks(view: 0, from: id($0), [:])) }
            return directives + bench.pass(.seconds(1), busy: [1, 2])
        }
    }

    @Test("the first view waits for them, and for ten seconds at the most")
    func gathering() {
        let (_, formed) = Self.bench(wanted: 2, there: 2)
        #expect(Self.servers(formed) == [11, 12] && formed.words.contains("2 summation servers"), "\(formed.words)")
        var (bench, none) = Self.bench(wanted: 2, there: 1)
        #expect(none.views.isEmpty)
        none = Self.pass(&bench, 11, servers: [11])
        #expect(Self.servers(none) == [11] && none.words.contains("1 of 2 summation servers is there"), "\(none.words)")
        var (alone, late) = Self.bench(wanted: 1, there: 0)
        late += Self.pass(&alone, 11, servers: [])
        #expect(Self.servers(late) == [] && late.words.contains("no summation server is there, of 1"), "\(late.words)")
    }

    @Test("more than were wanted stand by, and one takes a dead one's place")
    func spare() {
        var (bench, formed) = Self.bench(wanted: 1, there: 2)
        #expect(Self.servers(formed) == [11])
        _ = bench.link([1, 2])
        formed = bench.die(11)
        #expect(formed.halted == [1, 2] && formed.closed == [11] && formed.words.contains("lost summation server 0 (host sums0"))
        formed = bench.stand(1, 0) + bench.stand(2, 0)
        #expect(Self.servers(formed) == [12] && formed.members == [1, 2], "\(formed.words)")
    }

    @Test("one that comes later joins at the next boundary")
    func join() {
        var (bench, formed) = Self.bench(wanted: 1, there: 0)
        formed += Self.pass(&bench, 11, servers: [])
        _ = bench.link([1, 2])
        _ = bench.send(.serverReady(id(11), Self.identity(1)))
        formed = bench.train([1, 2], steps: 1...4)
        #expect(formed.halted == [1, 2] && formed.batches.isEmpty)
        formed = bench.stand(1, 12) + bench.stand(2, 12)
        #expect(Self.servers(formed) == [11])
    }

    @Test("a silent one is lost by name, and nothing is held against the workers")
    func silent() {
        var (bench, _) = Self.bench(wanted: 1, there: 1)
        _ = bench.link([1, 2])
        // Both see their links end before the coordinator hears of it.
        let view = bench.machine.view
        for number in [1, 2] as [UInt64] {
            _ = bench.send(.linkFailed(id(number), view: view, .init(suspect: nil, server: 0, kind: .closed, reason: "closed")))
        }
        var formed = bench.stand(1, 0) + bench.stand(2, 0)
        #expect(Self.servers(formed) == [11], "it still answers, as far as anybody knows")
        formed = bench.pass(.seconds(5), busy: [1, 2])
        #expect(formed.words.contains("lost summation server 0") && formed.words.contains("silent"), "\(formed.words)")
        formed = bench.stand(1, 0) + bench.stand(2, 0)
        #expect(Self.servers(formed) == [] && formed.members == [1, 2], "\(formed.words)")
    }

    @Test(
        "one that answers and whose links fail twice is given up, and the workers are not",
        arguments: [LinkReport.Kind.neverUp, .observed])
    func unreachable(kind: LinkReport.Kind) {
        var (bench, formed) = Self.bench(wanted: 2, there: 2)
        for round in 1...2 {
            _ = Self.pass(&bench, 1, servers: [11, 12])
            if kind == .observed { _ = bench.link([1, 2]) }
            formed = bench.send(
                .linkFailed(id(2), view: bench.machine.view, .init(suspect: nil, server: 1, kind: kind, reason: "no route")))
            formed += bench.stand(1, 0) + bench.stand(2, 0)
            #expect(formed.members == [1, 2])
            #expect(Self.servers(formed) == (round == 1 ? [11, 12] : [11]), "\(formed.words)")
        }
        #expect(
            formed.stopped == [12] && formed.words.contains("summation server 1 (host sums1, pid 901) is given up"),
            "\(formed.words)")
        #expect(bench.die(12).isEmpty, "its end is no news")
    }

    @Test("a link that swallows what it is given is found among several servers")
    func swallowing() {
        var (bench, directives) = Self.bench(wanted: 2, there: 2)
        _ = bench.link([1, 2])
        directives = []
        for _ in 0..<9 where directives.halted.isEmpty {
            bench.now += .seconds(1)
            for number in [1, 2] as [UInt64] {
                let links = [
                    LinkProgress(view: 1, sent: 500, received: 100), LinkProgress(view: 1, sent: 700, received: 200),
                ]
                directives += bench.send(.heartbeat(id(number), Beat(work: 7, applied: 0, contributed: 1, links: links)))
            }
            let whole = LinkProgress(view: 1, sent: 100, received: 500)
            let second = LinkProgress(view: 1, sent: 200, received: 700)
            let swallowed = LinkProgress(view: 1, sent: 200, received: 300)
            directives += bench.send(.serverLinks(view: 1, from: id(11), [0: whole, 1: whole]))
            directives += bench.send(.serverLinks(view: 1, from: id(12), [0: swallowed, 1: second]))
            directives += bench.send(.tick)
        }
        #expect(directives.halted == [1, 2])
        #expect(
            directives.words.contains("from worker 1 (host host1, pid 101, rank 0) to summation server 1 (host sums1"),
            "\(directives.words)")
        #expect(!directives.words.contains("worker 2"), "\(directives.words)")
    }

    @Test("a run without them refuses them, an ended run lets them go, and the end is told to all")
    func ends() {
        var ring = Bench(plan())
        #expect(ring.send(.serverReady(id(11), Self.identity(1))).refusals.first?.contains("--servers N") == true)
        var (bench, _) = Self.bench(wanted: 1, there: 1)
        #expect(bench.send(.failed(reason: "the disk is full")).stopped == [1, 2, 11])
        #expect(bench.send(.serverReady(id(12), Self.identity(2))).stopped == [12])
    }

    @Test("without any, and without a port of its own, the run ends with a sentence")
    func noPort() {
        var (bench, _) = Self.bench(wanted: 1, there: 1)
        _ = bench.link([1, 2])
        _ = bench.die(11)
        _ = bench.stand(1, 0) + bench.stand(2, 0)
        #expect(bench.send(.noServer(reason: "port 7 is taken")).failure?.contains("port 7 is taken") == true)
    }
}
