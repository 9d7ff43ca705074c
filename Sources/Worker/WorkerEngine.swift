import Collectives
import Control
import Kernels
import Membership
import Synchronization
import Waiting

/// The worker's arithmetic and gradient links, on a thread of its own.
///
/// The shell's thread only puts work into the mailbox, reads the counters, and breaks the links to wake this one.
final class WorkerEngine: Sendable {
    /// Links that stand, and what is given when they are shut down.
    struct Links: Sendable {
        let reducer: any Reducer
        let abandonment: Abandonment
    }

    /// What the shell may need while the engine works.
    struct Shared {
        var links = ViewLinks<GradientDialer, Links>()
        var listener: GradientListener?
        var closed = false
    }

    /// `abandoned`: how often links had been given up when the work came.
    private let mailbox = Mailbox<(work: EngineWork, abandoned: Int)>()
    private let shared = Mutex(Shared())
    private let appliedPhases = Atomic<UInt64>(0)
    private let contributedPhases = Atomic<UInt64>(0)
    private let liveView = Atomic<UInt64>(0)
    let threads: Int
    private let listen: GradientPort
    let tell: @Sendable (EngineNews) -> Void
    /// Streams one snapshot at a time; the next boundary that wants one waits for it.
    let stream: StateStreamer

    init(threads: Int, listen: GradientPort, stream: StateStreamer, tell: @escaping @Sendable (EngineNews) -> Void) {
        self.threads = threads
        self.listen = listen
        self.stream = stream
        self.tell = tell
    }

    // MARK: Any thread

    /// What a heartbeat says of this engine.
    var beat: Beat {
        let moved = shared.withLock { $0.links.made }?.reducer.moved ?? []
        return Beat(
            work: Products.workCounter, applied: appliedPhases.load(ordering: .relaxed),
            contributed: contributedPhases.load(ordering: .relaxed), moved: stream.movedBytes,
            view: liveView.load(ordering: .relaxed),
            links: moved.map { LinkProgress(view: $0.view, sent: $0.sent, received: $0.received) })
    }

    /// The connections that the port for gradients has refused, once it is open.
    var refusals: GradientListener.Refusals? { shared.withLock { $0.listener }?.refusals }

    func start() {
        OwnedThread.detach(name: "engine") { [self] in
            FloatingPoint.setModes()
            EngineThread(self).work()
        }
    }

    func put(_ work: EngineWork) { mailbox.put((work, shared.withLock { $0.links.abandoned })) }

    /// Breaks every gradient link, which wakes whoever waits on one.
    func abandonLinks() {
        let (links, listener) = shared.withLock { ($0.links.abandon(), $0.listener) }
        links.making?.cancel()
        listener?.cancel()
        links.made?.reducer.shutdown()
        links.made?.abandonment.give()
    }

    /// Ends the thread after the work at hand, and closes the listener.
    func close() {
        mailbox.close()
        abandonLinks()
        shared.withLock { shared in
            shared.closed = true
            return shared.listener
        }?.shutdown()
    }

    /// Ends the streams of older orders, for which nobody waits any more.
    func giveUp(before order: UInt64) { stream.giveUp(before: order) }

    // MARK: For the engine's thread

    func nextWork() -> (work: EngineWork, abandoned: Int)? {
        mailbox.take(.untilWoken(by: "the shell, which puts work in and closes the mailbox on every ending"))
    }

    /// What the next heartbeats say.
    func publish(_ counts: EngineCore.Counts) {
        appliedPhases.store(counts.applied, ordering: .relaxed)
        contributedPhases.store(counts.contributed, ordering: .relaxed)
        liveView.store(counts.view, ordering: .relaxed)
    }

    /// The links that were made last were not given up.
    var linksStand: Bool { shared.withLock { $0.links.made != nil } }

    /// Links are being made; false where they are not wanted any more.
    func begin(_ dialer: GradientDialer, _ abandoned: Int) -> Bool { shared.withLock { $0.links.begin(dialer, abandoned) } }

    /// They stand; false where they are not wanted any more.
    func stand(_ links: Links, by dialer: GradientDialer) -> Bool { shared.withLock { $0.links.stand(links, by: dialer) } }

    /// Where gradient links come in, once that is open.
    var listener: GradientListener? { shared.withLock { $0.listener } }

    /// Opens the port where gradient links come in; once.
    func openListener(remote: Bool) throws {
        guard listener == nil else { return }
        let listener = try listen.open(remote: remote)
        let late = shared.withLock { shared in
            shared.listener = listener
            return shared.closed
        }
        if late { listener.shutdown() }
    }
}
