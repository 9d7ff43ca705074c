import Foundation
import SwiftProtobuf
import Wire

/// A worker without its sockets and threads: the machine, and everything that has to be remembered for it. A driver (event loop and threads, or the
/// simulation) hands in what comes from the network, from the engine and from the clock, and carries out the answers in order.
package struct WorkerCore: Sendable {
    /// What comes to a worker.
    package enum Input: Sendable {
        /// Connected: the peer at the coordinator's address knows the token.
        case connected
        /// A try to connect failed, and another follows after the pause; `final` where no further try can help.
        case dialFailed(reason: String, pause: String, final: Bool)
        /// A whole message of the coordinator's, and the view in its header.
        case message(ControlMessage, view: UInt64)
        /// Bytes of it arrived.
        case heard
        case disconnected(reason: String)
        /// The answer to `admit`: this process can take part.
        case admitted
        case engine(EngineNews)
        /// A signal asks this worker to leave.
        case leaveRequested(reason: String)
        /// This process cannot go on.
        case failed(reason: String)
        case tick
    }

    /// What the worker's driver is to do.
    package enum Act: Sendable {
        case dial
        case send(ControlMessage, view: UInt64)
        /// Whether this process can take part in such a run: `admitted`, or `failed`.
        case admit(ControlWelcome)
        case hangUp
        case engine(EngineWork)
        /// Give up streams of lower orders: nobody waits for them.
        case giveUp(before: UInt64)
        /// Wake and end everything that hangs on the gradient links of the old view.
        case abandonLinks
        /// Send a heartbeat now.
        case beat
        case exit(WorkerEnding)
        case log(LogLevel, String)
    }

    /// What a worker brings along.
    package struct Setup: Sendable {
        /// Who it is, as its hello says.
        package var hello: ControlHello
        /// The coordinator's address, in words.
        package var coordinator: String
        /// Where the others may dial it; nil: at this end of the control connection, at the port that the engine opens.
        package var advertise: (host: String, port: Int)?
        package var patience: WorkerMachine.Patience

        package init(
            hello: ControlHello, coordinator: String, advertise: (host: String, port: Int)? = nil, patience: WorkerMachine.Patience
        ) {
            self.hello = hello
            self.coordinator = coordinator
            self.advertise = advertise
            self.patience = patience
        }
    }

    private let setup: Setup
    package private(set) var machine: WorkerMachine
    package private(set) var welcome: ControlWelcome?
    /// The engine's, once it has told them.
    private var probe: (fingerprint: [UInt8], port: Int)?
    private var phases: UInt64 = 1
    private var isConnected = false
    /// What has come and waits for the machine's word: the view to join, images, requests for the state.
    private var views: [UInt64: ControlView] = [:]
    private var batches: [UInt64: ControlBatch] = [:]
    private var requests: [UInt64: ControlSnapshotRequest] = [:]
    /// A state on its way in, and the order of its transfer: a coordinator may still send one that it has given up.
    private var state: (bytes: [UInt8], order: UInt64) = ([], 0)
    private var sum: ReceivedSum?
    /// Bytes of states and sums that have come.
    private var received: UInt64 = 0
    private var reports = RecentReports()
    /// Lines for the coordinator from before it was known.
    private var notices: [ControlNotice] = []
    private static let mostNotices = 64
    private static let longestNotice = 2000

    package init(_ setup: Setup) {
        self.setup = setup
        machine = WorkerMachine(patience: setup.patience)
    }

    package var hasEnded: Bool { machine.hasEnded }
    /// Where gradient links come in, once that is known.
    package var port: Int? { probe?.port }

    /// The first thing to do.
    package mutating func begin(at now: Duration) -> [Act] { machine.begin(at: now).flatMap { acts($0) } }

    package mutating func handle(_ input: Input, at now: Duration) -> [Act] {
        switch input {
        case .connected:
            isConnected = true
            return tell(.connected, now)
        case .dialFailed(let reason, let pause, let final): return dialFailed(reason, pause, final, now)
        case .message(let message, let view): return tell(.heard, now) + receive(message, view, now)
        case .heard: return tell(.heard, now)
        case .disconnected(let reason):
            detach()
            return tell(.disconnected(reason: reason), now)
        case .admitted: return admitted(now)
        case .engine(let news): return handle(news, now)
        case .leaveRequested(let reason): return tell(.leaveRequested(reason: reason), now)
        case .failed(let reason): return tell(.failed(reason: reason), now)
        case .tick: return tell(.tick, now)
        }
    }

    /// The heartbeat that says where the engine is; nil before the coordinator has welcomed this worker.
    package func heartbeat(_ beat: Beat) -> ControlMessage? {
        guard welcome != nil, isConnected else { return nil }
        var beat = beat
        beat.moved += received
        return .heartbeat(ControlHeartbeat(beat))
    }

    /// A line of this worker's log, which the coordinator keeps too where it cannot see this host's log.
    package mutating func note(_ level: LogLevel, _ text: String) -> [Act] {
        let line = Act.log(level, text)
        guard welcome?.remote != false else { return [line] }
        let notice = ControlNotice.with {
            $0.level = level.rawValue
            $0.text = String(text.prefix(Self.longestNotice))
        }
        if isConnected, welcome != nil { return [line] + forward(notice) }
        if notices.count < Self.mostNotices { notices.append(notice) }
        return [line]
    }

    private func forward(_ notice: ControlNotice) -> [Act] { welcome?.remote == true ? send(.notice(notice)) : [] }

    private func send(_ message: ControlMessage, view: UInt64? = nil) -> [Act] {
        isConnected ? [.send(message, view: view ?? machine.view)] : []
    }

    private mutating func tell(_ event: WorkerEvent, _ now: Duration) -> [Act] {
        machine.handle(event, at: now).flatMap { acts($0) }
    }

    // MARK: The connection

    /// A worker that has been in the run keeps trying, and logs a reminder now and then.
    private mutating func dialFailed(_ reason: String, _ pause: String, _ final: Bool, _ now: Duration) -> [Act] {
        let acts = tell(.dialFailed(reason: reason), now)
        guard welcome == nil else { return acts }
        if final { return acts + tell(.unfit("the coordinator at \(setup.coordinator) cannot be used: \(reason)"), now) }
        return acts + [.log(.info, "no coordinator at \(setup.coordinator) yet (\(reason)); trying again in \(pause)")]
    }

    private mutating func detach() {
        isConnected = false
        state = ([], 0)
    }

    private mutating func admitted(_ now: Duration) -> [Act] {
        guard let welcome else { return [] }
        let acts = tell(
            .welcome(
                run: welcome.run, generation: welcome.generation, leader: welcome.leader,
                mark: welcome.markApplied == 0 ? nil : ChainMark(applied: welcome.markApplied, chain: welcome.markChain),
                orphanPatience: .seconds(welcome.orphanSeconds)), now)
        defer { notices = [] }
        return acts + notices.flatMap { forward($0) }
    }

    // MARK: In

    private mutating func receive(_ message: ControlMessage, _ number: UInt64, _ now: Duration) -> [Act] {
        switch message {
        case .welcome(let welcome):
            self.welcome = welcome
            return [.admit(welcome)]
        case .refusal(let refusal): return tell(.refused(refusal.reason), now)
        case .halt(let halt): return tell(.halt(order: halt.order), now)
        case .sumRequest(let request): return tell(.sumRequest(order: request.order, applied: request.applied), now)
        case .sumChunk(let chunk):
            if chunk.offset == 0 { sum = ReceivedSum(chunk) }
            sum?.append(chunk)
            let count = UInt64(chunk.data.count)
            received += count
            return tell(
                .sumPiece(order: chunk.order, applied: chunk.applied, offset: chunk.offset, count: count, total: chunk.total), now)
        case .stateChunk(let chunk):
            if chunk.offset == 0, chunk.order >= state.order { state = ([], chunk.order) }
            if chunk.order == state.order { state.bytes.append(contentsOf: chunk.data) }
            let count = UInt64(chunk.data.count)
            received += count
            return tell(.statePiece(order: chunk.order, offset: chunk.offset, count: count, total: chunk.total), now)
        case .view(let view):
            views = [view.view: view]
            return tell(.view(number: view.view, applied: view.applied), now)
        case .batch(let batch):
            if number == machine.view { batches[batch.step] = batch }
            return tell(.batch(step: batch.step, view: number), now)
        case .snapshotRequest(let request):
            requests[request.step] = request
            return tell(.snapshotRequest(step: request.step, order: request.order, view: number), now)
        case .stop(let stop):
            let line: [Act] = stop.failed ? [] : [.log(.info, "\(stop.reason); this worker ends")]
            return line + tell(.stop(reason: stop.reason, failed: stop.failed), now)
        case .heartbeat: return []
        case .hello, .ready, .linksUp, .linkFailed, .stepReport, .farewell, .challenge, .proof, .position, .phaseReport, .notice,
            .serverHello, .serverView, .serverBeat:
            let reason = "the coordinator sent what no worker is sent; is \(setup.coordinator) a coordinator?"
            return tell(.failed(reason: reason), now)
        }
    }

    private mutating func handle(_ news: EngineNews, _ now: Duration) -> [Act] {
        switch news {
        case .prepared(let position, let phases, let fingerprint, let port):
            probe = (fingerprint, port)
            self.phases = phases
            return tell(.prepared(position, phases: phases), now)
        case .stood(let order, let position):
            reports.forget(behind: position.applied, phases: phases)
            return tell(.stood(order: order, position), now)
        case .linksUp(let view): return tell(.linksUp(view: view), now)
        case .linkFailed(let view, let report): return tell(.linkFailed(view: view, report), now)
        case .contributed(let report):
            reports.put(.phaseReport(report))
            return send(.phaseReport(report))
        case .goesOn: return [.beat]
        case .unusable(let reason): return note(.error, "what this worker was sent could not be used: \(reason)")
        case .report(let report, let view):
            reports.put(.stepReport(report))
            let mark = ChainMark(applied: phases * (report.step + 1), chain: report.chain)
            return tell(.stepped(mark), now) + send(.stepReport(report), view: view)
        case .failed(let reason, let common): return tell(.failed(reason: reason, common: common), now)
        }
    }

    // MARK: Out

    private mutating func acts(_ directive: WorkerDirective) -> [Act] {
        switch directive {
        case .dial: return [.dial]
        case .sayHello(let held):
            // Another coordinator, or the same one that goes on counting: orders that were given up say nothing of those to come.
            return [.giveUp(before: 0)] + send(.hello(hello(held)))
        case .prepare: return welcome.map { [.engine(.prepare($0, anew: true))] } ?? []
        case .takeUp: return welcome.map { [.engine(.prepare($0, anew: false))] } ?? []
        case .sayReady(let position): return ready(position)
        case .abandonLinks: return [.abandonLinks]
        case .stand(let order):
            // Nobody waits for what is being streamed for an older order any more, and the halt must not wait for it.
            return [.giveUp(before: order), .engine(.stand(order: order))]
        case .sayPosition(let order, let position): return send(.position(ControlPosition(position, order: order)))
        case .sendSum(let order, let applied): return [.engine(.sendSum(order: order, applied: applied))]
        case .applySum(let order, _):
            defer { sum = nil }
            return sum.map { [.engine(.applySum(order: order, $0))] } ?? []
        case .restore(let order):
            defer { state.bytes = [] }
            return [.engine(.restore(order: order, state.bytes))]
        case .join(let number): return join(number)
        case .sayLinksUp(let view): return send(.linksUp(.with { $0.view = view }))
        case .sayLinkFailed(let view, let report):
            return note(.warning, "a gradient link failed: \(report.reason)")
                + send(.linkFailed(ControlLinkFailed(report, view: view)))
        case .run(let step): return batches.removeValue(forKey: step).map { [.engine(.run($0))] } ?? []
        case .copyState(let step, _): return requests.removeValue(forKey: step).map { [.engine(.copyState($0))] } ?? []
        case .sayFarewell(let reason, let leaving, let common):
            return send(
                .farewell(
                    .with {
                        $0.reason = reason
                        $0.leaving = leaving
                        $0.common = common
                    }))
        case .hangUp:
            detach()
            return [.hangUp]
        case .exit(let ending): return [.exit(ending)]
        case .log(let level, let text): return note(level, text)
        }
    }

    private func ready(_ position: Position) -> [Act] {
        guard let probe else { return [] }
        let ready = ControlReady.with {
            $0.fingerprint = Data(probe.fingerprint)
            $0.position = ControlPosition(position, order: 0)
            $0.dataPort = UInt32(setup.advertise.flatMap { $0.port > 0 ? $0.port : nil } ?? probe.port)
            $0.dataAddresses = setup.advertise.map { [$0.host] } ?? []
        }
        // Reports that the last coordinator may not have entered into its records. They go before `ready`, on which a view may begin.
        return reports.all.flatMap { send($0) } + send(.ready(ready))
    }

    private mutating func join(_ number: UInt64) -> [Act] {
        guard let view = views.removeValue(forKey: number), let welcome else { return [] }
        batches.removeAll()
        requests.removeAll()
        let words = "view \(number): rank \(view.rank) of \(view.members.count), shards \(view.shards.map(Int.init))"
        return note(.info, words) + [.engine(.join(view, run: welcome.run, generation: welcome.generation))]
    }

    private func hello(_ held: HeldState?) -> ControlHello {
        var hello = setup.hello
        if let welcome { hello.number = welcome.worker &+ 1 }
        // A worker that comes back with a state sends no padding: it is not kept out because its way has become worse.
        guard let held else { return hello }
        hello.padding = Data()
        hello.run = held.run
        hello.generation = held.generation
        hello.leader = held.leader
        hello.position = ControlPosition(held.position, order: 0)
        return hello
    }
}

/// What a worker reported of late, for a coordinator that takes over from a dead one.
private struct RecentReports: Sendable {
    /// 64 steps of a report and three phases: what passes while a busy disk holds the records up for half a second.
    private static let capacity = 64 * 4
    private(set) var all: [ControlMessage] = []

    mutating func put(_ report: ControlMessage) {
        if all.count >= Self.capacity { all.removeFirst() }
        all.append(report)
    }

    /// The replica stands at this phase: where the run has gone back, what it reported of later ones was of a state that is lost.
    mutating func forget(behind applied: UInt64, phases: UInt64) {
        all.removeAll { report in
            switch report {
            case .stepReport(let report): phases * (report.step + 1) > applied
            case .phaseReport(let report): report.applied > applied
            default: false
            }
        }
    }
}
