import Collectives
import Crypto
import Foundation
import Logging
import NIOCore
import Runs
import Synchronization
import Wire

/// Carries the coordinator machine's directives out: everything here runs on one event loop.
final class CoordinatorShell: @unchecked Sendable {
    /// What one connection has said so far.
    private struct Peer {
        let connection: ControlConnection
        let greeting: Greeting
        var ready: ControlReady?
    }

    // Confined to the event loop: that is what makes it safe to send.
    private var machine: CoordinatorMachine
    private var peers: [ConnectionID: Peer] = [:]
    private var nextConnection: UInt64 = 0
    private var members: [ViewPlan.Member] = []
    private var reports: [UInt64: [ControlStepReport]] = [:]
    private var outcome: RunOutcome?

    private let loop: any EventLoop
    private let run: PreparedRun
    private let feeder: BatchFeeder
    private let desk: SnapshotDesk
    private let recorder: RunRecorder
    private let summation: SummationHost?
    /// Workers of other hosts may come: the listener is not on loopback.
    private let remote: Bool
    private let log: Logger
    private let onEnd: @Sendable (RunOutcome) -> Void

    init(
        loop: any EventLoop, run: PreparedRun, feeder: BatchFeeder, desk: SnapshotDesk, recorder: RunRecorder,
        summation: SummationHost?, remote: Bool, log: Logger, onEnd: @escaping @Sendable (RunOutcome) -> Void
    ) {
        self.loop = loop
        self.run = run
        self.feeder = feeder
        self.desk = desk
        self.recorder = recorder
        self.summation = summation
        self.remote = remote
        self.log = log
        self.onEnd = onEnd
        machine = CoordinatorMachine(plan: run.plan, view: run.lastView)
    }

    /// How long a peer may take to introduce itself, and how many may be at it together.
    static let helloDeadline: TimeAmount = .seconds(5)
    static let maximumStrangers = 64

    /// How often the machine hears that time passes.
    static let tick: TimeAmount = .milliseconds(250)

    func start() {
        loop.scheduleRepeatedTask(initialDelay: .zero, delay: Self.tick) { [weak self] task in
            guard let self, outcome == nil else { return task.cancel() }
            handle(.tick)
        }
        loop.scheduleRepeatedTask(initialDelay: Worker.heartbeat, delay: Worker.heartbeat) { [weak self] task in
            guard let self, outcome == nil else { return task.cancel() }
            for peer in peers.values where peer.greeting.isDone { peer.connection.send(.heartbeat(.init()), view: machine.view) }
        }
    }

    func onLoop(_ body: @escaping @Sendable (CoordinatorShell) -> Void) { loop.execute { body(self) } }

    func handle(_ event: CoordinatorEvent) {
        for directive in machine.handle(event, at: MonotonicTime.now) { carryOut(directive) }
    }

    // MARK: In

    /// A worker's connection: on the loop, while the channel is set up.
    ///
    /// Nothing but a hello is read from a peer that has not said who it is, and it has not long to say it.
    func accept(_ channel: any Channel) throws {
        guard peers.values.count(where: { !$0.greeting.isDone }) < Self.maximumStrangers else {
            throw LocalError("more than \(Self.maximumStrangers) connections that have not said who they are")
        }
        nextConnection += 1
        let id = ConnectionID(nextConnection)
        let greeting = Greeting()
        peers[id] = Peer(connection: ControlConnection(channel: channel), greeting: greeting)
        try ControlConnection.install(
            on: channel, admits: { greeting.isDone || $0 == .hello },
            onMessage: { [weak self] in self?.receive($0, from: id) }, onEnd: { [weak self] in self?.ended(id, $0) })
        loop.scheduleTask(in: Self.helloDeadline) { [weak self] in
            guard let self, let peer = peers[id], !peer.greeting.isDone else { return }
            log.warning(
                "\(peer.connection.remote) connected and said nothing for \(Self.helloDeadline.nanoseconds / 1_000_000_000) s; closed"
            )
            peer.connection.close()
        }
    }

    private func receive(_ message: ControlMessage, from id: ConnectionID) {
        switch message {
        case .hello(let hello):
            peers[id]?.greeting.finish()
            if hello.build != run.options.build {
                return refuseBuild(hello, id)
            }
            handle(
                .hello(
                    id,
                    WorkerIdentity(
                        host: hello.host, pid: hello.pid, build: hello.build, library: hello.library, kernel: hello.kernel)))
        case .ready(let ready):
            peers[id]?.ready = ready
            handle(.ready(id, fingerprint: Array(ready.fingerprint), stateDigest: Array(ready.stateDigest)))
        case .linksUp(let up): handle(.linksUp(id, view: up.view))
        case .linkFailed(let failure):
            handle(
                .linkFailed(
                    id, view: failure.view, suspect: failure.suspect < 0 ? nil : Int(failure.suspect), reason: failure.reason,
                    dialling: failure.dialling))
        case .stepReport(let report):
            guard members.contains(where: { $0.connection == id }) else { break }
            reports[report.step, default: []].append(report)
            handle(.stepReport(id, step: report.step, chain: report.chain))
        case .heartbeat(let beat):
            handle(.heartbeat(id, work: beat.work, applied: beat.applied, contributed: beat.contributed))
        case .farewell(let farewell):
            handle(.farewell(id, reason: farewell.reason, leaving: farewell.leaving, common: farewell.common))
        case .stateChunk(let chunk):
            guard members.contains(where: { $0.connection == id }) else { break }
            do {
                try desk.take(chunk)
            } catch {
                log.error("\(error)")
                peers[id]?.connection.close()
            }
        case .welcome, .refusal, .view, .batch, .snapshotRequest, .stop:
            log.warning("\(peers[id]?.connection.remote ?? "a peer") sent a coordinator's message and is closed")
            peers[id]?.connection.close()
        }
    }

    private func refuseBuild(_ hello: ControlHello, _ id: ConnectionID) {
        let reason =
            "the coordinator is build \(run.options.build), the worker on host \(hello.host) (pid \(hello.pid)) is build \(hello.build); install the same build on both"
        log.warning("refused a worker: \(reason)")
        carryOut(.refuse(id, reason: reason))
    }

    /// On one machine the operating system's word on how a child died comes a moment after the end of its connection.
    private func ended(_ id: ConnectionID, _ reason: String) {
        let delay: TimeAmount = run.plan.supervised && outcome == nil ? .milliseconds(200) : .zero
        loop.scheduleTask(in: delay) { [weak self] in
            guard let self else { return }
            handle(.closed(id, reason: reason))
            peers[id] = nil
        }
    }

    func snapshot(_ result: SnapshotDesk.Outcome) {
        switch result {
        case .stored(let step, let checkpoint):
            if let checkpoint {
                recorder.put(.event("checkpoint", [("step", .unsigned(step)), ("bytes", .integer(Int64(checkpoint.bytes)))]))
            }
            handle(.snapshotStored(step: step))
        case .failed(let step, let reason): handle(.snapshotFailed(step: step, reason: reason))
        }
    }

    // MARK: Out

    private func carryOut(_ directive: CoordinatorDirective) {
        switch directive {
        case .welcome(let id, let worker): welcome(id, worker)
        case .refuse(let id, let reason):
            peers[id]?.connection.send(.refusal(.with { $0.reason = reason }), view: 0)
            peers[id]?.connection.closeAfterSending()
        case .close(let id): peers[id]?.connection.close()
        case .form(let plan): form(plan)
        case .batch(let step):
            let to = members.compactMap { member in
                peers[member.connection].map { (connection: $0.connection, shards: member.shards) }
            }
            feeder.put(.batch(step: step, to: to, view: machine.view))
        case .snapshot(let id, let step, let purposes):
            guard let peer = peers[id] else { return }
            desk.expect(step: step, purposes: purposes)
            feeder.put(.message(.snapshotRequest(.with { $0.step = step }), to: peer.connection, view: machine.view))
        case .stepDone(let step, let view, let workers, let chain):
            recorder.put(
                .step(
                    .init(
                        step: step, minibatch: run.training.minibatchSize(ofStep: step), view: view, workers: workers,
                        chain: chain, at: MonotonicTime.now, reports: reports.removeValue(forKey: step) ?? [])))
        case .stop(let ids, let reason, let failed):
            for id in ids {
                peers[id]?.connection.send(
                    .stop(
                        .with {
                            $0.reason = reason
                            $0.failed = failed
                        }), view: machine.view)
            }
        case .end(let outcome):
            self.outcome = outcome
            onEnd(outcome)
        case .log(let level, let text): write(level, text)
        }
    }

    private func write(_ level: LogLevel, _ text: String) {
        switch level {
        case .info: log.info("\(text)")
        case .warning: log.warning("\(text)")
        case .error: log.error("\(text)")
        }
    }

    private func welcome(_ id: ConnectionID, _ worker: UInt32) {
        guard let connection = peers[id]?.connection else { return }
        let message = run.welcome(worker: worker, remote: remote)
        connection.send(.welcome(message), view: 0)
        guard run.state.bytes > 0 else { return }
        DetachedThread.start(name: "state") { [run, log] in
            do {
                try run.state.stream { try connection.sendAndWait(.stateChunk($0), view: 0) }
            } catch {
                log.warning("the state could not be sent to \(connection.remote): \(error)")
                connection.close()
            }
        }
    }

    private func form(_ plan: ViewPlan) {
        members = plan.members
        reports.removeAll()
        let secret = SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) }
        summation?.form(view: plan.number, world: plan.members.count, secret: secret) { [log] in
            log.warning("the summation server of view \(plan.number) did not come up: \($0)")
        }
        for (rank, member) in plan.members.enumerated() {
            guard let peer = peers[member.connection] else { continue }
            let message = ControlView.with { view in
                view.view = plan.number
                view.rank = UInt32(rank)
                view.members = plan.members.map { self.describe($0, to: peer.connection) }
                view.shards = member.shards.map(UInt32.init)
                view.secret = Data(secret)
                view.applied = plan.applied
                if let summation {
                    view.serverPort = UInt32(summation.port)
                    view.serverAddresses = [peer.connection.localHost ?? "127.0.0.1"]
                }
            }
            peer.connection.send(.view(message), view: plan.number)
        }
        recorder.put(
            .event("view", [("view", .unsigned(plan.number)), ("workers", .integer(Int64(plan.members.count)))]))
    }

    /// How one member reaches another: at the address it advertises, else at the one it dialled from; a worker beside the
    /// coordinator is reached at the address by which the asking member knows the coordinator, never at loopback.
    private func describe(_ member: ViewPlan.Member, to asking: ControlConnection) -> ControlMember {
        let peer = peers[member.connection]
        var addresses = peer?.ready?.dataAddresses ?? []
        if addresses.isEmpty, let remote = peer?.connection.remoteHost { addresses = [remote] }
        if let askingFrom = asking.remoteHost, !HostPort.isLoopback(askingFrom), let here = asking.localHost {
            addresses = addresses.map { HostPort.isLoopback($0) ? here : $0 }
        }
        return ControlMember.with {
            $0.worker = member.worker
            $0.host = member.identity.host
            $0.pid = member.identity.pid
            $0.addresses = addresses
            $0.port = peer?.ready?.dataPort ?? 0
        }
    }
}

/// Whether a peer has said who it is; asked by the frame decoder before it takes memory.
private final class Greeting: Sendable {
    private let done = Atomic<Bool>(false)

    var isDone: Bool { done.load(ordering: .relaxed) }

    func finish() { done.store(true, ordering: .relaxed) }
}
