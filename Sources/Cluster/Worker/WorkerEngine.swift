import Autoencoder
import Collectives
import Crypto
import Foundation
import Kernels
import Runs
import Synchronization
import Wire

/// What the shell hands to the engine's thread, in order.
enum EngineWork: Sendable {
    case prepare(ControlWelcome, state: [UInt8])
    case dial(ControlView, run: [UInt8], generation: UInt64)
    case run(ControlBatch)
    case copyState(step: UInt64)
}

/// What the engine tells the shell; carried to the event loop by the shell.
enum EngineNews: Sendable {
    case prepared(applied: UInt64, phases: UInt64, chain: UInt64, fingerprint: [UInt8], stateDigest: [UInt8], port: Int)
    case linksUp(view: UInt64)
    case linkFailed(view: UInt64, LinkFailure, dialling: Bool)
    case report(ControlStepReport, view: UInt64)
    /// `common`: every member meets it alike.
    case failed(reason: String, common: Bool)
}

/// The worker's arithmetic and gradient links, on a thread of its own.
///
/// The shell's thread only puts work into the mailbox, reads the counters, and breaks the links to wake this one.
final class WorkerEngine: Sendable {
    /// What the shell may need while the engine works.
    struct Links {
        var reducer: (any Reducer)?
        var dialer: GradientDialer?
        var listener: GradientListener?
        var closed = false
    }

    private let mailbox = Mailbox<EngineWork>()
    private let links = Mutex(Links())
    private let appliedPhases = Atomic<UInt64>(0)
    private let contributedPhases = Atomic<UInt64>(0)
    private let threads: Int
    private let listen: WorkerListening
    private let tell: @Sendable (EngineNews) -> Void
    /// Streams one snapshot at a time; the next boundary that wants one waits for it.
    private let stream: StateStreamer

    init(threads: Int, listen: WorkerListening, stream: StateStreamer, tell: @escaping @Sendable (EngineNews) -> Void) {
        self.threads = threads
        self.listen = listen
        self.stream = stream
        self.tell = tell
    }

    /// Phases applied, and phases whose own part is complete: for the heartbeat.
    var progress: (applied: UInt64, contributed: UInt64) {
        (appliedPhases.load(ordering: .relaxed), contributedPhases.load(ordering: .relaxed))
    }

    func start() {
        DetachedThread.start(name: "engine") { [self] in
            FloatingPoint.setModes()
            loop()
        }
    }

    func put(_ work: EngineWork) { mailbox.put(work) }

    /// Breaks every gradient link, which wakes whoever waits on one. Any thread.
    func abandonLinks() {
        let (reducer, dialer, listener) = links.withLock { links in
            defer {
                links.reducer = nil
                links.dialer = nil
            }
            return (links.reducer, links.dialer, links.listener)
        }
        dialer?.cancel()
        listener?.cancel()
        reducer?.shutdown()
    }

    /// Ends the thread after the work at hand, and closes the listener.
    func close() {
        mailbox.close()
        abandonLinks()
        links.withLock { links in
            links.closed = true
            return links.listener
        }?.shutdown()
    }

    // MARK: On the engine's thread

    private func loop() {
        var session: TrainingSession?
        while let work = mailbox.take() {
            do {
                switch work {
                case .prepare(let welcome, let state): session = try prepare(welcome, state)
                case .dial(let view, let run, let generation):
                    guard let session else { throw LocalError("a view came before the run was prepared") }
                    try join(view, run: run, generation: generation, session: session)
                case .run(let batch):
                    guard let session else { throw LocalError("images came before the run was prepared") }
                    try step(batch, session)
                case .copyState(let step):
                    guard let session else { throw LocalError("a state was asked for before the run was prepared") }
                    guard session.replica.step == step else { continue }  // of a view that is over
                    try stream.begin(session.replica.snapshot(), configuration: session.configurationText, view: session.view)
                }
            } catch {
                tell(.failed(reason: "\(error)", common: error is NonFiniteGradient))
            }
        }
    }

    private func prepare(_ welcome: ControlWelcome, _ state: [UInt8]) throws -> TrainingSession {
        let session = try TrainingSession(welcome: welcome, state: state, threads: threads)
        let listener = welcome.topology == "ring" ? try listen.open(remote: welcome.remote) : nil
        links.withLock { $0.listener = listener }
        appliedPhases.store(session.replica.applied, ordering: .relaxed)
        contributedPhases.store(session.replica.applied, ordering: .relaxed)
        tell(
            .prepared(
                applied: session.replica.applied, phases: UInt64(session.replica.phases.count), chain: session.replica.chain,
                fingerprint: session.fingerprint(), stateDigest: session.replica.digest(full: true), port: listener?.port ?? 0))
        return session
    }

    private func join(_ view: ControlView, run: [UInt8], generation: UInt64, session: TrainingSession) throws {
        do {
            let dialer = GradientDialer()
            let listener = links.withLock { links in
                links.dialer = dialer
                return links.listener
            }
            let builder = LinkBuilder(view: view, run: run, generation: generation, compression: session.compression)
            let reducer = try builder.connect(dialer: dialer, listener: listener)
            let stale = links.withLock { links in
                guard links.dialer === dialer else { return true }  // abandoned meanwhile
                links.reducer = reducer
                links.dialer = nil
                return false
            }
            if stale { return reducer.shutdown() }
            session.take(view: view, reducer: reducer)
            tell(.linksUp(view: view.view))
        } catch let failure as LinkFailure {
            guard failure.isSuspicion else { return }
            tell(.linkFailed(view: view.view, failure, dialling: true))
        }
    }

    private func step(_ batch: ControlBatch, _ session: TrainingSession) throws {
        guard session.replica.step == batch.step, session.hasLinks else { return }  // of a view that is over
        do {
            let report = try session.run(
                batch, contributed: { [self] in contributedPhases.store($0, ordering: .relaxed) },
                applied: { [self] in appliedPhases.store($0, ordering: .relaxed) })
            tell(.report(report, view: session.view))
        } catch let failure as LinkFailure {
            session.dropLinks()
            guard failure.isSuspicion else { return }
            tell(.linkFailed(view: session.view, failure, dialling: false))
        }
    }
}

/// Where and how a worker listens for its ring neighbour.
struct WorkerListening: Sendable {
    var port: Int
    var insecure: Bool

    /// Opens the listener: on loopback alone where the whole run is on this machine.
    ///
    /// - Throws: `LocalError` off loopback without `--insecure`; `LinkSetupError` where the port is taken.
    func open(remote: Bool) throws -> GradientListener {
        guard remote else { return try GradientListener(host: "127.0.0.1", port: port) }
        guard insecure else {
            throw LocalError(
                "the other workers of this ring are on other hosts and this version has no token yet: add --insecure on a network you trust, or use --topology server at the coordinator"
            )
        }
        // Both families where the host has IPv6, else IPv4 alone.
        do {
            return try GradientListener(host: "::", port: port)
        } catch {
            return try GradientListener(host: "0.0.0.0", port: port)
        }
    }
}
