import Collectives
import Testing

/// Probes between two ends on this machine.
struct ProbeTests {
    private let nonce = (0..<16).map { UInt8($0) }

    @Test("a probe reaches its listener, is seen by its own address, and measures both directions")
    func reaches() throws {
        let listener = try ProbeListener(port: 0, nonce: nonce)
        defer { listener.shutdown() }
        let address = LinkAddress(host: "127.0.0.1", port: listener.port)
        let there = try ProbeLink(to: address, nonce: nonce)
        #expect(there.seenAs == "127.0.0.1" && there.peer == "127.0.0.1")
        #expect(try there.roundTrip(times: 3) > 0)
        #expect(try there.send(for: .milliseconds(20)) > 0)
        #expect(try ProbeLink(to: address, nonce: nonce).receive(for: .milliseconds(20)) > 0)
    }

    @Test("a listener of somebody else is not taken for the one that was meant")
    func stranger() throws {
        let listener = try ProbeListener(port: 0, nonce: Array(repeating: 9, count: 16))
        defer { listener.shutdown() }
        #expect(throws: ProbeFailure.self) {
            try ProbeLink(to: LinkAddress(host: "127.0.0.1", port: listener.port), nonce: nonce)
        }
    }

    @Test("a port that is taken, a port where nobody listens and a name that is none are told apart")
    func reasons() throws {
        let listener = try ProbeListener(port: 0, nonce: nonce)
        let port = listener.port
        #expect { try ProbeListener(port: port, nonce: nonce) } throws: { "\($0)".contains("in use") }
        listener.shutdown()
        #expect {
            try ProbeLink(to: LinkAddress(host: "127.0.0.1", port: port), nonce: nonce)
        } throws: { "\($0)".contains("refused") }
        #expect {
            try ProbeLink(to: LinkAddress(host: "no-such-host.invalid", port: 1), nonce: nonce)
        } throws: { "\($0)".contains("cannot be resolved") }
    }
}
