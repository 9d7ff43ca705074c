import Autoencoder
import Collectives
import Control
import Crypto
import Foundation
import Logging
import Membership
import NIOCore
import Processes
import Runs
import Summation
import SwiftProtobuf
import Synchronization
import Waiting
import Wire

/// Drives a coordinator's core: control connections, this host's threads and the clock on one event loop.
final class CoordinatorShell: @unchecked Sendable {
    /// One connection.
    private struct Peer {
        let connection: ControlConnection
        let handshake: CoordinatorHandshake
        /// Bytes that had arrived, and bytes of bulk that had left, at the last look.
        var arrived: UInt64 = 0
        var drained: UInt64 = 0
    }

    // Confined to the event loop: that is what makes it safe to send.
    private(set) var core: CoordinatorCore
    private var peers: [ConnectionID: Peer] = [:]
    private var nextConnection: UInt64 = 0
    private var strangers = Strangers()

    let loop: any EventLoop
    /// The way in from other threads; closed before the loop ends.
    let gate: LoopGate
    let run: PreparedRun
    private let feeder: BatchFeeder
    private let desk: SnapshotDesk
    private let recorder: RunRecorder
    /// Nil where the run is over.
    let watch: FolderWatch?
    private(set) var summation: SummationHost?
    /// Opens the port of a summation server.
    private let openServer: @Sendable () throws -> SummationHost
    private let notices: WorkerNotices
    let log: Logger
    private let onEnd: @Sendable (RunOutcome) -> Void
    /// What a worker has said of a gradient that was not finite; every member meets the same one.
    private let divergence = Mutex<String?>(nil)

    /// - Parameter remote: workers of other hosts may come: the listener is not on loopback.
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
        self.log = log
        self.onEnd = onEnd
        strangersAtOnce = CoordinatorDescriptors(workers: run.options.workers, servers: run.options.servers).strangers(
            atMost: Self.maximumStrangers)
        notices = WorkerNotices(folder: run.options.folder) { watch?.isLost ?? false }
        core = CoordinatorCore(
            .init(
                plan: run.plan, view: run.lastView, welcome: run.welcome(remote: remote), build: run.options.build,
                longestStream: run.outline.maximumBytes, serverPort: summation?.port,
                makesSecret: { SymmetricKey(size: .bits256).withUnsafeBytes { Data($0) } }))
    }

    /// How long a peer may take to introduce itself, and how many peers may do so at once.
    static let helloDeadline: TimeAmount = .seconds(5)
    static let maximumStrangers = 64
    /// `maximumStrangers`, or fewer where this process may open few descriptors: workers and files come first.
    private let strangersAtOnce: Int

    /// How often the core hears that time passes.
    static let tick: TimeAmount = .milliseconds(250)

    func start() {
        loop.scheduleRepeatedTask(initialDelay: .zero, delay: Self.tick) { [weak self] task in
            guard let self, core.outcome == nil else { return task.cancel() }
            look()
            handle(.tick)
            if let refusals = summation?.refusals { strangers.count(refusals) }
            if let note = strangers.note(at: MonotonicTime.now) { log.warning("\(note)") }
        }
        loop.scheduleRepeatedTask(initialDelay: ControlConnection.heartbeat, delay: ControlConnection.heartbeat) {
            [weak self] task in
            guard let self, core.outcome == nil else { return task.cancel() }
            put(.beat)
        }
    }

    /// Tells the core which peers' bytes have moved since the last look: bytes are a sign of life before they make up a message.
    private func look() {
        for (id, peer) in peers {
            let traffic = peer.connection.traffic
            let (arrived, drained) = (traffic.arrived.load(ordering: .relaxed), traffic.drained.load(ordering: .relaxed))
            guard arrived != peer.arrived || drained != peer.drained else { continue }
            put(.moved(id, arrived: arrived != peer.arrived, drained: drained != peer.drained))
            peers[id]?.arrived = arrived
            peers[id]?.drained = drained
        }
        guard core.isServing, let moved = summation?.moved else { return }
        handle(
            .serverLinks(
                view: core.machine.view,
                moved.mapValues { LinkProgress(view: $0.view, sent: $0.sent, received: $0.received) }))
    }

    /// Whether a run that ended with this reason did so because its numbers diverged. Any thread.
    func isDivergence(_ reason: String) -> Bool { divergence.withLock { $0 == reason } }

    func onLoop(_ body: @escaping @Sendable (CoordinatorShell) -> Void) { gate.execute { body(self) } }

    /// What happens on this host.
    func handle(_ event: CoordinatorEvent) { put(.event(event)) }

    private func put(_ input: CoordinatorCore.Input) {
        for act in core.handle(input, at: MonotonicTime.now) { carryOut(act) }
    }

    // MARK: Connections

    /// A worker's connection: on the loop, while the channel is set up.
    ///
    /// Until a peer has said who it is, only what the handshake allows is read from it, and it has little time to say so.
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
            guard let self, let peer = peers[id] else { return }
            if peer.handshake.isDone { return put(.helloDue(id)) }
            strangers.count(peer.connection.remote, "it said nothing for \(Self.helloDeadline.nanoseconds / 1_000_000_000) s")
            peer.connection.close()
        }
    }

    /// Where too many peers have not said who they are, closes the oldest: a worker says it within a round trip, and so gets in through any crowd.
    private func makeRoom() {
        let silent = peers.filter { !core.isGreeted($0.key) }
        guard silent.count >= strangersAtOnce, let oldest = silent.min(by: { $0.key < $1.key }) else { return }
        peers[oldest.key] = nil
        strangers.count(oldest.value.connection.remote, "too many have not said who they are")
        put(.closed(oldest.key, reason: "too many have not said who they are"))
        oldest.value.connection.close()
    }

    private func receive(_ message: ControlMessage, from id: ConnectionID) {
        guard let peer = peers[id] else { return }
        guard !peer.handshake.isDone else { return put(.message(id, message)) }
        switch peer.handshake.receive(message) {
        case .answer(let proof): peer.connection.send(.proof(proof), view: 0)
        case .proved:
            put(
                .opened(
                    id,
                    .init(
                        name: peer.connection.remote, there: peer.connection.remoteHost, here: peer.connection.localHost)))
        case .refused(let reason):
            strangers.count(peer.connection.remote, reason)
            peer.connection.send(.refusal(.with { $0.reason = reason }), view: 0)
            peer.connection.closeAfterSending()
        }
    }

    private func ended(_ id: ConnectionID, _ reason: String) {
        guard let peer = peers.removeValue(forKey: id) else { return }
        if core.outcome == nil, !peer.handshake.isDone { strangers.count(peer.connection.remote, reason) }
        put(.closed(id, reason: reason))
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

    // MARK: Acts

    private func carryOut(_ act: CoordinatorCore.Act) {
        switch act {
        case .send(let id, let message, let view): peers[id]?.connection.send(message, view: view)
        case .sendBulk(let ids, let message): sendBulk(message, to: ids)
        case .dropBulk(let ids): for id in ids { peers[id]?.connection.traffic.drop() }
        case .close(let id): peers[id]?.connection.close()
        case .closeAfterSending(let id): peers[id]?.connection.closeAfterSending()
        case .stranger(let id, let why): if let peer = peers[id] { strangers.count(peer.connection.remote, why) }
        case .feed(let step, let to, let view):
            let members = to.compactMap { member in
                peers[member.connection].map { (connection: $0.connection, shards: member.shards) }
            }
            feeder.put(.batch(step: step, to: members, view: view))
        case .feedMessage(let message, let id, let view):
            if let peer = peers[id] { feeder.put(.message(message, to: peer.connection, view: view)) }
        case .dropFeed(let view): feeder.drop(through: view)
        case .streamCheckpoint(let step, let to, let order): streamCheckpoint(step, to: to, order)
        case .store(let copy): desk.put(copy)
        case .openServer: open()
        case .serve(let task):
            summation?.form(task) { [log] in log.warning("the summation server of view \(task.view) did not come up: \($0)") }
        case .restServer: summation?.rest()
        case .outrank(let generation): outrank(generation)
        case .awaitCause(let pid):
            loop.scheduleTask(in: .nanoseconds(CoordinatorCore.causeWait.wholeNanoseconds)) { [weak self] in
                self?.put(.causeDue(pid: pid))
            }
        case .openRecords(let step): recorder.put(.open(step: step))
        case .stepDone(let done): recorder.put(.step(entry(done)))
        case .record(let note, let pids): recorder.put(.event(note.what, note.fields(pids: pids)))
        case .notice(let notice, let worker, let identity): notices.write(notice, worker: worker, identity)
        case .diverged(let reason): divergence.withLock { $0 = reason }
        case .end(let outcome): onEnd(outcome)
        case .log(let level, let text, _): log.log(level: level.loggerLevel, "\(text)")
        }
    }

    /// Encodes once: a frame that waits for many peers is in memory once.
    private func sendBulk(_ message: ControlMessage, to ids: [ConnectionID]) {
        do {
            let frame = try message.frame(view: 0)
            for id in ids { peers[id]?.connection.sendBulk(frame) }
        } catch {
            handle(.failed(reason: "\(error)"))
        }
    }

    private func entry(_ done: CoordinatorCore.StepDone) -> RunRecorder.DoneStep {
        .init(
            step: done.step, minibatch: run.training.minibatchSize(ofStep: done.step), view: done.view, workers: done.workers,
            chain: done.chain, at: MonotonicTime.now, reports: done.reports.steps,
            shards: done.reports.shards.map {
                ShardReport(
                    shard: Int($0.report.shard), phase: $0.phase, rows: Int($0.report.rows), figures: $0.report.figures)
            })
    }

    /// Opens this coordinator's summation server. With the topology `server` it is there from the start; where it stands in for the ring it
    /// is opened when it is needed.
    private func open() {
        do {
            let server = try openServer()
            summation = server
            put(.serverOpened(port: server.port))
        } catch {
            let reason = "\(error)"
            loop.execute { [self] in handle(.noServer(reason: reason)) }
        }
    }

    // MARK: A checkpoint on its way to workers

    /// The newest whole checkpoint, piece by piece, to all who need it, each at its own pace.
    private func streamCheckpoint(_ step: UInt64, to ids: [ConnectionID], _ order: UInt64) {
        let streams = ids.compactMap { peers[$0]?.connection }.map { ($0, $0.traffic.drops) }
        OwnedThread.detach(name: "state") { [run, log, self] in
            do {
                let newest = try run.store.newestWhole()
                for left in newest.leftOut where !run.leftOut.contains(left) { log.warning("passed over a checkpoint: \(left)") }
                guard let checkpoint = newest.checkpoint else {
                    throw LocalError(
                        "every replica was lost and no checkpoint of \(run.options.folder.path) is whole; put one back from a copy, or begin a new run"
                    )
                }
                guard checkpoint.info.step == step else {
                    return onLoop { $0.handle(.checkpointIs(step: checkpoint.info.step)) }
                }
                onLoop { $0.handle(.relaying(order: order, from: nil, total: UInt64(checkpoint.bytes))) }
                for (connection, drops) in streams {
                    OwnedThread.detach(name: "state") { [self] in stream(checkpoint, to: connection, order, until: drops) }
                }
            } catch {
                fail(error)
            }
        }
    }

    private func fail(_ error: any Error) {
        log.error("\(error)")
        onLoop { $0.handle(.failed(reason: "\(error)")) }
    }

    /// Blocks until the checkpoint has left, or until something is dropped on the connection: then the transfer was given up.
    private func stream(_ checkpoint: Checkpoint, to connection: ControlConnection, _ order: UInt64, until drops: UInt64) {
        do {
            try StoredState(checkpoint).stream(order: order) { chunk in
                guard connection.traffic.drops == drops else { throw CancellationError() }
                do {
                    try connection.sendAndWait(
                        .stateChunk(chunk), view: 0, through: gate, .atMost(ControlConnection.pieceLimit))
                } catch {
                    throw CancellationError()  // the connection has ended, which is reported separately
                }
            }
        } catch is CancellationError {
        } catch {
            fail(error)
        }
    }

    // MARK: Whose the run is

    /// Workers have obeyed a coordinator of another generation of this run: the folder says whether that one has replaced this one. The disk
    /// is read on a thread of its own.
    private func outrank(_ other: UInt64) {
        guard let watch else { return }
        OwnedThread.detach(name: "generation") { [self] in
            do {
                let generation = try watch.outrank(other)
                onLoop { $0.handle(.outranked(generation: generation.number, leader: generation.name)) }
            } catch let lost as FolderLost {
                onLoop { $0.abandon(lost.description) }
            } catch {
                onLoop { $0.handle(.notOutranked(reason: "\(error)")) }
            }
        }
    }

    /// The run belongs to another coordinator, or its folder is gone: this coordinator ends, and the workers keep their state.
    func abandon(_ reason: String) { handle(.overthrown(reason: reason)) }
}
