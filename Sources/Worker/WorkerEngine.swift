import Autoencoder
import Collectives
import Control
import Foundation
import Kernels
import Membership
import Runs
import Synchronization
import Waiting
import Wire

/// The worker's arithmetic and gradient links, on a thread of its own.
///
/// The shell's thread only puts work into the mailbox, reads the counters, and breaks the links to wake this one.
final class WorkerEngine: Sendable {
    /// What the shell may need while the engine works.
    struct Links {
        var reducer: (any Reducer)?
        /// Goes with the reducer.
        var abandonment: Abandonment?
        var dialer: GradientDialer?
        var listener: GradientListener?
        /// How often links were given up: a join that came before the last time is stale.
        var abandoned = 0
        var closed = false
    }

    /// `abandoned`: how often links had been given up when the work came.
    private let mailbox = Mailbox<(work: EngineWork, abandoned: Int)>()
    private let links = Mutex(Links())
    private let appliedPhases = Atomic<UInt64>(0)
    private let contributedPhases = Atomic<UInt64>(0)
    private let liveView = Atomic<UInt64>(0)
    private let threads: Int
    private let listen: GradientPort
    private let tell: @Sendable (EngineNews) -> Void
    /// Streams one snapshot at a time; the next boundary that wants one waits for it.
    private let stream: StateStreamer

    init(threads: Int, listen: GradientPort, stream: StateStreamer, tell: @escaping @Sendable (EngineNews) -> Void) {
        self.threads = threads
        self.listen = listen
        self.stream = stream
        self.tell = tell
    }

    /// What a heartbeat says of this engine.
    var beat: Beat {
        let moved = links.withLock { $0.reducer }?.moved ?? []
        return Beat(
            work: Products.workCounter, applied: appliedPhases.load(ordering: .relaxed),
            contributed: contributedPhases.load(ordering: .relaxed), moved: stream.movedBytes,
            view: liveView.load(ordering: .relaxed),
            links: moved.map { LinkProgress(view: $0.view, sent: $0.sent, received: $0.received) })
    }

    /// The connections that the port for gradients has refused, once it is open.
    var refusals: GradientListener.Refusals? { links.withLock { $0.listener }?.refusals }

    func start() {
        OwnedThread.detach(name: "engine") { [self] in
            FloatingPoint.setModes()
            loop()
        }
    }

    func put(_ work: EngineWork) { mailbox.put((work, links.withLock { $0.abandoned })) }

    /// Breaks every gradient link, which wakes whoever waits on one. Any thread.
    func abandonLinks() {
        let (reducer, abandonment, dialer, listener) = links.withLock { links in
            defer {
                links.reducer = nil
                links.abandonment = nil
                links.dialer = nil
                links.abandoned += 1
            }
            return (links.reducer, links.abandonment, links.dialer, links.listener)
        }
        dialer?.cancel()
        listener?.cancel()
        reducer?.shutdown()
        abandonment?.give()
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

    /// Ends the streams of older orders, for which nobody waits any more. Any thread.
    func giveUp(before order: UInt64) { stream.giveUp(before: order) }

    // MARK: On the engine's thread

    private func loop() {
        var session: TrainingSession?
        var wait = ImagesWait()
        while let (work, abandoned) = nextWork(&wait) {
            do {
                if case .prepare(let welcome, let anew) = work {
                    session = try prepare(welcome, anew ? nil : session)
                    continue
                }
                guard let session else { throw LocalError("the coordinator gave work before the run was prepared") }
                try carryOut(work, abandoned, session, &wait)
            } catch {
                tell(.failed(reason: "\(error)", common: error is NonFiniteGradient))
            }
        }
    }

    private func nextWork(_ wait: inout ImagesWait) -> (work: EngineWork, abandoned: Int)? {
        let start = MonotonicTime.now
        defer { wait.idle(MonotonicTime.now - start) }
        return mailbox.take(.untilWoken(by: "the shell, which puts work in and closes the mailbox on every ending"))
    }

    private func carryOut(
        _ work: EngineWork, _ abandoned: Int, _ session: TrainingSession, _ wait: inout ImagesWait
    ) throws {
        switch work {
        case .prepare: break
        case .stand(let order): stood(order, session, digest: false)
        case .sendSum(let order, let applied):
            let last = try session.lastSum(applied: applied)
            try? stream.sendSum(last.sum, change: last.change, applied: applied, order: order, view: session.view)
        case .applySum(let order, let sum):
            usable { try session.apply(sum) }
            stood(order, session, digest: false)
        case .restore(let order, let bytes):
            usable { try session.restore(bytes) }
            stood(order, session, digest: true)
        case .join(let view, let run, let generation):
            try join(view, run: RunIdentity.bytes(run), generation: generation, abandoned: abandoned, session: session)
        case .run(let batch): try step(batch, session, &wait)
        case .copyState(let request): try copyState(request, session)
        }
    }

    /// Runs `body` with data from others, which may be damaged: then this replica stays where it was, and its position says so.
    private func usable(_ body: () throws -> Void) {
        do { try body() } catch { tell(.unusable("\(error)")) }
    }

    private func prepare(_ welcome: ControlWelcome, _ kept: TrainingSession?) throws -> TrainingSession {
        let session = try kept ?? TrainingSession(welcome: welcome, threads: threads)
        try session.takeUp(welcome)
        var listener = links.withLock { $0.listener }
        if welcome.topology == "ring", listener == nil {
            listener = try listen.open(remote: welcome.remote)
            let late = links.withLock { links in
                links.listener = listener
                return links.closed
            }
            if late { listener?.shutdown() }
        }
        count(session)
        tell(
            .prepared(
                session.position(digest: kept == nil), phases: UInt64(session.replica.phases.count),
                fingerprint: session.fingerprint, port: listener?.port ?? 0))
        return session
    }

    private func count(_ session: TrainingSession) {
        appliedPhases.store(session.replica.applied, ordering: .relaxed)
        contributedPhases.store(session.replica.applied, ordering: .relaxed)
    }

    private func stood(_ order: UInt64, _ session: TrainingSession, digest: Bool) {
        count(session)
        tell(.stood(order: order, session.position(digest: digest)))
    }

    private func copyState(_ request: ControlSnapshotRequest, _ session: TrainingSession) throws {
        guard session.replica.step == request.step, session.replica.phase == 0 else { return }  // of a view that is over
        let configuration = session.configurationText
        guard request.order != 0 else {
            return try stream.begin(session.copyForCoordinator(), configuration: configuration, view: session.view)
        }
        let copy = session.replica.snapshot()
        // A connection that ends on the way is the shell's to notice; the coordinator asks another member.
        let sent: Void? = try? stream.sendNow(
            copy, order: request.order, configuration: configuration, view: session.view)
        if sent != nil { stood(request.order, session, digest: true) }
    }

    private func join(
        _ view: ControlView, run: [UInt8], generation: UInt64, abandoned: Int, session: TrainingSession
    ) throws {
        do {
            let dialer = try GradientDialer()
            let (listener, isStale) = links.withLock { links in
                guard links.abandoned == abandoned else { return (links.listener, true) }
                links.dialer = dialer
                return (links.listener, false)
            }
            if isStale { return }
            let builder = LinkBuilder(
                view: view, run: run, generation: generation, shards: session.replica.settings.shards,
                compression: session.compression)
            let reducer = try builder.connect(dialer: dialer, listener: listener)
            let abandonment = Abandonment()
            let stale = links.withLock { links in
                guard links.dialer === dialer, links.abandoned == abandoned else { return true }
                links.reducer = reducer
                links.abandonment = abandonment
                links.dialer = nil
                return false
            }
            if stale { return reducer.shutdown() }
            try session.join(view: view, reducer: reducer, abandonment: abandonment)
            tell(.linksUp(view: view.view))
        } catch let failure as LinkFailure {
            guard failure.isSuspicion else { return }
            tell(.linkFailed(view: view.view, LinkReport(failure, neverUp: true)))
        }
    }

    private func step(_ batch: ControlBatch, _ session: TrainingSession, _ wait: inout ImagesWait) throws {
        let current = links.withLock { $0.reducer }
        guard session.replica.step == batch.step, let current, session.isOn(current) else { return }  // of a view that is over
        var isFirst = liveView.load(ordering: .relaxed) != session.view
        do {
            let report = try session.run(
                batch, waited: wait.atStep(ofView: session.view),
                // A worker that waits counts as having contributed: so the one whose part is missing can be told from the others.
                waits: { [self] isWaiting in
                    contributedPhases.store(session.replica.applied + (isWaiting ? 1 : 0), ordering: .relaxed)
                },
                contributed: { [self] report in
                    contributedPhases.store(report.applied + 1, ordering: .relaxed)
                    tell(.contributed(report))
                },
                applied: { [self] count in
                    appliedPhases.store(count, ordering: .relaxed)
                    guard isFirst else { return }
                    isFirst = false
                    liveView.store(session.view, ordering: .relaxed)
                    tell(.goesOn)
                })
            tell(.report(report, view: session.view))
            wait.stepDone(ofView: session.view)
        } catch let failure as LinkFailure {
            // The reducer's threads must have ended before the sum is written to again.
            current.shutdown()
            session.dropLinks()
            guard failure.isSuspicion else { return }
            tell(.linkFailed(view: session.view, LinkReport(failure)))
        }
    }
}
