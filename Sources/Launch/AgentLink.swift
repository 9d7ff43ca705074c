import Foundation
import Glibc
import Processes
import Runs
import Synchronization
import Waiting
import Wire

/// A launcher's connection to the agent of one host: a child process (the remote shell, or the agent itself on this machine)
/// whose standard input and output carry the messages.
package final class AgentLink: Sendable {
    /// What the agent sends unasked.
    enum Event: Sendable {
        case output(slot: Int, line: String)
        case ended(slot: Int, ChildProcess.Ending)
        /// A line on standard error after the hello, usually from the remote shell itself.
        case remark(String)
        /// A connection that had been up is gone. `last` is the remote shell's last line.
        case lost(ChildProcess.Ending, last: String)
    }

    private struct State {
        var hello: AgentHello?
        var strangeHello: String?
        var next = 0
        var waiting: [Int: Mailbox<Result<AgentAnswer, LocalError>>] = [:]
        /// The last lines of standard error.
        var errors: [String] = []
        /// What came on standard output before the hello, usually the shell's greeting.
        var shellGreeting: [UInt8] = []
        var ended: ChildProcess.Ending?
        var closing = false
    }

    let name: String
    private let process: ChildProcess
    private let input: Int32
    private let inputLock = Mutex(false)
    private let state = Mutex(State())
    private let greeting = Mailbox<Void>()
    private let end = Mailbox<Void>()
    private let onEvent: @Sendable (Event) -> Void

    /// Starts the child process. `onEvent` is called on threads of this link, for one event at a time except remarks.
    init(
        name: String, program: String, arguments: [String], environment: [String: String],
        onEvent: @escaping @Sendable (Event) -> Void
    ) throws {
        let (toChild, fromChild, errors) = try (LinePipe(), LinePipe(), LinePipe())
        defer { for descriptor in [toChild.reading, fromChild.writing, errors.writing] { close(descriptor) } }
        // A remote shell that reads nothing any more must not block the launcher.
        _ = fcntl(toChild.writing, F_SETFL, O_NONBLOCK)
        self.name = name
        self.onEvent = onEvent
        input = toChild.writing
        do {
            process = try ChildProcess(
                executable: program, arguments: arguments, environment: environment,
                descriptors: [(toChild.reading, 0), (fromChild.writing, 1), (errors.writing, 2)])
        } catch {
            for descriptor in [toChild.writing, fromChild.reading, errors.reading] { close(descriptor) }
            throw error
        }
        let errorsEnded = Mailbox<Void>()
        OwnedThread.detach(name: "remarks") { [self] in
            _ = DescriptorLines.read(errors.reading, longest: 4096, .untilWoken(by: "the child's end, or nobody: its thread alone"))
            { remark(String(decoding: $0, as: UTF8.self)) }
            close(errors.reading)
            errorsEnded.close()
        }
        OwnedThread.detach(name: "agent-link") { [self] in
            _ = DescriptorLines.read(
                fromChild.reading, longest: AgentLines.longest, .untilWoken(by: "the child's end: its keep-alive, or waitForEnd")
            ) { hear($0) }
            close(fromChild.reading)
            let ending = process.waitForEnd()
            // Its last line explains the end. The wait is short: a process that it left behind may hold the pipe for ever.
            _ = errorsEnded.take(.atMost(.milliseconds(500)))
            finish(ending)
        }
    }

    /// Waits for the agent's first word.
    ///
    /// - Throws: `LocalError` that says why there is none: the host could not be reached, or there is no such binary.
    func hello(within patience: Duration) throws -> AgentHello {
        _ = greeting.take(.atMost(patience))
        greeting.close()
        let state = state.withLock { $0 }
        if let hello = state.hello { return hello }
        if let build = state.strangeHello { throw HelloTrouble.build(build) }
        let said = HelloTrouble.Said(
            error: Self.last(state.errors),
            greeting: String(decoding: state.shellGreeting, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
                .printable(Self.longestGreeting))
        guard let ended = state.ended else { throw HelloTrouble.silent(patience, said) }
        throw HelloTrouble.ended(ended, said)
    }

    /// Why there was no hello.
    package enum HelloTrouble: Error, Equatable, CustomStringConvertible {
        /// What came in place of a hello: the last line on standard error, and the text on standard output.
        package struct Said: Sendable, Equatable {
            let error: String
            let greeting: String

            package init(error: String, greeting: String) {
                self.error = error
                self.greeting = greeting
            }
        }

        case ended(ChildProcess.Ending, Said)
        case silent(Duration, Said)
        /// An agent of another build, whose messages are not understood.
        case build(String)

        package var description: String {
            func with(_ said: Said) -> String { said.error.isEmpty ? "" : ": \(said.error)" }
            return switch self {
            case .ended(let ending, let said): "\(ending)\(with(said))"
            case .silent(let patience, let said): "no word within \(patience.components.seconds) s\(with(said))"
            case .build(let other): "it is build \(other)"
            }
        }
    }

    /// Characters kept and shown of a shell's greeting: those at its end, which says more than its beginning.
    private static let longestGreeting = 300

    /// Sends a request; its answer, or why there is none, arrives in the mailbox.
    func ask(_ request: AgentRequest) -> Mailbox<Result<AgentAnswer, LocalError>> {
        let mailbox = Mailbox<Result<AgentAnswer, LocalError>>()
        let id: Int? = state.withLock { state in
            guard state.ended == nil else { return nil }
            state.next += 1
            state.waiting[state.next] = mailbox
            return state.next
        }
        if let id {
            send(AgentCall(id: id, request: request))
        } else {
            mailbox.put(.failure(LocalError("the connection to \(name) is gone")))
        }
        return mailbox
    }

    /// Sends a request without an answer.
    func tell(_ request: AgentRequest) { send(AgentCall(id: 0, request: request)) }

    /// Ends the agent's input, upon which it ends its workers and itself. Idempotent.
    func closeInput() {
        state.withLock { $0.closing = true }
        inputLock.withLock { closed in
            if !closed { close(input) }
            closed = true
        }
    }

    /// Waits for the end of the process; after `patience` it is killed.
    func waitForEnd(within patience: Duration) {
        _ = end.take(.atMost(patience))
        if state.withLock({ $0.ended == nil }) {
            process.send(signal: SIGKILL)
            _ = end.take(.atMost(.seconds(1)))
        }
    }

    private func send(_ call: AgentCall) {
        guard let bytes = try? AgentLines.bytes(call) else { return }
        inputLock.withLock { closed in
            guard !closed else { return }
            // Where nothing is read for seconds, the connection is stuck, and its own keep-alive will end it.
            _ = bytes.withUnsafeBytes { Descriptor.write($0, to: input, .atMost(.seconds(3))) }
        }
    }

    private func hear(_ line: [UInt8]) {
        let isGreeted = state.withLock { $0.hello != nil }
        guard !isGreeted else {
            if let word = try? AgentLines.read(AgentWord.self, from: line) { handle(word) }
            return
        }
        guard let start = AgentLines.hello(in: line) else { return keepGreeting(line + [UInt8(ascii: "\n")]) }
        keepGreeting(Array(line[..<start]))
        let hello = Array(line[start...])
        if let word = try? AgentLines.read(AgentWord.self, from: hello) { handle(word) } else { notUnderstood(hello) }
    }

    private func keepGreeting(_ bytes: [UInt8]) {
        state.withLock { $0.shellGreeting = Array(($0.shellGreeting + bytes).suffix(Self.longestGreeting)) }
    }

    private func handle(_ word: AgentWord) {
        switch word {
        case .hello(let hello):
            state.withLock { $0.hello = hello }
            greeting.put(())
        case .answer(let id, let answer): resolve(id, .success(answer))
        case .failed(let id, let sentence): resolve(id, .failure(LocalError(sentence)))
        case .output(let slot, let line): onEvent(.output(slot: slot, line: line.printable(Self.longestLine)))
        case .ended(let slot, let end): onEvent(.ended(slot: slot, end.ending))
        }
    }

    /// Characters shown of a line from that host.
    private static let longestLine = 8000

    /// Handles the hello of another build: only the build's name is read.
    private func notUnderstood(_ line: [UInt8]) {
        guard let word = try? JSON(parsing: line), let build = word["hello"]?["_0"]?["build"]?.stringValue else { return }
        state.withLock { $0.strangeHello = build.printable(MessageBounds.name) }
        greeting.put(())
    }

    private func resolve(_ id: Int, _ result: Result<AgentAnswer, LocalError>) {
        state.withLock { $0.waiting.removeValue(forKey: id) }?.put(result)
    }

    private func remark(_ line: String) {
        // The line goes to a terminal, and may come from any program on that host.
        let text = line.trimmingCharacters(in: .whitespacesAndNewlines).printable(Self.longestLine)
        guard !text.isEmpty else { return }
        let greeted = state.withLock { state in
            state.errors = state.errors.suffix(4) + [text]
            return state.hello != nil
        }
        if greeted { onEvent(.remark(text)) }
    }

    private func finish(_ ending: ChildProcess.Ending) {
        let (waiting, last, expected) = state.withLock { state in
            state.ended = ending
            defer { state.waiting = [:] }
            return (Array(state.waiting.values), Self.last(state.errors), state.closing || state.hello == nil)
        }
        for mailbox in waiting { mailbox.put(.failure(LocalError("the connection to \(name) is gone (\(last))"))) }
        greeting.close()
        if !expected { onEvent(.lost(ending, last: last)) }
        end.close()
    }

    private static func last(_ errors: [String]) -> String { errors.last ?? "" }
}
