import Crypto
import Foundation
import Kernels
import Logging
import NIOCore
import Runs
import Synchronization
import Waiting
import Wire

/// Carries the worker machine's directives out: everything here runs on one event loop.
final class WorkerShell: @unchecked Sendable {
    // Confined to the event loop: that is what makes it safe to send.
    private var machine: WorkerMachine
    private var connection: ControlConnection?
    private var engine: WorkerEngine!
    private let dialer: CoordinatorDialer
    private var welcome: ControlWelcome?
    private var state: [UInt8] = []
    /// The transfer that `state` is of: a coordinator may still send one that it has given up.
    private var stateOrder: UInt64 = 0
    private var sum: ReceivedSum?
    private var received: UInt64 = 0
    private var views: [UInt64: ControlView] = [:]
    private var batches: [UInt64: ControlBatch] = [:]
    private var requests: [UInt64: ControlSnapshotRequest] = [:]
    private var phases: UInt64 = 1
    private var probe: (fingerprint: [UInt8], port: Int)?
    private var reports = RecentReports()
    private var notices: [ControlNotice] = []
    private var isRestarting = false
    /// Bytes that had arrived by the last tick.
    private var arrived: UInt64 = 0
    private var strangers = Strangers()
    /// What tells this process from every other, whatever host name and pid say.
    private let process = UInt64.random(in: 1 ... .max)

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
        machine = WorkerMachine(patience: .init(connect: options.connectTimeout))
        dialer = CoordinatorDialer(loop: loop, address: options.coordinator, token: options.token)
        engine = WorkerEngine(
            threads: options.threads, listen: WorkerListening(port: options.dataPort),
            stream: StateStreamer { [outlet] in try outlet.open() }
        ) { [weak self] news in self?.onLoop { $0.take(news) } }
    }

    func start() {
        engine.start()
        loop.scheduleRepeatedTask(initialDelay: .zero, delay: Worker.heartbeat) { [weak self] task in
            guard let self, !machine.hasEnded else { return task.cancel() }
            if let arrived = connection?.traffic.arrived.load(ordering: .relaxed), arrived != self.arrived {
                self.arrived = arrived
                handle(.heard)
            }
            handle(.tick)
            beat()
            if let refusals = engine.refusals { strangers.count(refusals) }
            if let note = strangers.note(at: MonotonicTime.now) { log.warning("\(note)") }
        }
        for directive in machine.begin(at: MonotonicTime.now) { carryOut(directive) }
    }

    func onLoop(_ body: @escaping @Sendable (WorkerShell) -> Void) { gate.execute { body(self) } }

    func handle(_ event: WorkerEvent) {
        for directive in machine.handle(event, at: MonotonicTime.now) { carryOut(directive) }
    }

    private func send(_ message: ControlMessage) { connection?.send(message, view: machine.view) }

    private func beat() {
        guard welcome != nil else { return }
        let counters = engine.counters
        let links = engine.linkProgress
        send(
            .heartbeat(
                .with {
                    $0.work = Products.workCounter
                    $0.applied = counters.applied
                    $0.contributed = counters.contributed
                    $0.received = received + counters.moved
                    $0.view = counters.view
                    $0.linkSent = links.map(\.sent)
                    $0.linkReceived = links.map(\.received)
                    $0.linkView = links.first?.view ?? 0
                }))
    }

    // MARK: The connection

    private func dial() {
        dialer.begin { [weak self] outcome in
            guard let self, !machine.hasEnded else { return }
            switch outcome {
            case .failed(let reason, let pause, let final):
                handle(.dialFailed(reason: reason))
                // Once it has been in the run it is patient, and reminds of itself now and then.
                guard welcome == nil else { return }
                if final { return handle(.unfit("the coordinator at \(options.coordinator) cannot be used: \(reason)")) }
                log.info(
                    "no coordinator at \(options.coordinator) yet (\(reason)); trying again in \(DurationText.text(pause))")
            case .connected(let connection):
                self.connection = connection
                outlet.set(connection)
                handle(.connected)
            case .message(let connection, let message, let view):
                guard connection === self.connection else { return }
                handle(.heard)
                receive(message, view)
            case .ended(let connection, let reason):
                guard connection === self.connection, !isRestarting else { return }
                detach()
                handle(.disconnected(reason: reason))
            }
        }
    }

    private func detach() {
        connection = nil
        outlet.set(nil)
        (state, stateOrder) = ([], 0)
    }

    // MARK: In

    private func receive(_ message: ControlMessage, _ number: UInt64) {
        switch message {
        case .welcome(let welcome): greeted(welcome)
        case .refusal(let refusal): handle(.refused(refusal.reason))
        case .halt(let halt): handle(.halt(order: halt.order))
        case .sumRequest(let request): handle(.sumRequest(order: request.order, applied: request.applied))
        case .sumChunk(let chunk):
            if chunk.offset == 0 { sum = ReceivedSum(chunk) }
            sum?.append(chunk)
            received += UInt64(chunk.data.count)
            handle(
                .sumPiece(
                    order: chunk.order, applied: chunk.applied, offset: chunk.offset, count: UInt64(chunk.data.count),
                    total: chunk.total))
        case .stateChunk(let chunk):
            if chunk.offset == 0, chunk.order >= stateOrder { (state, stateOrder) = ([], chunk.order) }
            if chunk.order == stateOrder { state.append(contentsOf: chunk.data) }
            received += UInt64(chunk.data.count)
            handle(
                .statePiece(order: chunk.order, offset: chunk.offset, count: UInt64(chunk.data.count), total: chunk.total))
        case .view(let view):
            views = [view.view: dialled(view)]
            handle(.view(number: view.view, applied: view.applied))
        case .batch(let batch):
            if number == machine.view { batches[batch.step] = batch }
            handle(.batch(step: batch.step, view: number))
        case .snapshotRequest(let request):
            requests[request.step] = request
            handle(.snapshotRequest(step: request.step, order: request.order, view: number))
        case .stop(let stop):
            if !stop.failed { log.info("\(stop.reason); this worker ends") }
            handle(.stop(reason: stop.reason, failed: stop.failed))
        case .heartbeat: break
        case .hello, .ready, .linksUp, .linkFailed, .stepReport, .farewell, .challenge, .proof, .position, .phaseReport, .notice,
            .serverHello, .serverView, .serverBeat:
            handle(.failed(reason: "the coordinator sent what no worker is sent; is \(options.coordinator) a coordinator?"))
        }
    }

    /// The view with its addresses as this host can dial them.
    private func dialled(_ view: ControlView) -> ControlView {
        let own = connection?.localHost
        var view = view
        for index in view.servers.indices {
            view.servers[index].addresses = view.servers[index].addresses.map { LinkLocal.dialled($0, from: own) }
        }
        for index in view.members.indices {
            view.members[index].addresses = view.members[index].addresses.map { LinkLocal.dialled($0, from: own) }
        }
        return view
    }

    /// A run that pins another family than this process has: executes the program anew, which dials again. The connection
    /// is closed first, or the coordinator would hold this worker's place for a process that is no more.
    private func greeted(_ welcome: ControlWelcome) {
        let isFirst = self.welcome == nil
        self.welcome = welcome
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
        handle(
            .welcome(
                run: welcome.run, generation: welcome.generation, leader: welcome.leader,
                mark: welcome.markApplied == 0 ? nil : ChainMark(applied: welcome.markApplied, chain: welcome.markChain),
                orphanPatience: .seconds(welcome.orphanSeconds)))
        for notice in notices { forward(notice) }
        notices = []
    }

    private func take(_ news: EngineNews) {
        switch news {
        case .prepared(let position, let phases, let fingerprint, let port):
            if port > 0, probe?.port != port { sayWhereGradientsCome(port) }
            probe = (fingerprint, port)
            self.phases = phases
            handle(.prepared(position, phases: phases))
        case .stood(let order, let position): handle(.stood(order: order, position))
        case .linksUp(let view): handle(.linksUp(view: view))
        case .linkFailed(let view, let report): handle(.linkFailed(view: view, report))
        case .contributed(let report):
            reports.put(report)
            send(.phaseReport(report))
        case .goesOn: beat()
        case .unusable(let reason): note(.error, "what this worker was sent could not be used: \(reason)")
        case .report(let report, let view):
            reports.put(report)
            handle(.stepped(ChainMark(applied: phases * (report.step + 1), chain: report.chain)))
            connection?.send(.stepReport(report), view: view)
        case .failed(let reason, let common): handle(.failed(reason: reason, common: common))
        }
    }

    /// Where this worker is dialled for gradients, and by whom that can be done.
    private func sayWhereGradientsCome(_ port: Int) {
        guard welcome?.remote == true else {
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
        note(
            .warning,
            "--advertise \(advertised.host) is an address that each machine has for itself, so that workers on others would dial themselves there; give the address of an interface\(example)"
        )
    }

    // MARK: Out

    private func carryOut(_ directive: WorkerDirective) {
        switch directive {
        case .dial: dial()
        case .sayHello(let held):
            // Another coordinator, or the same that counts on: what an order of before ended says nothing of those to come.
            engine.giveUp(before: 0)
            send(.hello(hello(held)))
        case .prepare: if let welcome { engine.put(.prepare(welcome, anew: true)) }
        case .takeUp: if let welcome { engine.put(.prepare(welcome, anew: false)) }
        case .sayReady(let position): sayReady(position)
        case .abandonLinks: engine.abandonLinks()
        case .stand(let order):
            // What is being streamed for an older order is nobody's any more, and the halt is not to wait for it.
            engine.giveUp(before: order)
            engine.put(.stand(order: order))
        case .sayPosition(let order, let position): send(.position(.init(position, order: order)))
        case .sendSum(let order, let applied): engine.put(.sendSum(order: order, applied: applied))
        case .applySum(let order, _):
            if let sum { engine.put(.applySum(order: order, sum)) }
            sum = nil
        case .restore(let order):
            engine.put(.restore(order: order, state))
            state = []
        case .join(let number): join(number)
        case .sayLinksUp(let view): send(.linksUp(.with { $0.view = view }))
        case .sayLinkFailed(let view, let report):
            note(.warning, "a gradient link failed: \(report.reason)")
            send(.linkFailed(ControlLinkFailed(report, view: view)))
        case .run(let step): if let batch = batches.removeValue(forKey: step) { engine.put(.run(batch)) }
        case .copyState(let step, _): if let request = requests.removeValue(forKey: step) { engine.put(.copyState(request)) }
        case .sayFarewell(let reason, let leaving, let common):
            send(
                .farewell(
                    .with {
                        $0.reason = reason
                        $0.leaving = leaving
                        $0.common = common
                    }))
        case .hangUp:
            connection?.close()
            detach()
        case .exit(let ending):
            engine.close()
            dialer.end()
            connection?.closeAfterSending()
            onEnd(ending)
        case .log(let level, let text): note(level, text)
        }
    }

    private func sayReady(_ position: Position) {
        guard let probe else { return }
        // What the last coordinator may not have entered into its books any more: before the word on which a view may begin.
        for report in reports.all { send(report) }
        send(
            .ready(
                .with {
                    $0.fingerprint = Data(probe.fingerprint)
                    $0.position = .init(position, order: 0)
                    $0.dataPort = UInt32(options.advertise.flatMap { $0.port > 0 ? $0.port : nil } ?? probe.port)
                    $0.dataAddresses = options.advertise.map { [$0.host] } ?? []
                }))
    }

    private func join(_ number: UInt64) {
        guard let view = views.removeValue(forKey: number), let welcome else { return }
        batches.removeAll()
        requests.removeAll()
        note(.info, "view \(number): rank \(view.rank) of \(view.members.count), shards \(view.shards.map(Int.init))")
        engine.join(view, run: RunIdentity.bytes(welcome.run), generation: welcome.generation)
    }

    /// A line of this worker's log, which the coordinator keeps too where it cannot see this host's.
    private func note(_ level: LogLevel, _ text: String) {
        log.log(level: level.loggerLevel, "\(text)")
        guard welcome?.remote != false else { return }
        let notice = ControlNotice.with {
            $0.level = level.rawValue
            $0.text = String(text.prefix(2000))
        }
        if connection != nil, welcome != nil { return forward(notice) }
        if notices.count < 64 { notices.append(notice) }
    }

    private func forward(_ notice: ControlNotice) {
        if welcome?.remote == true { send(.notice(notice)) }
    }

    private func hello(_ held: HeldState?) -> ControlHello {
        .with {
            $0.host = Provenance.hostName()
            $0.pid = UInt32(ProcessInfo.processInfo.processIdentifier)
            $0.process = process
            $0.threads = UInt32(options.threads)
            $0.build = options.build
            $0.library = KernelFamily.libraryVersion
            $0.kernel = KernelFamily.loaded
            $0.number = (welcome?.worker ?? options.number).map { $0 &+ 1 } ?? 0
            // Who comes back with a state was in the run: it is not kept out for a way that has become worse.
            guard let held else {
                $0.padding = LargeMessage.padding
                return
            }
            $0.run = held.run
            $0.generation = held.generation
            $0.leader = held.leader
            $0.position = .init(held.position, order: 0)
        }
    }
}

/// The 16 bytes by which gradient links know their run.
enum RunIdentity {
    static func bytes(_ run: String) -> [UInt8] { Array(SHA256.hash(data: Data(run.utf8)).prefix(16)) }
}

/// The connection of the moment, for threads that stream: it comes and goes under them.
private final class StreamOutlet: Sendable {
    private let current = Monitor<ControlConnection?>(nil)
    private let gate: LoopGate

    init(_ gate: LoopGate) { self.gate = gate }

    func set(_ connection: ControlConnection?) { current.update { $0 = connection } }

    /// A way to the coordinator that ends with this connection; throws where there is none.
    func open() throws -> StateStreamer.Send {
        guard let connection = current.withLock({ $0 }) else { throw LocalError("the coordinator is gone") }
        return { [gate] message, view in
            try connection.sendAndWait(message, view: view, through: gate, .atMost(ControlConnection.pieceLimit))
        }
    }
}

/// What this worker reported of late, for a coordinator that takes over from a dead one.
private struct RecentReports {
    /// 64 steps of a report and three phases: what passes while a busy disk holds the books up for half a second.
    private static let capacity = 64 * 4
    private(set) var all: [ControlMessage] = []

    mutating func put(_ report: ControlPhaseReport) { keep(.phaseReport(report)) }
    mutating func put(_ report: ControlStepReport) { keep(.stepReport(report)) }

    private mutating func keep(_ message: ControlMessage) {
        if all.count >= Self.capacity { all.removeFirst() }
        all.append(message)
    }
}
