import Control
import Foundation
import Kernels
import Logging
import Membership
import NIOCore
import Processes
import Runs
import SwiftProtobuf
import Synchronization
import Waiting
import Wire

/// Drives a worker's core: control connection, engine and clock on one event loop.
final class WorkerShell: @unchecked Sendable {
    // Confined to the event loop: that is what makes it safe to send.
    private var core: WorkerCore
    private var connection: ControlConnection?
    private var engine: WorkerEngine!
    private let dialer: CoordinatorDialer
    /// No coordinator has welcomed this process yet.
    private var isNew = true
    private var isRestarting = false
    /// Bytes that had arrived by the last tick.
    private var arrived: UInt64 = 0
    private var strangers = Strangers()

    private let loop: any EventLoop
    /// The way in from other threads; closed before the loop ends.
    let gate: LoopGate
    private let options: WorkerOptions
    private let log: Logger
    private let onEnd: @Sendable (WorkerEnding) -> Void
    /// The connection that the engine's threads stream to.
    private let outlet: StreamOutlet

    init(loop: any EventLoop, options: WorkerOptions, log: Logger, onEnd: @escaping @Sendable (WorkerEnding) -> Void) {
        self.loop = loop
        gate = LoopGate(loop)
        outlet = StreamOutlet(gate)
        self.options = options
        self.log = log
        self.onEnd = onEnd
        core = WorkerCore(
            .init(
                hello: Self.hello(options), coordinator: "\(options.coordinator)",
                advertise: options.advertise.map { ($0.host, $0.port) }, patience: .init(connect: options.connectTimeout)))
        dialer = CoordinatorDialer(loop: loop, address: options.coordinator, token: options.token)
        engine = WorkerEngine(
            threads: options.threads, listen: GradientPort(port: options.dataPort),
            stream: StateStreamer { [outlet] in try outlet.open() }
        ) { [weak self] news in self?.onLoop { $0.handle(news) } }
    }

    private static func hello(_ options: WorkerOptions) -> ControlHello {
        .with {
            $0.host = Provenance.hostName()
            $0.pid = UInt32(ProcessInfo.processInfo.processIdentifier)
            // Distinguishes this process from every other one, even where host name and pid are the same.
            $0.process = UInt64.random(in: 1 ... .max)
            $0.threads = UInt32(options.threads)
            $0.build = options.build
            $0.library = KernelFamily.libraryVersion
            $0.kernel = KernelFamily.loaded
            $0.number = options.number.map { $0 &+ 1 } ?? 0
            $0.padding = LargeMessage.padding
        }
    }

    func start() {
        engine.start()
        loop.scheduleRepeatedTask(initialDelay: .zero, delay: ControlConnection.heartbeat) { [weak self] task in
            guard let self, !core.hasEnded else { return task.cancel() }
            if let arrived = connection?.traffic.arrived.load(ordering: .relaxed), arrived != self.arrived {
                self.arrived = arrived
                handle(.heard)
            }
            handle(.tick)
            beat()
            if let refusals = engine.refusals { strangers.count(refusals) }
            if let note = strangers.note(at: MonotonicTime.now) { log.warning("\(note)") }
        }
        carryOut(core.begin(at: MonotonicTime.now))
    }

    func onLoop(_ body: @escaping @Sendable (WorkerShell) -> Void) { gate.execute { body(self) } }

    func handle(_ input: WorkerCore.Input) { carryOut(core.handle(input, at: MonotonicTime.now)) }

    private func beat() {
        if let heartbeat = core.heartbeat(engine.beat) { connection?.send(heartbeat, view: core.machine.view) }
    }

    private func dial() {
        dialer.begin { [weak self] outcome in
            guard let self, !core.hasEnded else { return }
            switch outcome {
            case .failed(let reason, let pause, let final):
                handle(.dialFailed(reason: reason, pause: DurationText.text(pause), final: final))
            case .connected(let connection):
                attach(connection)
                handle(.connected)
            case .message(let connection, let message, let view):
                guard connection === self.connection else { return }
                if case .view(let new) = message {
                    handle(.message(.view(new.dialled(from: connection.localHost)), view: view))
                } else {
                    handle(.message(message, view: view))
                }
            case .ended(let connection, let reason):
                guard connection === self.connection, !isRestarting else { return }
                attach(nil)
                handle(.disconnected(reason: reason))
            }
        }
    }

    private func attach(_ connection: ControlConnection?) {
        self.connection = connection
        outlet.set(connection)
    }

    /// Where the run pins another kernel family than this process has, executes the program anew, which dials again. The connection
    /// is closed first, or the coordinator would keep this worker's place for a process that is gone.
    private func admit(_ welcome: ControlWelcome) {
        let isFirst = isNew
        isNew = false
        dialer.wasWelcomed()
        do {
            let configuration = try Configuration.read(yaml: welcome.configuration, file: "the coordinator's configuration")
            if isFirst, !welcome.allowMixedKernels, try KernelChoice.mustRestart(for: configuration.kernel) {
                log.info(
                    "the run's kernel is \(configuration.kernel), this process has \(KernelFamily.loaded): starting anew with it")
                isRestarting = true
                connection?.close { [self] in
                    KernelChoice.restart(with: configuration.kernel)
                    handle(.failed(reason: "this program cannot execute itself anew (is /proc mounted?)"))
                }
                return
            }
        } catch {
            return handle(.failed(reason: "\(error)"))
        }
        if welcome.remote, options.token == nil, !options.insecure {
            return handle(.failed(reason: "\(Token.Missing())"))
        }
        handle(.admitted)
    }

    private func handle(_ news: EngineNews) {
        if case .prepared(_, _, _, let port) = news, port > 0, core.port != port { sayWhereGradientsCome(port) }
        handle(.engine(news))
    }

    /// Says where this worker is dialled for gradients, and which hosts can do so.
    private func sayWhereGradientsCome(_ port: Int) {
        guard core.welcome?.remote == true else {
            log.info("gradient links come in at 127.0.0.1:\(port), which this machine alone reaches")
            return
        }
        guard let advertised = options.advertise else {
            let own = connection?.localHost.flatMap { HostPort.isLoopback($0) ? nil : $0 }
            let told = own.map { HostPort(host: $0, port: port).description } ?? "the coordinator's address, port \(port)"
            log.info("gradient links come in at port \(port) of every address of this machine; the other workers dial \(told)")
            return
        }
        guard advertised.isLoopback else { return }
        let example = Interfaces.addresses().first.map { ", for example \($0)" } ?? ""
        carryOut(
            core.note(
                .warning,
                "--advertise \(advertised.host) is an address that each machine has for itself, so that workers on others would dial themselves there; give the address of an interface\(example)"
            ))
    }

    private func carryOut(_ acts: [WorkerCore.Act]) {
        for act in acts {
            switch act {
            case .dial: dial()
            case .send(let message, let view): connection?.send(message, view: view)
            case .admit(let welcome): admit(welcome)
            case .hangUp:
                connection?.close()
                attach(nil)
            case .engine(let work): engine.put(work)
            case .giveUp(let order): engine.giveUp(before: order)
            case .abandonLinks: engine.abandonLinks()
            case .beat: beat()
            case .exit(let ending):
                engine.close()
                dialer.end()
                connection?.closeAfterSending()
                onEnd(ending)
            case .log(let level, let text): log.log(level: level.loggerLevel, "\(text)")
            }
        }
    }
}

/// The present connection, for threads that stream: it may be replaced while they run.
private final class StreamOutlet: Sendable {
    private let current = Monitor<ControlConnection?>(nil)
    private let gate: LoopGate

    init(_ gate: LoopGate) { self.gate = gate }

    func set(_ connection: ControlConnection?) { current.update { $0 = connection } }

    /// A function that sends to the coordinator over this connection alone; throws where there is no connection.
    func open() throws -> StateStreamer.Send {
        guard let connection = current.withLock({ $0 }) else { throw LocalError("the coordinator is gone") }
        return { [gate] message, view in
            try connection.sendAndWait(message, view: view, through: gate, .atMost(ControlConnection.pieceLimit))
        }
    }
}
