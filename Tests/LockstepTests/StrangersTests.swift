import Foundation
import NIOCore
import Runs
import SwiftProtobuf
import TestSupport
import Testing
import Wire

/// Connections to a coordinator's port that are not from a worker of its run.
@Suite(.serialized)
struct StrangersTests {
    /// A connection that sends some bytes and reads what comes back until the other side closes.
    private func exchange(port: String, _ bytes: [UInt8]) throws -> [UInt8] {
        let descriptor = try LockstepProcess.connect(to: #require(UInt16(port)))
        defer { close(descriptor) }
        var patience = timeval(tv_sec: 15, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
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

    /// The frames of messages, numbered as in one direction of a connection.
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
        let scratch = Scratch()
        let lead = try LockstepProcess(
            ["coordinator"] + LockstepProcess.small + [
                "--run", scratch.file("run"), "--listen", "127.0.0.1:0", "--workers", "2", "--json",
            ])
        let port = try #require(LockstepProcess.port(of: scratch.file("run")))
        let seed = UInt64.random(in: 0..<1_000_000)
        let noise = (0..<512).map { UInt8(truncatingIfNeeded: (UInt64($0) &+ seed) &* 0x9E37_79B9_7F4A_7C15 >> 56) }
        #expect(try exchange(port: port, noise).isEmpty, "seed \(seed)")
        // A well-made frame of a kind that nobody may send before a hello.
        #expect(try exchange(port: port, frame(.stepReport, [])).isEmpty)
        var hello = ControlHello()
        hello.host = "elsewhere"
        hello.pid = 1
        hello.build = "another build"
        // A hello is accepted only after proof of the token, even where the proof is that there is none.
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
        for worker in workers { #expect(try worker.wait().status == 0) }
        let calm = try LockstepProcess.run(["train"] + LockstepProcess.small + ["--run", scratch.file("calm"), "--json"])
        #expect(try JSON(parsing: calm.output)["digest"] == JSON(parsing: result.output)["digest"])
    }

    @Test(
        "a flood on every port and a wrong token are turned away and named; the run comes to the same weights",
        arguments: ["ring", "server"])
    func flood(topology: String) throws {
        let scratch = Scratch()
        try Data("the run's own token, long enough\n".utf8).write(to: URL(fileURLWithPath: scratch.file("token")))
        try Data("another one, just as long as that\n".utf8).write(to: URL(fileURLWithPath: scratch.file("wrong")))
        for name in ["token", "wrong"] { chmod(scratch.file(name), 0o600) }
        let options = LockstepProcess.small + ["--epochs", "60", "--topology", topology]
        let lead = try LockstepProcess(
            ["coordinator"] + options + [
                "--run", scratch.file("run"), "--listen", "127.0.0.1:0", "--workers", "2", "--json", "--token-file",
                scratch.file("token"),
            ])
        let port = try #require(LockstepProcess.port(of: scratch.file("run")))
        func worker(_ token: String) throws -> LockstepProcess {
            try LockstepProcess(
                ["worker", "--coordinator", "127.0.0.1:\(port)", "--threads", "1", "--token-file", scratch.file(token)])
        }
        let workers = try [worker("token"), worker("token")]
        #expect(LockstepProcess.eventually { scratch.size(of: "run/metrics.jsonl") > 3000 })
        let processes = ([lead] + workers).map(\.process.processIdentifier)
        let ports = Set(processes.flatMap(LockstepProcess.listeningPorts))
        #expect(ports.count == (topology == "ring" ? 3 : 2), "\(ports)")
        let crowd = try Crowd(ports: ports, each: 100)
        let refused = try worker("wrong").wait()
        #expect(refused.status == 78 && refused.errors.contains("token"), "\(refused)")
        for pid in processes { #expect(LockstepProcess.peakMegabytes(of: pid) < 200) }
        let result = try lead.wait()
        crowd.leave()
        #expect(result.status == 0 && result.errors.contains("connections away"), "\(result.errors)")
        for worker in workers {
            let ended = try worker.wait()
            #expect(ended.status == 0 && (topology == "server" || ended.errors.contains("connections away")), "\(ended.errors)")
        }
        let calm = try LockstepProcess.run(["train"] + options + ["--workers", "1", "--run", scratch.file("calm"), "--json"])
        #expect(try JSON(parsing: calm.output)["digest"] == JSON(parsing: result.output)["digest"])
    }

    @Test("with few descriptors a crowd is turned away and the run goes on; with too few a command says so")
    func descriptors() throws {
        let scratch = Scratch()
        func limited(_ limit: Int, _ arguments: [String]) throws -> LockstepProcess {
            try LockstepProcess(
                ["-c", "ulimit -n \(limit); exec \"$0\" \"$@\"", LockstepProcess.path] + arguments, executable: "/bin/sh")
        }
        let lead = try limited(
            64,
            ["coordinator"] + LockstepProcess.small + ["--epochs", "40", "--run", scratch.file("run"), "--listen", "127.0.0.1:0"])
        let port = try #require(LockstepProcess.port(of: scratch.file("run")))
        let crowd = try Crowd(ports: [#require(UInt16(port))], each: 100)
        let workers = try (0..<2).map { _ in
            try limited(64, ["worker", "--coordinator", "127.0.0.1:\(port)", "--threads", "1"])
        }
        let result = try lead.wait()
        crowd.leave()
        #expect(result.status == 0, "\(result.errors)")
        for worker in workers { #expect(try worker.wait().status == 0) }
        let few = try limited(20, ["worker", "--coordinator", "127.0.0.1:\(port)"]).wait()
        #expect(few.status == 1 && few.errors.contains("raise the hard limit"), "\(few)")
        let many = try limited(
            64,
            ["coordinator"] + LockstepProcess.small + ["--run", scratch.file("many"), "--listen", "127.0.0.1:0", "--workers", "40"]
        ).wait()
        #expect(many.status == 1 && many.errors.contains("a coordinator of 40 workers needs"), "\(many)")
    }
}

/// Connections that say nothing, something senseless, or the beginning of something, and stay.
private struct Crowd {
    private var descriptors: [Int32] = []

    init(ports: Set<UInt16>, each: Int) throws {
        let texts: [[UInt8]] = [[], Array("GET / HTTP/1.1\r\n\r\n".utf8), Array("LKHL".utf8), (0..<4096).map { UInt8($0 & 255) }]
        for index in 0..<each {
            for port in ports {
                let descriptor = try LockstepProcess.connect(to: port)
                let text = texts[index % texts.count]
                _ = send(descriptor, text, text.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
                descriptors.append(descriptor)
            }
        }
    }

    func leave() { for descriptor in descriptors { close(descriptor) } }
}
