import Crypto
import Foundation
import Kernels
import Logging
import NIOCore
import Runs
import Wire

/// Carries the worker machine's directives out: everything here runs on the connection's event loop.
final class WorkerShell: @unchecked Sendable {
    // Confined to the event loop: that is what makes it safe to send.
    private var machine = WorkerMachine()
    private let channel: any Channel
    private let connection: ControlConnection
    private let options: WorkerOptions
    private let log: Logger
    private let onEnd: @Sendable (WorkerEnding) -> Void
    private var engine: WorkerEngine!
    private var welcome: ControlWelcome?
    private var state: [UInt8] = []
    private var views: [UInt64: ControlView] = [:]
    private var batches: [UInt64: ControlBatch] = [:]
    private var ready: ControlReady?
    private var isRestarting = false

    init(channel: any Channel, options: WorkerOptions, log: Logger, onEnd: @escaping @Sendable (WorkerEnding) -> Void) {
        self.channel = channel
        self.options = options
        self.log = log
        self.onEnd = onEnd
        connection = ControlConnection(channel: channel)
        let streamer = StateStreamer { [connection] message, view in try connection.sendAndWait(message, view: view) }
        engine = WorkerEngine(
            threads: options.threads, listen: WorkerListening(port: options.dataPort, insecure: options.insecure),
            stream: streamer
        ) { [weak self] news in self?.onLoop { $0.take(news) } }
    }

    func install() throws {
        try ControlConnection.install(
            on: channel, admits: { _ in true }, onMessage: { [weak self] in self?.receive($0) },
            onEnd: { [weak self] in self?.disconnected($0) })
        engine.start()
        channel.eventLoop.scheduleRepeatedTask(initialDelay: Worker.heartbeat, delay: Worker.heartbeat) { [weak self] task in
            guard let self, !machine.hasEnded else { return task.cancel() }
            handle(.tick(at: MonotonicTime.now))
            let progress = engine.progress
            connection.send(
                .heartbeat(
                    .with {
                        $0.work = Products.workCounter
                        $0.applied = progress.applied
                        $0.contributed = progress.contributed
                    }), view: machine.view)
        }
    }

    func onLoop(_ body: @escaping @Sendable (WorkerShell) -> Void) {
        channel.eventLoop.execute { body(self) }
    }

    func handle(_ event: WorkerEvent) {
        for directive in machine.handle(event) { carryOut(directive) }
    }

    /// The end of a connection that this worker closes to execute itself anew is no loss.
    private func disconnected(_ reason: String) {
        guard !isRestarting else { return }
        handle(.disconnected(reason: reason))
    }

    // MARK: In

    private func receive(_ message: ControlMessage) {
        handle(.heard(at: MonotonicTime.now))
        switch message {
        case .welcome(let welcome): greeted(welcome)
        case .refusal(let refusal): handle(.refused(refusal.reason))
        case .stateChunk(let chunk):
            state.append(contentsOf: chunk.data)
            handle(.state(offset: chunk.offset, count: UInt64(chunk.data.count)))
        case .view(let view):
            views[view.view] = view
            handle(.view(number: view.view, applied: view.applied))
        case .batch(let batch):
            batches[batch.step] = batch
            handle(.batch(step: batch.step))
        case .snapshotRequest(let request): handle(.snapshotRequest(step: request.step))
        case .stop(let stop): handle(.stop(reason: stop.reason, failed: stop.failed))
        case .heartbeat: break
        case .hello, .ready, .linksUp, .linkFailed, .stepReport, .farewell:
            handle(.failed(reason: "the coordinator sent a worker's message; is \(options.coordinator) a coordinator?"))
        }
    }

    /// A run that pins another family than this process has: executes the program anew, which dials again. The connection
    /// is closed first, or the coordinator would hold this worker's place for a process that is no more.
    private func greeted(_ welcome: ControlWelcome) {
        self.welcome = welcome
        do {
            let configuration = try Configuration.read(yaml: welcome.configuration, file: "the coordinator's configuration")
            if !welcome.allowMixedKernels, try KernelChoice.mustRestart(for: configuration.kernel) {
                log.info(
                    "the run's kernel is \(configuration.kernel), this process has \(KernelFamily.loaded): starting anew with it")
                isRestarting = true
                channel.close().whenComplete { [self] _ in
                    KernelChoice.restart(with: configuration.kernel)
                    handle(.failed(reason: "this program cannot execute itself anew (is /proc mounted?)"))
                }
                return
            }
        } catch {
            return handle(.failed(reason: "\(error)"))
        }
        handle(.welcome(generation: welcome.generation, stateBytes: welcome.stateBytes))
    }

    private func take(_ news: EngineNews) {
        switch news {
        case .prepared(let applied, let phases, let chain, let fingerprint, let digest, let port):
            ready = .with {
                $0.fingerprint = Data(fingerprint)
                $0.stateDigest = Data(digest)
                $0.applied = applied
                $0.chain = chain
                $0.dataPort = UInt32(options.advertise.flatMap { $0.port > 0 ? $0.port : nil } ?? port)
                $0.dataAddresses = options.advertise.map { [$0.host] } ?? []
            }
            handle(.prepared(applied: applied, phases: phases))
        case .linksUp(let view): handle(.linksUp(view: view))
        case .linkFailed(let view, let failure, let dialling):
            handle(
                .linkFailed(
                    view: view, suspect: failure.rank.map(Int32.init) ?? -1, reason: "\(failure)", dialling: dialling))
        case .report(let report, let view): connection.send(.stepReport(report), view: view)
        case .failed(let reason, let common): handle(.failed(reason: reason, common: common))
        }
    }

    // MARK: Out

    private func carryOut(_ directive: WorkerDirective) {
        switch directive {
        case .sayHello: connection.send(.hello(hello()), view: 0)
        case .prepare:
            guard let welcome else { return }
            engine.put(.prepare(welcome, state: state))
            state = []
        case .sayReady: if let ready { connection.send(.ready(ready), view: 0) }
        case .abandonLinks: engine.abandonLinks()
        case .dial(let number):
            guard let view = views.removeValue(forKey: number), let welcome else { return }
            batches.removeAll()
            log.info("view \(number): rank \(view.rank) of \(view.members.count), shards \(view.shards.map(Int.init))")
            engine.put(.dial(view, run: RunIdentity.bytes(welcome.run), generation: welcome.generation))
        case .sayLinksUp(let view): connection.send(.linksUp(.with { $0.view = view }), view: view)
        case .sayLinkFailed(let view, let suspect, let reason, let dialling):
            log.warning("a gradient link failed: \(reason)")
            connection.send(
                .linkFailed(
                    .with {
                        $0.view = view
                        $0.suspect = suspect
                        $0.reason = reason
                        $0.dialling = dialling
                    }), view: view)
        case .run(let step): if let batch = batches.removeValue(forKey: step) { engine.put(.run(batch)) }
        case .copyState(let step): engine.put(.copyState(step: step))
        case .sayFarewell(let reason, let leaving, let common):
            connection.send(
                .farewell(
                    .with {
                        $0.reason = reason
                        $0.leaving = leaving
                        $0.common = common
                    }), view: machine.view)
        case .exit(let ending):
            engine.close()
            connection.closeAfterSending()
            onEnd(ending)
        }
    }

    private func hello() -> ControlHello {
        .with {
            $0.host = Provenance.hostName()
            $0.pid = UInt32(ProcessInfo.processInfo.processIdentifier)
            $0.threads = UInt32(options.threads)
            $0.build = options.build
            $0.library = KernelFamily.libraryVersion
            $0.kernel = KernelFamily.loaded
        }
    }
}

/// The 16 bytes by which gradient links know their run.
enum RunIdentity {
    static func bytes(_ run: String) -> [UInt8] { Array(SHA256.hash(data: Data(run.utf8)).prefix(16)) }
}
