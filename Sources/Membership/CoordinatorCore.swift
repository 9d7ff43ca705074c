import Foundation
import SwiftProtobuf
import Wire

/// A coordinator without its sockets, threads and disk: the machine, and everything that has to be remembered for it. A driver (the event loop, or
/// the simulation) hands in what comes from the network, from this host and from the clock, and carries out the answers in order.
package struct CoordinatorCore: Sendable {
    /// Where a connection's two ends are, in digits.
    package struct Endpoint: Sendable, Equatable {
        /// The peer's address and port, as sentences name it.
        package var name: String
        /// The peer's address; nil where it is not known.
        package var there: String?
        /// This host's, as the peer dialled it.
        package var here: String?

        package init(name: String, there: String? = nil, here: String? = nil) {
            self.name = name
            self.there = there
            self.here = here
        }
    }

    /// What comes to a coordinator.
    package enum Input: Sendable {
        /// A peer has connected and proven that it knows the token.
        case opened(ConnectionID, Endpoint)
        /// The time within which a connected peer must say hello is over.
        case helloDue(ConnectionID)
        case message(ConnectionID, ControlMessage)
        /// What has moved on a connection since the last look: bytes that arrived, bulk that left.
        case moved(ConnectionID, arrived: Bool, drained: Bool)
        case closed(ConnectionID, reason: String)
        /// `causeWait` has passed since `awaitCause`.
        case causeDue(pid: UInt32)
        /// This coordinator's own summation server listens at that port.
        case serverOpened(port: Int)
        /// Once a second: heartbeats are due.
        case beat
        /// What happens on this host: children, the disk, signals, the clock.
        case event(CoordinatorEvent)
    }

    /// What the coordinator's driver is to do.
    package enum Act: Sendable {
        case send(ConnectionID, ControlMessage, view: UInt64)
        /// Sent behind all small messages; encoded once for all receivers.
        case sendBulk([ConnectionID], ControlMessage)
        /// Drop the bulk that is queued for these: it is of no use any more.
        case dropBulk([ConnectionID])
        case close(ConnectionID)
        case closeAfterSending(ConnectionID)
        /// This connection is closed for what it has said, or not said.
        case stranger(ConnectionID, String)
        /// Pack these members' images of a step and send them, in order with what else is fed.
        case feed(step: UInt64, to: [(connection: ConnectionID, shards: Range<Int>)], view: UInt64)
        case feedMessage(ControlMessage, to: ConnectionID, view: UInt64)
        /// Views up to this one are over: nothing more is packed for them.
        case dropFeed(view: UInt64)
        /// The newest whole checkpoint, piece by piece, to all of them.
        case streamCheckpoint(step: UInt64, to: [ConnectionID], order: UInt64)
        /// Check a copy of the state, and put it where it is wanted.
        case store(StateCopy)
        /// Open the port of this coordinator's own summation server; the answer is `serverOpened`, or the event `noServer`.
        case openServer
        case serve(ControlServerView)
        /// No view needs this coordinator's own summation server for now.
        case restServer
        case outrank(generation: UInt64)
        /// Hand in `causeDue` after `causeWait`, unless the operating system says before then how this child ended.
        case awaitCause(pid: UInt32)
        /// The records begin here: after so many steps.
        case openRecords(step: UInt64)
        case stepDone(StepDone)
        case record(RunNote, pids: [UInt32])
        /// A line of a worker's log, for the run's folder.
        case notice(ControlNotice, worker: UInt32, WorkerIdentity?)
        /// The run diverged: every member meets this end alike.
        case diverged(String)
        case end(RunOutcome)
        case log(LogLevel, String, about: Decision? = nil)
    }

    /// A whole state as it came from a member.
    package struct StateCopy: Sendable {
        package var step: UInt64
        package var purposes: SnapshotPurposes
        package var bytes: [UInt8]
        /// The run's chain hash there, where it is known.
        package var chain: UInt64?
    }

    /// A step that all members have applied, and what is known of it.
    package struct StepDone: Sendable {
        package var step: UInt64
        package var view: UInt64
        package var workers: Int
        package var chain: UInt64
        package var reports: StepReports.Step
    }

    /// What a coordinator brings along.
    package struct Setup: Sendable {
        package var plan: RunPlan
        /// The last view that an earlier coordinator has used.
        package var view: UInt64
        package var rules: MembershipRules
        /// The answer to a hello, but for generation, leader and worker.
        package var welcome: ControlWelcome
        package var build: String
        /// Bytes of the longest state or sum there can be.
        package var longestStream: UInt64
        /// Port of this coordinator's own summation server, where it is open from the start.
        package var serverPort: Int?
        package var makesSecret: @Sendable () -> Data

        package init(
            plan: RunPlan, view: UInt64, rules: MembershipRules = MembershipRules(), welcome: ControlWelcome, build: String,
            longestStream: UInt64, serverPort: Int? = nil, makesSecret: @escaping @Sendable () -> Data
        ) {
            self.plan = plan
            self.view = view
            self.rules = rules
            self.welcome = welcome
            self.build = build
            self.longestStream = longestStream
            self.serverPort = serverPort
            self.makesSecret = makesSecret
        }
    }

    /// What a connection has said so far.
    struct Peer: Sendable {
        let endpoint: Endpoint
        var isGreeted = false
        var identity: WorkerIdentity?
        var ready: ControlReady?
        /// The hello of a summation server.
        var serverHello: ControlServerHello?
    }

    /// On one machine the operating system's word on how a child died comes a moment after the end of its connection.
    package static let causeWait: Duration = .milliseconds(200)

    let setup: Setup
    package internal(set) var machine: CoordinatorMachine
    var peers: [ConnectionID: Peer] = [:]
    /// The view that was formed last.
    package internal(set) var present: ViewPlan?
    package var members: [ViewPlan.Member] { present?.members ?? [] }
    var reports: StepReports
    /// Sums and states that are handed on.
    var relay: Relay?
    /// Copies of the state on their way in: which pieces belong to them, who was asked, and the run's chain hash there, once it is known.
    var copies: IncomingCopies
    var sources: [UInt64: (from: ConnectionID, chain: UInt64?)] = [:]
    var copied: [UInt64: [UInt8]] = [:]
    var hasRecords = false
    var serverPort: Int?
    /// A view that waits for the port of this coordinator's own summation server.
    var forming: (plan: ViewPlan, secret: Data)?
    package internal(set) var outcome: RunOutcome?
    /// Ends of connections that wait for the operating system's word, by pid.
    private var closures: [UInt32: (connection: ConnectionID, reason: String)] = [:]
    /// Hosts whose proof came lately and whose hello, the first large message, did not: how often that happened, and when last.
    private var unheard: [String: (times: Int, at: Duration)] = [:]
    private static let mostUnheard = 64
    /// The workers of one host fail together, so they count once within this time.
    private static let unheardPause: Duration = .seconds(4)

    package init(_ setup: Setup) {
        self.setup = setup
        machine = CoordinatorMachine(plan: setup.plan, view: setup.view, rules: setup.rules)
        reports = StepReports(phases: setup.plan.phases, shards: setup.plan.shards, from: setup.plan.firstStep)
        copies = IncomingCopies(limit: setup.longestStream)
        serverPort = setup.serverPort
    }

    /// Whether this peer has said who it is.
    package func isGreeted(_ id: ConnectionID) -> Bool { peers[id]?.isGreeted ?? false }

    /// Whether the links of the present view go to this coordinator's own summation server.
    package var isServing: Bool { !machine.isRound && machine.servers.serving.isEmpty }

    package mutating func handle(_ input: Input, at now: Duration) -> [Act] {
        switch input {
        case .opened(let id, let endpoint):
            peers[id] = Peer(endpoint: endpoint)
            return []
        case .helloDue(let id): return helloDue(id, now)
        case .message(let id, let message): return receive(message, id, now)
        case .moved(let id, let arrived, let drained):
            guard peers[id]?.isGreeted == true else { return [] }
            return (arrived ? tell(.heard(id), now) : []) + (drained ? tell(.draining(id), now) : [])
        case .closed(let id, let reason): return closed(id, reason, now)
        case .causeDue(let pid):
            guard let late = closures.removeValue(forKey: pid) else { return [] }
            return finish(late.connection, late.reason, now)
        case .serverOpened(let port):
            serverPort = port
            guard let (plan, secret) = forming else { return [] }
            forming = nil
            return formed(plan, secret)
        case .beat:
            return peers.keys.sorted().filter { peers[$0]?.isGreeted == true }.map {
                .send($0, .heartbeat(.init()), view: machine.view)
            }
        case .event(.childExited(let pid, let end)):
            let acts = tell(.childExited(pid: pid, end), now)
            guard let early = closures.removeValue(forKey: pid) else { return acts }
            return acts + finish(early.connection, early.reason, now)
        case .event(let event): return tell(event, now)
        }
    }

    mutating func tell(_ event: CoordinatorEvent, _ now: Duration) -> [Act] {
        machine.handle(event, at: now).flatMap { acts($0) }
    }

    func send(_ message: ControlMessage, to id: ConnectionID, view: UInt64? = nil) -> [Act] {
        peers[id] == nil ? [] : [.send(id, message, view: view ?? machine.view)]
    }

    // MARK: Who comes and goes

    /// The peer's proof, a small message, has come, and its hello has not. The second time the peer is told why it cannot take part.
    private mutating func helloDue(_ id: ConnectionID, _ now: Duration) -> [Act] {
        guard let peer = peers[id], !peer.isGreeted else { return [] }
        let host = peer.endpoint.there ?? ""
        if unheard.count >= Self.mostUnheard { unheard = [:] }
        var record = unheard[host] ?? (times: 0, at: now - Self.unheardPause)
        if now - record.at >= Self.unheardPause { record = (record.times + 1, now) }
        unheard[host] = record
        guard record.times >= machine.rules.welcomes, !machine.plan.supervised else {
            let why =
                "it has proven who it is, and its hello, a message of more than one packet, did not come: does the way from it lose large packets?"
            return [.stranger(id, why), .close(id)]
        }
        return [.log(.warning, "refused a worker at \(peer.endpoint.name): \(CoordinatorMachine.losesLarge)")]
            + refuse(id, CoordinatorMachine.losesLarge)
    }

    func refuse(_ id: ConnectionID, _ reason: String) -> [Act] {
        send(.refusal(.with { $0.reason = reason }), to: id) + [.closeAfterSending(id)]
    }

    private mutating func closed(_ id: ConnectionID, _ reason: String, _ now: Duration) -> [Act] {
        guard let peer = peers[id] else { return [] }
        guard peer.isGreeted else {
            peers[id] = nil
            return []
        }
        guard machine.plan.supervised, outcome == nil, let pid = peer.identity?.pid, !machine.knowsCause(ofPid: pid) else {
            return finish(id, reason, now)
        }
        closures[pid] = (id, reason)
        return [.awaitCause(pid: pid)]
    }

    private mutating func finish(_ id: ConnectionID, _ reason: String, _ now: Duration) -> [Act] {
        let acts = tell(.closed(id, reason: reason), now)
        peers[id] = nil
        return acts
    }

    // MARK: What they say

    private mutating func receive(_ message: ControlMessage, _ id: ConnectionID, _ now: Duration) -> [Act] {
        guard let peer = peers[id] else { return [] }
        guard !peer.isGreeted else {
            return peer.serverHello == nil ? heard(message, id, now) : heardOfServer(message, id, now)
        }
        switch message {
        case .hello(let hello):
            greeted(id)
            return greet(hello, id, now)
        case .serverHello(let hello):
            greeted(id)
            return greet(hello, id)
        default: return [.stranger(id, "it did not say hello"), .close(id)]
        }
    }

    private mutating func greeted(_ id: ConnectionID) {
        peers[id]?.isGreeted = true
        if let host = peers[id]?.endpoint.there { unheard[host] = nil }
    }

    /// The refusal of a peer whose build differs from this coordinator's; nil where the builds are equal.
    private func otherBuild(_ id: ConnectionID, _ role: String, _ build: String, _ host: String, _ pid: UInt32) -> [Act]? {
        guard build != setup.build else { return nil }
        let reason =
            "the coordinator is build \(setup.build), the \(role) on host \(host) (pid \(pid)) is build \(build); install the same build on both"
        return [.log(.warning, "refused a \(role): \(reason)")] + refuse(id, reason)
    }

    private mutating func greet(_ hello: ControlHello, _ id: ConnectionID, _ now: Duration) -> [Act] {
        if let refusal = otherBuild(id, "worker", hello.build, hello.host, hello.pid) { return refusal }
        let identity = WorkerIdentity(
            host: hello.host, pid: hello.pid, process: hello.process, build: hello.build, library: hello.library,
            kernel: hello.kernel, number: hello.number == 0 ? nil : hello.number - 1)
        peers[id]?.identity = identity
        return tell(.hello(id, identity, held: HeldState(hello)), now)
    }

    private mutating func greet(_ hello: ControlServerHello, _ id: ConnectionID) -> [Act] {
        peers[id]?.serverHello = hello
        if let refusal = otherBuild(id, "summation server", hello.build, hello.host, hello.pid) { return refusal }
        return send(.serverView(.with { $0.remote = setup.welcome.remote }), to: id, view: 0)
    }

    private mutating func heardOfServer(_ message: ControlMessage, _ id: ConnectionID, _ now: Duration) -> [Act] {
        switch message {
        case .ready(let ready):
            guard let hello = peers[id]?.serverHello else { return [] }
            peers[id]?.ready = ready
            let identity = ServerIdentity(
                host: hello.host, pid: hello.pid, process: hello.process, number: hello.number == 0 ? nil : hello.number - 1)
            return tell(.serverReady(id, identity), now)
        case .serverBeat(let beat):
            let links = zip(beat.sent, beat.received).enumerated().map { rank, bytes in
                (rank, LinkProgress(view: beat.view, sent: bytes.0, received: bytes.1))
            }
            return tell(.serverLinks(view: beat.view, from: id, Dictionary(uniqueKeysWithValues: links)), now)
        case .farewell(let farewell): return finish(id, farewell.reason, now)
        case .notice(let notice): return [.log(.warning, "\(machine.serverName(id)): \(notice.text)")]
        default: return close(id, "\(name(id)) sent a message that no summation server sends and is closed")
        }
    }

    private func name(_ id: ConnectionID) -> String { peers[id]?.endpoint.name ?? "a peer" }

    private func close(_ id: ConnectionID, _ line: String) -> [Act] { [.log(.warning, line), .close(id)] }

    private mutating func heard(_ message: ControlMessage, _ id: ConnectionID, _ now: Duration) -> [Act] {
        switch message {
        case .ready(let ready):
            peers[id]?.ready = ready
            return tell(.ready(id, fingerprint: Array(ready.fingerprint), Position(ready.position)), now)
        case .position(let position): return tell(.position(id, order: position.order, Position(position)), now)
        case .linksUp(let up): return tell(.linksUp(id, view: up.view), now)
        case .linkFailed(let failure): return tell(.linkFailed(id, view: failure.view, LinkReport(failure)), now)
        case .phaseReport(let report):
            if machine.isHeard(id) { reports.put(report) }
            return []
        case .stepReport(let report):
            if machine.isHeard(id) { reports.put(report) }
            return tell(.stepReport(id, view: report.view, step: report.step, chain: report.chain), now)
        case .heartbeat(let beat): return tell(.heartbeat(id, Beat(beat)), now)
        case .farewell(let farewell):
            let divergence: [Act] = farewell.common ? [.diverged(farewell.reason)] : []
            let event = CoordinatorEvent.farewell(
                id, reason: farewell.reason, leaving: farewell.leaving, common: farewell.common)
            return divergence + tell(event, now)
        case .stateChunk(let chunk):
            guard chunk.order == 0 else {
                return pass(message, .state, of: chunk.step, from: id, order: chunk.order, chunk.place, now)
            }
            return copy(chunk, from: id, now)
        case .sumChunk(let chunk):
            return pass(message, .sum, of: chunk.applied, from: id, order: chunk.order, chunk.place, now)
        case .notice(let notice):
            return machine.label(of: id).map { [.notice(notice, worker: $0, peers[id]?.identity)] } ?? []
        case .hello, .welcome, .refusal, .view, .batch, .snapshotRequest, .stop, .challenge, .proof, .halt, .sumRequest,
            .serverHello, .serverView, .serverBeat:
            return close(id, "\(name(id)) sent a message that no worker sends and is closed")
        }
    }

    // MARK: States and sums

    /// Hands a piece on to those who wait for it. With the first piece the machine hears how much there is to come.
    private mutating func pass(
        _ message: ControlMessage, _ kind: Relay.Kind, of what: UInt64, from id: ConnectionID, order: UInt64, _ place: PiecePlace,
        _ now: Duration
    ) -> [Act] {
        do {
            let targets = try relay?.receivers(kind, of: what, from: id, order: order, place) ?? []
            guard !targets.isEmpty else { return [] }
            let total = kind == .state ? place.total : nil
            let begins = place.offset == 0 ? tell(.relaying(order: order, from: id, total: total), now) : []
            return begins + [.sendBulk(targets, message)]
        } catch {
            return tell(.badPiece(id, reason: "\(error)"), now)
        }
    }

    /// A piece of a copy that this coordinator has asked for.
    private mutating func copy(_ chunk: ControlStateChunk, from id: ConnectionID, _ now: Duration) -> [Act] {
        let step = chunk.step
        guard let source = sources[step], source.from == id else { return [] }
        do {
            let taken = try copies.receive(step: step, chunk.place)
            guard taken != .unwanted else { return [] }
            // The array is taken out of the dictionary while it grows, or every piece would copy it.
            var bytes = copied.removeValue(forKey: step) ?? []
            if chunk.offset == 0 {
                bytes = []
                bytes.reserveCapacity(Int(chunk.total))
            }
            bytes.append(contentsOf: chunk.data)
            guard case .whole(let purposes) = taken else {
                copied[step] = bytes
                return []
            }
            sources[step] = nil
            let chain = machine.chain(after: step) ?? source.chain
            return tell(.snapshotArrived(step: step), now)
                + [.store(StateCopy(step: step, purposes: purposes, bytes: bytes, chain: chain))]
        } catch {
            return tell(.badPiece(id, reason: "\(error)"), now)
        }
    }
}
