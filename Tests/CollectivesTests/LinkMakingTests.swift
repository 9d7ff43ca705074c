import Collectives
import Dispatch
import Testing
import Wire

extension Loopback {
    @Suite("Making links")
    struct LinkMakingTests {
        @Test("Strangers and the past are refused, the right one gets in meanwhile")
        func strangers() throws {
            let run = TestRun()
            let listener = try run.listener(.worker(1), from: [.worker(0)])
            defer { listener.shutdown() }
            let silent = RawSocket(port: listener.port)
            let right = run.hello(from: .worker(0), to: .worker(1))
            var wrong: [(LinkHello, HelloRefusal)] = []
            func bad(_ refusal: HelloRefusal, _ change: (inout LinkHello) -> Void) {
                var hello = right
                change(&hello)
                wrong.append((hello, refusal))
            }
            bad(.secret) { $0.secret[31] ^= 1 }
            bad(.generation) { $0.generation -= 1 }
            bad(.view) { $0.view -= 1 }
            bad(.run) { $0.run[0] ^= 1 }
            bad(.wrongEnd) { $0.from = .worker(2) }
            bad(.wrongEnd) { $0.to = .server(0) }
            for (hello, refusal) in wrong {
                let socket = RawSocket(port: listener.port)
                socket.send(RawSocket.hello(hello))
                #expect(socket.answer() == refusal.rawValue)
            }
            let garbage = RawSocket(port: listener.port)
            garbage.send([UInt8](repeating: 0x47, count: 200))
            #expect(garbage.answer() == HelloRefusal.notLockstep.rawValue)
            let version = RawSocket(port: listener.port)
            version.send(RawSocket.hello(right, version: 999))
            #expect(version.answer() == HelloRefusal.version.rawValue)
            #expect(listener.refusals.count == wrong.count + 1, "a late one is no stranger")
            #expect(listener.refusals.last.contains("127.0.0.1"))

            let link = try run.dial(from: .worker(0), to: .worker(1), port: listener.port)
            #expect(try listener.accept(from: .worker(0)).peer == .worker(0))
            #expect(link.peer == .worker(1))
            let again = RawSocket(port: listener.port)
            again.send(RawSocket.hello(right))
            #expect(again.answer() == HelloRefusal.duplicate.rawValue)
            #expect(silent.send([1]))
        }

        @Test("One that says nothing is turned away at the hello deadline, and many cannot pile up")
        func silence() throws {
            var run = TestRun()
            run.settings.helloDeadline = .milliseconds(50)
            let listener = try run.listener(.worker(1), from: [.worker(0)])
            defer { listener.shutdown() }
            #expect(RawSocket(port: listener.port).answer() == HelloRefusal.tooSlow.rawValue)
            run.settings.helloDeadline = .seconds(60)
            let patient = try run.listener(.worker(1), from: [.worker(0)])
            defer { patient.shutdown() }
            let crowd = (0..<(Limits.pendingHellos + 1)).map { _ in RawSocket(port: patient.port) }
            withExtendedLifetime(crowd) { #expect(crowd[0].answer() == HelloRefusal.tooMany.rawValue) }
        }

        @Test("A dialler that comes before the view is expected waits for it")
        func notYet() throws {
            let run = TestRun()
            let listener = try GradientListener(host: "127.0.0.1", port: 0)
            defer { listener.shutdown() }
            let early = RawSocket(port: listener.port)
            early.send(RawSocket.hello(run.hello(from: .worker(0), to: .worker(1))))
            #expect(early.answer() == HelloRefusal.notYet.rawValue)
            let done = DispatchGroup()
            DispatchQueue.global().async(group: done) {
                #expect(throws: Never.self) { try run.dial(from: .worker(0), to: .worker(1), port: listener.port) }
            }
            listener.expect(
                run: run.run, generation: run.generation, view: run.view, end: .worker(1), from: [.worker(0)],
                secret: run.secret)
            _ = try listener.accept(from: .worker(0))
            done.wait()
            #expect(listener.refusals.count == 0)
        }

        @Test("Who cannot be dialled is named at once, with the address")
        func unreachable() throws {
            let run = TestRun()
            let gone = try run.listener(.worker(3), from: [.worker(2)])
            gone.shutdown()
            do {
                _ = try run.dial(from: .worker(2), to: .worker(3), port: gone.port)
                Issue.record("a dial to a closed port went through")
            } catch let failure as LinkFailure {
                #expect(failure.rank == 3)
                #expect("\(failure)".contains("127.0.0.1:\(gone.port)") && "\(failure)".contains("--topology server"))
            }
        }

        @Test("Of several addresses the one that answers is taken, IPv6 too")
        func candidates() throws {
            let run = TestRun()
            let gone = try run.listener(.worker(1), from: [.worker(0)])
            gone.shutdown()
            let listener = try GradientListener(host: "::1", port: 0)
            defer { listener.shutdown() }
            listener.expect(
                run: run.run, generation: run.generation, view: run.view, end: .worker(1), from: [.worker(0)],
                secret: run.secret)
            let addresses = [
                HostPort(host: "127.0.0.1", port: gone.port), HostPort(host: "::1", port: listener.port),
            ]
            let link = try GradientDialer().dial(addresses, hello: run.hello(from: .worker(0), to: .worker(1)))
            #expect(link.address == "[::1]:\(listener.port)")
        }

        @Test("Cancelling ends a dial and an accept at once; a new expectation ends the old one's accepts")
        func cancel() throws {
            let run = TestRun()
            let listener = try GradientListener(host: "127.0.0.1", port: 0)
            let dialer = try GradientDialer()
            let done = DispatchGroup()
            let port = listener.port
            DispatchQueue.global().async(group: done) {
                let failure = #expect(throws: LinkFailure.self) {
                    try dialer.dial(
                        [HostPort(host: "127.0.0.1", port: port)],
                        hello: run.hello(from: .worker(0), to: .worker(1)))
                }
                #expect(failure?.cause == .cancelled && failure?.isSuspicion == false)
            }
            dialer.cancel()
            done.wait()
            let expecting = try run.listener(.worker(1), from: [.worker(0)])
            DispatchQueue.global().async(group: done) {
                let failure = #expect(throws: LinkFailure.self) {
                    try expecting.accept(from: .worker(0), within: .seconds(100))
                }
                #expect(failure?.cause == .cancelled)
            }
            expecting.shutdown()
            done.wait()
            listener.shutdown()
        }

        @Test("A host may have a name; whose name nobody knows, or nobody tells in time, is named; a cancelled dial asks nobody")
        func names() throws {
            var run = TestRun()
            let listener = try GradientListener(host: "localhost", port: 0)
            defer { listener.shutdown() }
            listener.expect(
                run: run.run, generation: run.generation, view: run.view, end: .worker(1), from: [.worker(0)],
                secret: run.secret)
            let hello = run.hello(from: .worker(0), to: .worker(1))
            let link = try GradientDialer().dial([HostPort(host: "localhost", port: listener.port)], hello: hello)
            #expect(link.address.hasSuffix(":\(listener.port)"))
            let unknown = [HostPort(host: "no-such-host.invalid", port: 1)]
            for limit in [Duration.zero, .seconds(10)] {
                run.settings.dialDeadline = limit
                let failure = #expect(throws: LinkFailure.self) {
                    try GradientDialer(settings: run.settings).dial(unknown, hello: hello)
                }
                #expect("\(String(describing: failure))".contains("no-such-host.invalid"))
                guard case .unreachable = failure?.cause else {
                    Issue.record("\(String(describing: failure))")
                    continue
                }
            }
            let cancelled = try GradientDialer(settings: run.settings)
            cancelled.cancel()
            let failure = #expect(throws: LinkFailure.self) { try cancelled.dial(unknown, hello: hello) }
            #expect(failure?.cause == .cancelled)
        }

        @Test("Nobody coming is a timeout that names who was expected")
        func timeout() throws {
            let listener = try TestRun().listener(.worker(1), from: [.worker(0)])
            let failure = #expect(throws: LinkFailure.self) {
                try listener.accept(from: .worker(0), within: .milliseconds(20))
            }
            #expect(failure?.rank == 0)
            listener.shutdown()
        }

        @Test("A port that is taken is a sentence with the address")
        func taken() throws {
            let listener = try GradientListener(host: "127.0.0.1", port: 0)
            defer { listener.shutdown() }
            let error = #expect(throws: LinkSetupError.self) {
                try GradientListener(host: "127.0.0.1", port: listener.port)
            }
            #expect(error.map { "\($0)".contains(":\(listener.port)") } == true)
        }
    }
}
