import Collectives
import Dispatch
import Testing
import Wire

/// Probes between two ends on this machine.
struct ProbeTests {
    private let nonce = (0..<16).map { UInt8($0) }

    @Test("a probe reaches its listener, is seen by its own address, and measures both directions")
    func reaches() throws {
        let listener = try ProbeListener(port: 0, nonce: nonce)
        defer { listener.shutdown() }
        let address = HostPort(host: "127.0.0.1", port: listener.port)
        let there = try ProbeLink(to: address, nonce: nonce)
        #expect(there.seenAs == "127.0.0.1" && there.peer == "127.0.0.1")
        #expect(try there.roundTrip(times: 3) > 0)
        #expect(try there.send(for: .milliseconds(20)) > 0)
        #expect(try ProbeLink(to: address, nonce: nonce).receive(for: .milliseconds(20)) > 0)
    }

    @Test("large messages pass, as they do on this machine", .timeLimit(.minutes(15)))
    func large() throws {
        let listener = try ProbeListener(port: 0, nonce: nonce)
        defer { listener.shutdown() }
        let link = try ProbeLink(to: HostPort(host: "127.0.0.1", port: listener.port), nonce: nonce)
        try link.passLarge()
        #expect(try link.roundTrip(times: 1) > 0, "the link is good for more")
    }

    @Test("a way that carries small messages only is told from one that carries none, either way", arguments: ["there", "back"])
    func losesLarge(way: String) throws {
        let listener = try ProbeListener(port: 0, nonce: nonce)
        defer { listener.shutdown() }
        // In this direction only small messages pass.
        let loses = { @Sendable (bytes: inout [UInt8], start: Int) in if start + bytes.count > 100 { bytes = [] } }
        let keeps = { @Sendable (_: inout [UInt8], _: Int) in }
        let relay = LoopbackRelay(
            to: listener.port, passBack: way == "back" ? loses : keeps, pass: way == "there" ? loses : keeps)
        DispatchQueue.global().async { relay.run() }
        let link = try ProbeLink(to: HostPort(host: "127.0.0.1", port: relay.port), nonce: nonce)
        #expect(try link.roundTrip(times: 1) > 0)
        #expect { try link.passLarge() } throws: {
            ($0 as? ProbeFailure)?.losesLarge == true && "\($0)".contains("on the way \(way)")
        }
    }

    @Test("a listener of somebody else is not taken for the one that was meant")
    func stranger() throws {
        let listener = try ProbeListener(port: 0, nonce: Array(repeating: 9, count: 16))
        defer { listener.shutdown() }
        #expect(throws: ProbeFailure.self) {
            try ProbeLink(to: HostPort(host: "127.0.0.1", port: listener.port), nonce: nonce)
        }
    }

    @Test("a port that is taken, a port where nobody listens and a name that is none are told apart")
    func reasons() throws {
        let listener = try ProbeListener(port: 0, nonce: nonce)
        let port = listener.port
        #expect { try ProbeListener(port: port, nonce: nonce) } throws: { "\($0)".contains("in use") }
        listener.shutdown()
        #expect {
            try ProbeLink(to: HostPort(host: "127.0.0.1", port: port), nonce: nonce)
        } throws: { "\($0)".contains("refused") }
        #expect {
            try ProbeLink(to: HostPort(host: "no-such-host.invalid", port: 1), nonce: nonce)
        } throws: { "\($0)".contains("cannot be resolved") }
    }
}

struct LinkFailureTests {
    @Test(
        "who cannot reach the summation server is not sent to it",
        arguments: [LinkFailure.Cause.unreachable("Invalid argument"), .timedOut(seconds: 5)])
    func advice(cause: LinkFailure.Cause) {
        let toServer = "\(LinkFailure(peer: .server(0), address: "[fe80::1]:7701", cause: cause))"
        #expect(!toServer.contains("--topology") && toServer.contains("--data-port of the coordinator"), "\(toServer)")
        #expect("\(LinkFailure(peer: .worker(1), address: "10.0.0.2:7702", cause: cause))".contains("--topology server"))
    }
}
