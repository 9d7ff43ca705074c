import Collectives
import Foundation
import Glibc
import Processes
import Synchronization
import Waiting
import Wire

/// `lockstep agent`, which a launcher starts on every host through SSH: it answers the launcher's questions, and starts the workers there.
///
/// It talks over its standard input and output. When the input ends, it ends with its workers: so nothing stays behind where a
/// launcher or a connection is gone.
public final class Agent: Sendable {
    /// How long workers may take to leave.
    static let grace: Duration = .seconds(3)

    private let hello: AgentHello
    private let executable: String
    private let output = Mutex<Int32>(STDOUT_FILENO)
    /// Workers whose end was not yet reported.
    private let workers = Monitor<[Int: ChildProcess]>([:])
    private let listeners = Mutex<[ProbeListener]>([])

    /// `kernelTrouble`: why the kernel family that was asked for is not in use.
    public init(build: String, kernelTrouble: String? = nil) {
        hello = .here(build: build, kernelTrouble: kernelTrouble)
        executable = hello.executable
    }

    /// Serves until the input ends. Must be called on the main thread: the workers die with the thread that starts them.
    public func run() throws -> Int32 {
        signal(SIGPIPE, SIG_IGN)
        let bond = try LinePipe()
        say(.hello(hello))
        _ = DescriptorLines.read(STDIN_FILENO, longest: AgentLines.longest, .atMost(AgentLines.longestSilence)) { line in
            guard let call = try? AgentLines.read(AgentCall.self, from: line) else { return }
            handle(call, bond: bond)
        }
        withExtendedLifetime(bond) { leave() }
        return 0
    }

    private func handle(_ call: AgentCall, bond: LinePipe) {
        switch call.request {
        case .alive: break
        case .kill:
            signalWorkers(SIGKILL)
            _ = nobodyIsLeft(.atMost(.seconds(1)))
            exit(0)
        case .start(let slot, let arguments, let token):
            answer(call.id) {
                try start(slot: slot, arguments: arguments, token: token, bond: bond)
                return .done
            }
        case .survey, .listen, .dial, .measure, .endListening:
            OwnedThread.detach(name: "agent") { [self] in answer(call.id) { try look(call.request) } }
        }
    }

    private func answer(_ id: Int, _ body: () throws -> AgentAnswer) {
        do {
            say(.answer(id: id, try body()))
        } catch {
            say(.failed(id: id, sentence: "\(error)"))
        }
    }

    private func look(_ request: AgentRequest) throws -> AgentAnswer {
        switch request {
        case .survey(let folder): return .survey(.measured(folder: folder))
        case .listen(let port, let nonce):
            let made = try ProbeListener(port: port, nonce: Self.bytes(nonce))
            listeners.withLock { $0.append(made) }
            return .listening(host: made.host, port: made.port)
        case .endListening:
            let ended = listeners.withLock { listeners in
                defer { listeners = [] }
                return listeners
            }
            for listener in ended { listener.shutdown() }
            return .done
        case .dial(let targets): return .dialled(try Self.dial(targets))
        case .measure(let target, let seconds): return .measured(try Self.measure(target, for: .seconds(seconds)))
        case .alive, .start, .kill: return .done
        }
    }

    /// Dials all addresses at once, each on a thread of its own.
    private static func dial(_ targets: [ProbeTarget]) throws -> [DialResult] {
        let results = Mailbox<DialResult>()
        var count = 0
        for target in targets {
            let nonce = try bytes(target.nonce)
            for address in target.addresses {
                count += 1
                OwnedThread.detach(name: "dial") {
                    var result = DialResult(target: target.name, address: address)
                    do throws(ProbeFailure) {
                        let link = try ProbeLink(to: HostPort(host: address, port: target.port), nonce: nonce)
                        try link.passLarge()
                        result.seenAs = link.seenAs
                    } catch {
                        result.reason = error.description
                        result.losesLarge = error.losesLarge
                    }
                    results.put(result)
                }
            }
        }
        return (0..<count).compactMap { _ in results.take(.untilWoken(by: "each dial, which has its own time limit")) }
    }

    private static func measure(_ target: ProbeTarget, for duration: Duration) throws -> LinkMeasure {
        let nonce = try bytes(target.nonce)
        let address = HostPort(host: target.addresses[0], port: target.port)
        let there = try ProbeLink(to: address, nonce: nonce)
        let roundTrip = try there.roundTrip()
        let back = try ProbeLink(to: address, nonce: nonce)
        return LinkMeasure(roundTrip: roundTrip, there: try there.send(for: duration), back: try back.receive(for: duration))
    }

    private static func bytes(_ nonce: String) throws -> [UInt8] {
        guard let bytes = Secret.bytes(digits: nonce), bytes.count == 16 else { throw LocalError("a probe's nonce has 32 digits") }
        return bytes
    }

    // MARK: Workers

    private func start(slot: Int, arguments: [String], token: String, bond: LinePipe) throws {
        let secret = try SealedMemory(token)
        // Standard input belongs to this agent alone: the launcher writes to it.
        let nothing = open("/dev/null", O_RDONLY | O_CLOEXEC)
        guard nothing >= 0 else { throw LocalError("cannot open /dev/null: \(String(cString: strerror(errno)))") }
        defer { close(nothing) }
        let lines = try LinePipe()
        defer { close(lines.writing) }
        let tie = ["--parent-pid", "\(getpid())", "--parent-descriptor", "\(Supervisor.parentDescriptor)"]
        let child = try secret.withDescriptor { secret in
            try ChildProcess(
                executable: executable, arguments: arguments + tie, environment: ProcessInfo.processInfo.environment,
                descriptors: [
                    (nothing, 0), (lines.writing, 1), (lines.writing, 2), (bond.reading, Supervisor.parentDescriptor),
                    (secret, RunToken.descriptor),
                ], holdsStopSignals: true)
        }
        workers.update { $0[slot] = child }
        OwnedThread.detach(name: "worker \(slot)") { [self] in
            _ = DescriptorLines.read(lines.reading, longest: 4096, .untilWoken(by: "the worker's end, at the latest")) {
                say(.output(slot: slot, line: String(decoding: $0, as: UTF8.self)))
            }
            close(lines.reading)
            let end = WorkerEnd(child.waitForEnd())
            say(.ended(slot: slot, end))
            workers.update { $0[slot] = nil }
        }
    }

    /// Lets workers leave at the next boundary, and kills those that do not.
    private func leave() {
        signalWorkers(SIGTERM)
        if !nobodyIsLeft(.atMost(Self.grace)) {
            signalWorkers(SIGKILL)
            _ = nobodyIsLeft(.atMost(.seconds(1)))
        }
    }

    private func nobodyIsLeft(_ patience: Patience) -> Bool { workers.wait(patience) { $0.isEmpty ? () : nil } != nil }

    private func signalWorkers(_ number: Int32) {
        for child in workers.withLock({ Array($0.values) }) { child.send(signal: number) }
    }

    /// Writes one line at a time. Errors are ignored: where nobody reads any more, the input ends as well.
    private func say(_ word: AgentWord) {
        // The word starts on a new line: a shell may have left text on the last one.
        guard let bytes = try? [UInt8(ascii: "\n")] + AgentLines.bytes(word) else { return }
        output.withLock { descriptor in
            _ = bytes.withUnsafeBytes { Descriptor.write($0, to: descriptor, .atMost(.seconds(10))) }
        }
    }
}
