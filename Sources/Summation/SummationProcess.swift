import Collectives
import Control
import Foundation
import Logging
import Membership
import NIOCore
import NIOPosix
import Runs
import SwiftProtobuf
import Synchronization
import Waiting
import Wire

/// A summation server in a process of its own: finds the coordinator, sums for the views it is told of, and ends with a sentence.
///
/// It holds no state of the run. When the coordinator is gone, it dials until another takes over, for as long as it may dial at first.
public final class SummationProcess: Sendable {
    private let endings = Mailbox<WorkerEnding>()
    private let group = MultiThreadedEventLoopGroup.ofOneThread()
    private let shell: SummationShell

    public init(options: SummationServerOptions, log: Logger) {
        shell = SummationShell(loop: group.next(), options: options, log: log) { [endings] in endings.put($0) }
    }

    /// Runs until there is nothing left to sum. Blocks the calling thread.
    public func run() -> WorkerEnding {
        defer {
            shell.gate.close()
            shell.host?.shutdown()
            group.shutDown(.atMost(.seconds(5)))
        }
        shell.onLoop { $0.start() }
        let ending = endings.take(.untilWoken(by: "the shell: a word of the coordinator, a signal, or its own limit on dialling"))
        return ending ?? .failed("the summation server ended without a word; this is a defect")
    }

    /// Leaves the run (a signal): the members go on without it.
    public func leave(_ reason: String) { shell.onLoop { $0.leave(reason) } }
}

/// What happens on the event loop of a summation server.
private final class SummationShell: @unchecked Sendable {
    // Confined to the event loop: that is what makes it safe to send.
    private var connection: ControlConnection?
    private var isIn = false
    private var hasEnded = false
    /// Since when it has no coordinator, and the last reason.
    private var alone = MonotonicTime.now
    private var lastFailure = "nothing was heard of it"
    private var heard = MonotonicTime.now
    private var arrived: UInt64 = 0
    private var view: UInt64 = 0
    private var strangers = Strangers()
    private let process = UInt64.random(in: 1 ... .max)

    private let loop: any EventLoop
    /// The way in from other threads; closed before the loop ends.
    let gate: LoopGate
    /// Set once the coordinator has said which hosts must reach it.
    private(set) var host: SummationHost?
    private let options: SummationServerOptions
    private let dialer: CoordinatorDialer
    private let log: Logger
    private let onEnd: @Sendable (WorkerEnding) -> Void

    init(
        loop: any EventLoop, options: SummationServerOptions, log: Logger,
        onEnd: @escaping @Sendable (WorkerEnding) -> Void
    ) {
        self.loop = loop
        gate = LoopGate(loop)
        self.options = options
        self.log = log
        self.onEnd = onEnd
        dialer = CoordinatorDialer(loop: loop, address: options.coordinator, token: options.token)
    }

    func onLoop(_ body: @escaping @Sendable (SummationShell) -> Void) { gate.execute { body(self) } }

    func start() {
        loop.scheduleRepeatedTask(initialDelay: .zero, delay: ControlConnection.heartbeat) { [weak self] task in
            guard let self, !hasEnded else { return task.cancel() }
            look()
            beat()
            if let refusals = host?.refusals { strangers.count(refusals) }
            if let note = strangers.note(at: MonotonicTime.now) { log.warning("\(note)") }
        }
        dial()
    }

    /// Checks whether the coordinator still lives, and how long there has been none.
    private func look() {
        let now = MonotonicTime.now
        if let connection {
            let bytes = connection.traffic.arrived.load(ordering: .relaxed)
            if bytes != arrived { (arrived, heard) = (bytes, now) }
            guard now - heard > WorkerMachine.silence else { return }
            connection.close()
            return lost("it has been silent for \((now - heard).components.seconds) s")
        }
        guard now - alone > options.connectTimeout else { return }
        let limit = options.connectTimeout
        end(host == nil ? .neverFound(lastFailure, within: limit) : .neverBack(lastFailure, within: limit))
    }

    private func beat() {
        guard isIn, let connection else { return }
        let moved = host?.moved ?? [:]
        let ranks = (moved.keys.max() ?? -1) + 1
        let links = (0..<ranks).map { moved[$0] ?? LinkBytes() }
        connection.send(
            .serverBeat(
                .with {
                    $0.view = links.first?.view ?? 0
                    $0.sent = links.map(\.sent)
                    $0.received = links.map(\.received)
                }), view: view)
    }

    // MARK: The connection

    private func dial() {
        dialer.begin { [weak self] outcome in
            guard let self, !hasEnded else { return }
            switch outcome {
            case .failed(let reason, let pause, let final):
                // After a loss, the reason of the loss is kept.
                if host == nil { lastFailure = reason }
                if final, view == 0 {
                    return end(.unfit("the coordinator at \(options.coordinator) cannot be used: \(reason)"))
                }
                guard view == 0 else { return }
                log.info("no coordinator at \(options.coordinator) yet (\(reason)); trying again in \(DurationText.text(pause))")
            case .connected(let connection): introduce(on: connection)
            case .message(let connection, let message, _):
                guard connection === self.connection else { return }
                heard = MonotonicTime.now
                receive(message)
            case .ended(let connection, let reason):
                guard connection === self.connection else { return }
                lost(reason)
            }
        }
    }

    private func introduce(on connection: ControlConnection) {
        self.connection = connection
        (heard, arrived) = (MonotonicTime.now, 0)
        connection.send(
            .serverHello(
                .with {
                    $0.host = Provenance.hostName()
                    $0.pid = UInt32(ProcessInfo.processInfo.processIdentifier)
                    $0.build = options.build
                    $0.number = options.number.map { $0 + 1 } ?? 0
                    $0.process = process
                }), view: 0)
    }

    private func lost(_ reason: String) {
        log.warning("the coordinator is gone (\(reason)); dialling for one that takes over")
        (connection, isIn, alone, lastFailure) = (nil, false, MonotonicTime.now, reason)
        host?.rest()
        dial()
    }

    private func receive(_ message: ControlMessage) {
        switch message {
        case .serverView(let message):
            guard isIn else { return welcomed(remote: message.remote) }
            view = max(view, message.view)
            guard message.members > 0 else { return host?.rest() ?? () }
            let members = CoordinatorMachine.counted(Int(message.members))
            log.info("view \(message.view): part \(message.server) of every bucket, for \(members)")
            host?.form(message) { [weak self] reason in
                self?.onLoop { $0.trouble(reason) }
            }
        case .refusal(let refusal): end(.refused(refusal.reason))
        case .stop(let stop):
            if !stop.failed { log.info("\(stop.reason); this summation server ends") }
            end(stop.failed ? .runFailed(stop.reason) : .done)
        case .heartbeat: break
        default:
            connection?.close()
            end(.failed("the coordinator sent what no summation server is sent; is \(options.coordinator) a coordinator?"))
        }
    }

    /// Listens, on loopback alone where the whole run is on this machine, and says where.
    private func welcomed(remote: Bool) {
        do {
            if remote, options.token == nil, !options.insecure { throw Token.Missing() }
            let host = try self.host ?? SummationHost(GradientPort(port: options.dataPort).open(remote: remote))
            self.host = host
            isIn = true
            dialer.wasWelcomed()
            log.info("in the run; gradient links come in at port \(host.port)\(remote ? "" : ", which this machine alone reaches")")
            connection?.send(
                .ready(
                    .with {
                        $0.dataPort = UInt32(options.advertise.flatMap { $0.port > 0 ? $0.port : nil } ?? host.port)
                        $0.dataAddresses = options.advertise.map { [$0.host] } ?? []
                    }), view: 0)
        } catch {
            end(.failed("\(error)"))
        }
    }

    private func trouble(_ reason: String) {
        let text = "links of view \(view) did not come up: \(reason)"
        log.warning("\(text)")
        guard isIn else { return }
        connection?.send(
            .notice(
                .with {
                    $0.level = LogLevel.warning.rawValue
                    $0.text = String(text.prefix(2000))
                }), view: view)
    }

    func leave(_ reason: String) {
        guard !hasEnded else { return }
        connection?.send(
            .farewell(
                .with {
                    $0.reason = "it was asked to leave (\(reason))"
                    $0.leaving = true
                }), view: view)
        log.info("asked to leave (\(reason)): the members go on without this summation server")
        end(.done)
    }

    private func end(_ ending: WorkerEnding) {
        guard !hasEnded else { return }
        hasEnded = true
        dialer.end()
        connection?.closeAfterSending()
        onEnd(ending)
    }
}
