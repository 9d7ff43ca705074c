import Foundation
import NIOCore
import Runs
import Testing
import Wire

/// What reaches a coordinator's port and is no worker of its run.
@Suite(.serialized)
struct StrangersTests {
    /// A connection that sends some bytes and reads what comes back until the other side closes.
    private func exchange(port: String, _ bytes: [UInt8]) throws -> [UInt8] {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var patience = timeval(tv_sec: 15, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = try #require(UInt16(port)).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(connected == 0)
        if !bytes.isEmpty { #expect(send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count) }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else {
                #expect(count == 0 || errno == ECONNRESET, "the coordinator did not close the connection")
                return answer
            }
            answer += buffer[..<count]
        }
    }

    private func frame(_ kind: MessageKind, _ payload: [UInt8]) throws -> [UInt8] { try frames([(kind, payload)]) }

    /// As one direction of a connection numbers them.
    private func frames(_ messages: [(MessageKind, [UInt8])]) throws -> [UInt8] {
        var buffer = ByteBuffer()
        let encoder = ControlFrameEncoder()
        for (kind, payload) in messages {
            try encoder.encode(data: ControlFrame(kind: kind, view: 0, payload: ByteBuffer(bytes: payload)), out: &buffer)
        }
        return Array(buffer.readableBytesView)
    }

    @Test("random bytes, another build, an early message and silence are turned away; the run comes to the same weights")
    func strangers() throws {
        let scratch = try Scratch()
        let lead = try LockstepProcess(
            ["coordinator"] + LockstepProcess.small + [
                "--run", scratch.run("run"), "--listen", "127.0.0.1:0", "--workers", "2", "--json",
            ])
        let port = try #require(LockstepProcess.port(of: scratch.run("run")))
        let seed = UInt64.random(in: 0..<1_000_000)
        let noise = (0..<512).map { UInt8(truncatingIfNeeded: (UInt64($0) &+ seed) &* 0x9E37_79B9_7F4A_7C15 >> 56) }
        #expect(try exchange(port: port, noise).isEmpty, "seed \(seed)")
        // A well-made frame of a kind that nobody may send before a hello.
        #expect(try exchange(port: port, frame(.stepReport, [])).isEmpty)
        var hello = ControlHello()
        hello.host = "elsewhere"
        hello.pid = 1
        hello.build = "another build"
        // Nobody may say hello who has not shown that it knows the token, if only that there is none.
        #expect(try exchange(port: port, frame(.hello, hello.serializedBytes())).isEmpty)
        let challenge = ControlChallenge.with { $0.nonce = Data(repeating: 7, count: 32) }
        let greeting = try frames([
            (.challenge, challenge.serializedBytes()), (.proof, []), (.hello, hello.serializedBytes()),
        ])
        let refusal = try exchange(port: port, greeting)
        let text = String(decoding: refusal, as: UTF8.self)
        #expect(text.contains("another build") && text.contains("elsewhere") && text.contains("install the same build"), "\(text)")
        #expect(try exchange(port: port, []).isEmpty)  // says nothing, and is closed for it
        let workers = try (0..<2).map { _ in
            try LockstepProcess(["worker", "--coordinator", "127.0.0.1:\(port)", "--threads", "1"])
        }
        let result = try lead.wait()
        #expect(result.status == 0, "\(result.errors)")
        for worker in workers { #expect(try worker.wait(seconds: 20).status == 0) }
        let calm = try LockstepProcess.run(["train"] + LockstepProcess.small + ["--run", scratch.run("calm"), "--json"])
        #expect(try JSON(parsing: calm.output)["digest"] == JSON(parsing: result.output)["digest"])
    }
}
