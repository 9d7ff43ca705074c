import Collectives
import Foundation
import Logging
import NIOCore
import Runs
import Synchronization
import Waiting
import Wire

/// Carries the coordinator machine's directives out: everything here runs on one event loop.
final class CoordinatorShell: @unchecked Sendable {
    /// What one connection has said so far.
    struct Peer {
        let connection: ControlConnection
        let handshake: CoordinatorHandshake
        var isGreeted = false
        /// Bytes that had arrived, and bulk that had left, at the last look.
        var arrived: UInt64 = 0
        var drained: UInt64 = 0
        var identity: WorkerIdentity?
        var ready: ControlReady?
        /// Of a summation server.
        var serverHello: ControlServerHello?
    }

    // Confined to the event loop: that is what makes it safe to send.
    var machine: CoordinatorMachine
    var peers: [ConnectionID: Peer] = [:]
    var members: [ViewPlan.Member] = []
    var ledger: ReportLedger
    var relay: Relay?
    /// Who was asked for the state after a step, and the run's chain hash there, once it is known.
    var sources: [UInt64: (from: ConnectionID, chain: UInt64?)] = [:]
    var books = false
    var outcome: RunOutcome?
    private var nextConnection: UInt64 = 0
    private var closures = Closures()
    private var strangers = Strangers()
    /// Hosts of late that have proven who they are, and whose hello, the first large message, has not come: how often, and when last.
    private var unheard: [String: (times: Int, at: Duration)] = [:]

    let loop: any EventLoop
    /// The way in from other threads; closed before the loop ends.
    let gate: LoopGate
    let run: PreparedRun
    let feeder: BatchFeeder
    let desk: SnapshotDesk
    let recorder: RunRecorder
    /// Nil where the run is over.
    let watch: FolderWatch?
    var summation: SummationHost?
    /// Opens the port of a summation server.
    let openServer: @Sendable () throws -> SummationHost
    let notices: NoticeBook
    /// Workers of other hosts may come: the listener is not on loopback.
    let remote: Bool
    let log: Logger
    let onEnd: @Sendable (RunOutcome) -> Void
    /// What a worker has said of a gradient that was not finite, which every member meets alike.
    private let divergence = Mutex<String?>(nil)

    init(
        loop: any EventLoop, run: PreparedRun, feeder: BatchFeeder, desk: SnapshotDesk, recorder: RunRecorder,
        watch: FolderWatch?,
        summation: SummationHost?, openServer: @escaping @Sendable () throws -> SummationHost, remote: Bool, log: Logger,
        onEnd: @escaping @Sendable (RunOutcome) -> Void
    ) {
        self.openServer = openServer
        self.loop = loop
        gate = LoopGate(loop)
        self.run = run
        self.feeder = feeder
        self.desk = desk
        self.recorder = recorder
        self.watch = watch
        self.summation = summation
        self.remote = remote
        self.log = log
        self.onEnd = onEnd
        strangersAtOnce = CoordinatorDescriptors(workers: run.options.workers, servers: run.options.servers).strangers(
            atMost: Self.maximumStrangers)
        notices = NoticeBook(folder: run.options.folder) { watch?.isLost ?? false }
        machine = CoordinatorMachine(plan: run.plan, view: run.lastView)
        ledger = ReportLedger(phases: run.plan.phases, shards: run.plan.shards, from: run.plan.firstStep)
    }

    /// How long a peer may take to introduce itself, and how many may be at it together.
    static let helloDeadline: TimeAmount = .seconds(5)
    static let maximumStrangers = 64
    /// Less where this process may open few descriptors: they are for workers and files first.
    private let strangersAtOnce: Int

    /// How often the machine hears that time passes.
    static let tick: TimeAmount = .milliseconds(250)

    func start() {
        loop.scheduleRepeatedTask(initialDelay: .zero, delay: Self.tick) { [weak self] task in
            guard let self, outcome == nil else { return task.cancel() }
            look()
            handle(.tick)
            if let refusals = summation?.refusals { strangers.count(refusals) }
            if let note = strangers.note(at: MonotonicTime.now) { log.warning("\(note)") }
        }
        loop.scheduleRepeatedTask(initialDelay: Worker.heartbeat, delay: Worker.heartbeat) { [weak self] task in
            guard let self, outcome == nil else { return task.cancel() }
            for peer in peers.values where peer.isGreeted { peer.connection.send(.heartbeat(.init()), view: machine.view) }
        }
    }

    /// What has moved since the last look: bytes are a sign of life before they make up a message.
    private func look() {
        for (id, peer) in peers where peer.isGreeted {
            let traffic = peer.connection.traffic
            let (arrived, drained) = (traffic.arrived.load(ordering: .relaxed), traffic.drained.load(ordering: .relaxed))
            if arrived != peer.arrived { handle(.heard(id)) }
            if drained != peer.drained { handle(.draining(id)) }
            peers[id]?.arrived = arrived
            peers[id]?.drained = drained
        }
        guard !machine.isRound, machine.serving.isEmpty, let moved = summation?.moved else { return }
        handle(
            .serverLinks(
                view: machine.view,
                moved.mapValues { LinkProgress(view: $0.view, sent: $0.sent, received: $0.received) }))
    }

    /// Whether a run that ended with this reason did so because its numbers ran away; for any thread.
    func isDivergence(_ reason: String) -> Bool { divergence.withLock { $0 == reason } }

    func onLoop(_ body: @escaping @Sendable (CoordinatorShell) -> Void) { gate.execute { body(self) } }

    func handle(_ event: CoordinatorEvent) {
        if case .childExited(let pid, _) = event, let early = closures.release(pid) {
            for directive in machine.handle(event, at: MonotonicTime.now) { carryOut(directive) }
            return finish(early.connection, early.reason)
        }
        for directive in machine.handle(event, at: MonotonicTime.now) { carryOut(directive) }
    }

    // MARK: In

    /// A worker's connection: on the loop, while the channel is set up.
    ///
    /// Nothing but what the handshake allows is read from a peer that has not said who it is, and it has not long to say it.
    func accept(_ channel: any Channel) throws {
        makeRoom()
        nextConnection += 1
        let id = ConnectionID(nextConnection)
        let handshake = CoordinatorHandshake(token: run.options.token)
        let connection = ControlConnection(channel: channel)
        peers[id] = Peer(connection: connection, handshake: handshake)
        try connection.install(
            admits: { handshake.admits($0) },
            onMessage: { [weak self] message, _ in self?.receive(message, from: id) },
            onEnd: { [weak self] in self?.ended(id, $0) })
        loop.scheduleTask(in: Self.helloDeadline) { [weak self] in
            guard let self, let peer = peers[id], !peer.isGreeted else { return }
            if peer.handshake.isDone { return missHello(of: peer) }
            strangers.count(peer.connection.remote, "it said nothing for \(Self.helloDeadline.nanoseconds / 1_000_000_000) s")
            peer.connection.close()
        }
    }

    /// Its proof, a small message, has come, and its hello has not. The second time it is told why it cannot take part.
    private func missHello(of peer: Peer) {
        let (host, now) = (peer.connection.remoteHost ?? "", MonotonicTime.now)
        if unheard.count >= Self.maximumStrangers { unheard = [:] }
        var record = unheard[host] ?? (times: 0, at: now - Self.unheardPause)
        // The workers of one host fail together: they count once.
        if now - record.at >= Self.unheardPause { record = (record.times + 1, now) }
        unheard[host] = record
        guard record.times >= machine.rules.welcomes, !run.plan.supervised else {
            strangers.count(
                peer.connection.remote,
                "it has proven who it is, and its hello, a message of more than one packet, did not come: does the way from it lose large packets?"
            )
            return peer.connection.close()
        }
        log.warning("refused a worker at \(peer.connection.remote): \(CoordinatorMachine.losesLarge)")
        peer.connection.send(.refusal(.with { $0.reason = CoordinatorMachine.losesLarge }), view: 0)
        peer.connection.closeAfterSending()
    }

    private static let unheardPause: Duration = .seconds(4)

    /// Of too many that have not said who they are the oldest goes: a worker says it within a round trip, and gets in through any crowd.
    private func makeRoom() {
        let silent = peers.filter { !$0.value.isGreeted }
        guard silent.count >= strangersAtOnce, let oldest = silent.min(by: { $0.key < $1.key }) else { return }
        peers[oldest.key] = nil
        strangers.count(oldest.value.connection.remote, "too many have not said who they are")
        oldest.value.connection.close()
    }

    private func receive(_ message: ControlMessage, from id: ConnectionID) {
        guard let peer = peers[id] else { return }
        guard peer.handshake.isDone else { return shakeHands(message, peer) }
        guard !peer.isGreeted else { return peer.serverHello == nil ? route(message, id) : routeServer(message, id) }
        switch message {
        case .hello(let hello):
            isGreeted(id)
            greet(hello, id)
        case .serverHello(let hello):
            isGreeted(id)
            greet(hello, id)
        default:
            strangers.count(peer.connection.remote, "it did not say hello")
            peer.connection.close()
        }
    }

    private func isGreeted(_ id: ConnectionID) {
        peers[id]?.isGreeted = true
        if let host = peers[id]?.connection.remoteHost { unheard[host] = nil }
    }

    private func shakeHands(_ message: ControlMessage, _ peer: Peer) {
        switch peer.handshake.take(message) {
        case .answer(let proof): peer.connection.send(.proof(proof), view: 0)
        case .proved: break
        case .refused(let reason):
            strangers.count(peer.connection.remote, reason)
            peer.connection.send(.refusal(.with { $0.reason = reason }), view: 0)
            peer.connection.closeAfterSending()
        }
    }

    /// Says so, and refuses, where a peer's build is another one.
    private func isOfThisBuild(_ id: ConnectionID, _ role: String, _ build: String, _ host: String, _ pid: UInt32) -> Bool {
        guard build != run.options.build else { return true }
        let reason =
            "the coordinator is build \(run.options.build), the \(role) on host \(host) (pid \(pid)) is build \(build); install the same build on both"
        log.warning("refused a \(role): \(reason)")
        carryOut(.refuse(id, reason: reason))
        return false
    }

    private func greet(_ hello: ControlServerHello, _ id: ConnectionID) {
        peers[id]?.serverHello = hello
        guard isOfThisBuild(id, "summation server", hello.build, hello.host, hello.pid) else { return }
        peers[id]?.connection.send(.serverView(.with { $0.remote = remote }), view: 0)
    }

    private func routeServer(_ message: ControlMessage, _ id: ConnectionID) {
        switch message {
        case .ready(let ready):
            guard let hello = peers[id]?.serverHello else { return }
            peers[id]?.ready = ready
            handle(
                .serverReady(
                    id,
                    ServerIdentity(
                        host: hello.host, pid: hello.pid, process: hello.process, number: hello.number == 0 ? nil : hello.number - 1
                    )))
        case .serverBeat(let beat):
            let links = zip(beat.sent, beat.received).enumerated().map { rank, bytes in
                (rank, LinkProgress(view: beat.view, sent: bytes.0, received: bytes.1))
            }
            handle(.serverLinks(view: beat.view, from: id, Dictionary(uniqueKeysWithValues: links)))
        case .farewell(let farewell):
            finish(id, farewell.reason)
        case .notice(let notice):
            log.warning("\(machine.serverName(id)): \(notice.text)")
        default:
            log.warning("\(peers[id]?.connection.remote ?? "a peer") sent a message that no summation server sends and is closed")
            peers[id]?.connection.close()
        }
    }

    private func greet(_ hello: ControlHello, _ id: ConnectionID) {
        guard isOfThisBuild(id, "worker", hello.build, hello.host, hello.pid) else { return }
        let identity = WorkerIdentity(
            host: hello.host, pid: hello.pid, process: hello.process, build: hello.build, library: hello.library,
            kernel: hello.kernel, number: hello.number == 0 ? nil : hello.number - 1)
        peers[id]?.identity = identity
        handle(.hello(id, identity, held: HeldState(hello)))
    }

    private func route(_ message: ControlMessage, _ id: ConnectionID) {
        switch message {
        case .ready(let ready):
            peers[id]?.ready = ready
            handle(.ready(id, fingerprint: Array(ready.fingerprint), Position(ready.position)))
        case .position(let position): handle(.position(id, order: position.order, Position(position)))
        case .linksUp(let up): handle(.linksUp(id, view: up.view))
        case .linkFailed(let failure): handle(.linkFailed(id, view: failure.view, LinkReport(failure)))
        case .phaseReport(let report): if machine.isHeard(id) { ledger.put(report) }
        case .stepReport(let report):
            if machine.isHeard(id) { ledger.put(report) }
            handle(.stepReport(id, view: report.view, step: report.step, chain: report.chain))
        case .heartbeat(let beat):
            handle(
                .heartbeat(
                    id,
                    Beat(
                        work: beat.work, applied: beat.applied, contributed: beat.contributed, moved: beat.received,
                        view: beat.view,
                        links: zip(beat.linkSent, beat.linkReceived).map {
                            LinkProgress(view: beat.linkView, sent: $0, received: $1)
                        })))
        case .farewell(let farewell):
            if farewell.common { divergence.withLock { $0 = farewell.reason } }
            handle(.farewell(id, reason: farewell.reason, leaving: farewell.leaving, common: farewell.common))
        case .stateChunk(let chunk): take(chunk, from: id)
        case .sumChunk(let chunk):
            pass(message, .sum, of: chunk.applied, from: id, order: chunk.order, chunk.place)
        case .notice(let notice):
            if let worker = machine.label(of: id) { notices.write(notice, worker: worker, peers[id]?.identity) }
        case .hello, .welcome, .refusal, .view, .batch, .snapshotRequest, .stop, .challenge, .proof, .halt, .sumRequest,
            .serverHello,
            .serverView, .serverBeat:
            log.warning("\(peers[id]?.connection.remote ?? "a peer") sent a message that no worker sends and is closed")
            peers[id]?.connection.close()
        }
    }

    /// Hands a piece on to those who wait for it, whose machine hears first how much there is to come.
    private func pass(
        _ message: ControlMessage, _ kind: Relay.Kind, of what: UInt64, from id: ConnectionID, order: UInt64,
        _ place: PiecePlace
    ) {
        do {
            let targets = try relay?.take(kind, of: what, from: id, order: order, place) ?? []
            guard !targets.isEmpty else { return }
            if place.offset == 0 { handle(.relaying(order: order, from: id, total: kind == .state ? place.total : nil)) }
            // Encoded once: what waits for many is in memory once.
            let frame = try message.frame(view: 0)
            for target in targets { peers[target]?.connection.sendBulk(frame) }
        } catch {
            handle(.badPiece(id, reason: "\(error)"))
        }
    }

    private func take(_ chunk: ControlStateChunk, from id: ConnectionID) {
        guard chunk.order == 0 else {
            return pass(.stateChunk(chunk), .state, of: chunk.step, from: id, order: chunk.order, chunk.place)
        }
        guard let source = sources[chunk.step], source.from == id else { return }
        do {
            guard try desk.take(chunk, chain: machine.chain(after: chunk.step) ?? source.chain) else { return }
            sources[chunk.step] = nil
            handle(.snapshotArrived(step: chunk.step))
        } catch {
            handle(.badPiece(id, reason: "\(error)"))
        }
    }

    /// On one machine the operating system's word on how a child died comes a moment after the end of its connection.
    private func ended(_ id: ConnectionID, _ reason: String) {
        guard let peer = peers[id] else { return }
        guard peer.isGreeted else {
            if outcome == nil, !peer.handshake.isDone { strangers.count(peer.connection.remote, reason) }
            peers[id] = nil
            return
        }
        guard run.plan.supervised, outcome == nil, let pid = peer.identity?.pid, !machine.knowsCause(ofPid: pid) else {
            return finish(id, reason)
        }
        closures.hold(pid, id, reason)
        loop.scheduleTask(in: .milliseconds(200)) { [weak self] in
            guard let self, let late = closures.release(pid) else { return }
            finish(late.connection, late.reason)
        }
    }

    private func finish(_ id: ConnectionID, _ reason: String) {
        handle(.closed(id, reason: reason))
        peers[id] = nil
    }

    func snapshot(_ result: SnapshotDesk.Outcome) {
        switch result {
        case .stored(let step, let purposes, let checkpoint):
            if let checkpoint {
                recorder.put(.event("checkpoint", [("step", .unsigned(step)), ("bytes", .integer(Int64(checkpoint.bytes)))]))
            }
            handle(.snapshotStored(step: step, purposes: purposes))
        case .unusable(let step, let reason): handle(.snapshotUnusable(step: step, reason: reason))
        case .failed(let step, let reason): handle(.snapshotFailed(step: step, reason: reason))
        }
    }
}

/// Ends of connections that wait for the operating system's word.
private struct Closures {
    private var waiting: [UInt32: (connection: ConnectionID, reason: String)] = [:]

    mutating func hold(_ pid: UInt32, _ connection: ConnectionID, _ reason: String) { waiting[pid] = (connection, reason) }

    mutating func release(_ pid: UInt32) -> (connection: ConnectionID, reason: String)? { waiting.removeValue(forKey: pid) }
}
