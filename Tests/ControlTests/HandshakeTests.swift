import Control
import Foundation
import SwiftProtobuf
import TestSupport
import Testing
import Wire

/// Challenge, proof and proof: each side shows that it knows the token before the other says anything.
@Suite struct HandshakeTests {
    private static func token(_ text: String = "a token of some length") throws -> Token { try Token(text) }

    private func answer(_ step: CoordinatorHandshake.Step) -> ControlProof? {
        if case .answer(let proof) = step { proof } else { nil }
    }

    private func proof(_ step: WorkerHandshake.Step) -> ControlProof? { if case .proved(let proof) = step { proof } else { nil } }

    private func failure(_ step: WorkerHandshake.Step) -> String? {
        switch step {
        case .failed(let reason), .unproven(let reason): reason
        case .proved: nil
        }
    }

    private func refusal(_ step: CoordinatorHandshake.Step) -> String? {
        if case .refused(let reason) = step { reason } else { nil }
    }

    private func isProved(_ step: CoordinatorHandshake.Step) -> Bool { if case .proved = step { true } else { false } }

    @Test("with one token, and without any, both sides come through", arguments: [false, true])
    func comesThrough(hasToken: Bool) throws {
        let token = hasToken ? try Self.token() : nil
        let worker = WorkerHandshake(token: token)
        let coordinator = CoordinatorHandshake(token: token)
        let first = try #require(answer(coordinator.receive(.challenge(worker.challenge))))
        #expect(first.code.isEmpty == !hasToken && !coordinator.isDone)
        let second = try #require(proof(worker.receive(.proof(first))))
        #expect(worker.isDone && second.code.isEmpty == !hasToken)
        #expect(isProved(coordinator.receive(.proof(second))) && coordinator.isDone)
    }

    @Test("a coordinator with another token is not given a proof, and the way on is named")
    func wrongCoordinator() throws {
        let worker = WorkerHandshake(token: try Self.token())
        let coordinator = CoordinatorHandshake(token: try Self.token("another token of that length"))
        let first = try #require(answer(coordinator.receive(.challenge(worker.challenge))))
        #expect(try #require(failure(worker.receive(.proof(first)))).contains("--token-file"))
        #expect(!worker.isDone)
    }

    @Test("a worker with another token, or none, is refused, and the way on is named", arguments: [false, true])
    func wrongWorker(hasToken: Bool) throws {
        let coordinator = CoordinatorHandshake(token: try Self.token())
        let worker = WorkerHandshake(token: hasToken ? try Self.token("another token of that length") : nil)
        let first = try #require(answer(coordinator.receive(.challenge(worker.challenge))))
        #expect(try #require(failure(worker.receive(.proof(first)))).contains("--token-file"))
        // It answers all the same.
        let forged = ControlProof.with { $0.code = hasToken ? Data(repeating: 7, count: 32) : Data() }
        #expect(try #require(refusal(coordinator.receive(.proof(forged)))).contains("--token-file"))
        #expect(!coordinator.isDone)
    }

    @Test("a worker with a token does not trust a coordinator without one")
    func noToken() throws {
        let worker = WorkerHandshake(token: try Self.token())
        let coordinator = CoordinatorHandshake(token: nil)
        let first = try #require(answer(coordinator.receive(.challenge(worker.challenge))))
        #expect(try #require(failure(worker.receive(.proof(first)))).contains("no token"))
    }

    @Test("a proof of an earlier connection is worth nothing on the next, in either direction")
    func replayed() throws {
        let token = try Self.token()
        let earlier = (worker: WorkerHandshake(token: token), coordinator: CoordinatorHandshake(token: token))
        let first = try #require(answer(earlier.coordinator.receive(.challenge(earlier.worker.challenge))))
        let second = try #require(proof(earlier.worker.receive(.proof(first))))
        let worker = WorkerHandshake(token: token)
        #expect(failure(worker.receive(.proof(first))) != nil && !worker.isDone)
        let coordinator = CoordinatorHandshake(token: token)
        _ = coordinator.receive(.challenge(earlier.worker.challenge))
        #expect(refusal(coordinator.receive(.proof(second))) != nil && !coordinator.isDone)
    }

    @Test("one side's proof is never good as the other's")
    func reflected() throws {
        let token = try Self.token()
        let coordinator = CoordinatorHandshake(token: token)
        let challenge = ControlChallenge.with { $0.nonce = Data(repeating: 1, count: Token.nonceBytes) }
        let first = try #require(answer(coordinator.receive(.challenge(challenge))))
        #expect(refusal(coordinator.receive(.proof(.with { $0.code = first.code }))) != nil)
    }

    @Test("a nonce of another size is no challenge and no answer", arguments: [0, 1, Token.nonceBytes - 1, Token.nonceBytes + 1])
    func nonceSize(bytes: Int) throws {
        let token = try Self.token()
        let coordinator = CoordinatorHandshake(token: token)
        #expect(refusal(coordinator.receive(.challenge(.with { $0.nonce = Data(count: bytes) }))) != nil)
        let worker = WorkerHandshake(token: token)
        #expect(failure(worker.receive(.proof(.with { $0.nonce = Data(count: bytes) }))) != nil && !worker.isDone)
    }

    @Test("nothing but a challenge, then a proof, then the rest is taken, and memory for nothing else")
    func order() throws {
        let token = try Self.token()
        let coordinator = CoordinatorHandshake(token: token)
        #expect(MessageKind.allCases.filter(coordinator.admits) == [.challenge])
        #expect(refusal(coordinator.receive(.proof(ControlProof()))) != nil)
        #expect(refusal(coordinator.receive(.hello(ControlHello()))) != nil)
        let worker = WorkerHandshake(token: token)
        let first = try #require(answer(coordinator.receive(.challenge(worker.challenge))))
        #expect(MessageKind.allCases.filter(coordinator.admits) == [.proof])
        #expect(refusal(coordinator.receive(.challenge(worker.challenge))) != nil)
        _ = coordinator.receive(.proof(try #require(proof(worker.receive(.proof(first))))))
        #expect(Set(MessageKind.allCases.filter { !coordinator.admits($0) }) == [.challenge, .proof])
        let early = WorkerHandshake(token: token)
        #expect(failure(early.receive(.welcome(ControlWelcome()))) != nil)
    }

    @Test("a refusal before any proof is nobody's word, with a token or without: it ends no worker", arguments: [false, true])
    func unproven(hasToken: Bool) throws {
        let worker = WorkerHandshake(token: hasToken ? try Self.token() : nil)
        guard case .unproven(let reason) = worker.receive(.refusal(.with { $0.reason = "go away" })) else {
            Issue.record("it was believed")
            return
        }
        #expect(reason.contains("go away") && !worker.isDone)
    }

    @Test("two connections never show the same nonce")
    func nonces() {
        let nonces = (0..<100).map { _ in WorkerHandshake(token: nil).challenge.nonce }
        #expect(Set(nonces).count == 100 && nonces.allSatisfy { $0.count == Token.nonceBytes })
    }
}

@Suite struct TokenTests {
    private let scratch = Scratch()

    private func message(_ body: () throws -> Void) -> String {
        do {
            try body()
            return ""
        } catch {
            return "\(error)"
        }
    }

    private func comesThrough(_ a: Token, _ b: Token) -> Bool {
        let (worker, coordinator) = (WorkerHandshake(token: a), CoordinatorHandshake(token: b))
        guard case .answer(let first) = coordinator.receive(.challenge(worker.challenge)) else { return false }
        if case .proved = worker.receive(.proof(first)) { return true }
        return false
    }

    @Test("a token is its file's one line without the white space around it")
    func firstLine() throws {
        let plain = try Token("0123456789abcdef")
        let file = try scratch.write("  0123456789abcdef \r\n", mode: 0o600)
        #expect(comesThrough(try Token(file: file), plain))
        let longer = try scratch.write("0123456789abcdef\nand what follows", mode: 0o600)
        #expect(message { _ = try Token(file: longer) }.contains("more than one line"))
        #expect(!comesThrough(try Token("0123456789abcdeg"), plain))
    }

    @Test("a byte order mark is no part of a token; bytes that are no text are named")
    func invisible() throws {
        let plain = Array("0123456789abcdef".utf8)
        let utf16: [UInt8] = plain.flatMap { [$0, 0] as [UInt8] }
        let files: [(bytes: [UInt8], part: String)] = [
            (utf16, "NUL byte"), (plain + [0], "NUL byte"), (plain + [0xFE], "not text in UTF-8"),
        ]
        for marked in [[0xEF, 0xBB, 0xBF] + plain, [0xFF, 0xFE] + utf16] as [[UInt8]] {
            let file = try scratch.write("", mode: 0o600)
            try Data(marked).write(to: URL(fileURLWithPath: file))
            #expect(comesThrough(try Token(file: file), try Token("0123456789abcdef")))
        }
        for (bytes, part) in files {
            let file = try scratch.write("", mode: 0o600)
            try Data(bytes).write(to: URL(fileURLWithPath: file))
            let sentence = message { _ = try Token(file: file) }
            #expect(sentence.contains(file) && sentence.contains(part), "\(sentence)")
        }
    }

    @Test("a file that others can read is refused with the command that mends it", arguments: [0o640, 0o604, 0o622, 0o666])
    func open(mode: Int) throws {
        let file = try scratch.write("0123456789abcdef", mode: mode)
        #expect(message { _ = try Token(file: file) }.contains("chmod 600 \(file)"))
    }

    @Test("its owner may have it read-only")
    func readOnly() throws { _ = try Token(file: scratch.write("0123456789abcdef", mode: 0o400)) }

    @Test(
        "a token that is too short is refused with its length and a command that makes one",
        arguments: ["", "\n", "0123456789abcde"])
    func short(text: String) throws {
        let file = try scratch.write(text, mode: 0o600)
        let sentence = message { _ = try Token(file: file) }
        #expect(sentence.contains(file) && sentence.contains("\(Token.minimumLength)") && sentence.contains("/dev/urandom"))
        #expect(!message { _ = try Token("short") }.isEmpty)
    }

    @Test("a file that is not there is named with the system's word")
    func missing() {
        let sentence = message { _ = try Token(file: scratch.path + "/none") }
        #expect(sentence.contains(scratch.path + "/none") && sentence.contains("No such file"))
    }

    @Test("a token does not print itself")
    func secret() throws { #expect(!"\(try Token("0123456789abcdef"))".contains("0123456789abcdef")) }
}
