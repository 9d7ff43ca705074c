import CKernels
import Glibc
import Synchronization
import Waiting

/// A fixed set of threads that run one body together, many times a step. The caller is one of them, with index 0.
///
/// A waiting thread polls the signal for some microseconds before it sleeps: phases follow each other closely, and waking a thread costs more than
/// polling. Every thread has the modes of `FloatingPoint` set.
public final class ThreadTeam: Sendable {
    public let threads: Int
    private let shared: Shared
    private let members: [OwnedThread]

    /// A team of `threads` in all; the threads are called `name` (at most 12 bytes of it) and their index.
    public init(threads: Int, name: String = "compute") {
        precondition(threads >= 1, "A team has at least one thread")
        self.threads = threads
        let shared = Shared(threads: threads)
        self.shared = shared
        members = (1..<threads).map { index in
            OwnedThread(name: "\(name.prefix(12))-\(index)") {
                FloatingPoint.setModes()
                precondition(FloatingPoint.modesAreSet, "The CPU refused the floating-point modes")
                shared.work(index: index)
            }
        }
    }

    deinit {
        shared.stop()
        for member in members { _ = member.join(.untilWoken(by: "the thread itself, which stop() has woken")) }
    }

    /// Runs `body(0)`…`body(threads − 1)`, each on its thread, and returns when all are done. Not to be called from a body.
    public func run(_ body: @Sendable (Int) -> Void) {
        if !FloatingPoint.modesAreSet { FloatingPoint.setModes() }
        guard threads > 1 else { return body(0) }
        withoutActuallyEscaping(body) { body in
            shared.publish(body)
            body(0)
            shared.waitUntilDone()
        }
    }
}

/// What the threads of a team share: the number of the round, the body of it, and how many still run.
private final class Shared: @unchecked Sendable {
    private let threads: Int
    /// Polls before sleeping; 0 where threads outnumber cores, as polling would take the core from the thread waited for.
    private let looks: Int
    private let round = Atomic<Int>(0)
    private let running = Atomic<Int>(0)
    private let stopping = Atomic<Bool>(false)
    /// Written by the caller before `round` is raised with release, read by the others after they saw it with acquire.
    private var body: (@Sendable (Int) -> Void)?
    private let started = Monitor(())
    private let done = Monitor(())

    init(threads: Int) {
        self.threads = threads
        looks = threads <= MachineLimits.here.cores ? 1_000 : 0
    }

    func publish(_ body: @escaping @Sendable (Int) -> Void) {
        precondition(running.load(ordering: .acquiring) == 0 && self.body == nil, "A team runs one body at a time")
        self.body = body
        running.store(threads - 1, ordering: .relaxed)
        started.update { _ in _ = round.add(1, ordering: .releasing) }
    }

    func waitUntilDone() {
        wait(on: done, .untilWoken(by: "the last of the team's own threads, which only compute")) {
            running.load(ordering: .acquiring) == 0
        }
        body = nil
    }

    func stop() {
        stopping.store(true, ordering: .relaxed)
        started.update { _ in _ = round.add(1, ordering: .releasing) }
    }

    /// The loop that each thread of the team runs.
    func work(index: Int) {
        var seen = 0
        while true {
            wait(on: started, .untilWoken(by: "publish(), or stop() when the team is given up")) {
                round.load(ordering: .acquiring) != seen
            }
            seen += 1
            if stopping.load(ordering: .relaxed) { return }
            runBody(index)
            if running.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 {
                done.update { _ in }
            }
        }
    }

    /// A function of its own, so that the reference to the body is released before the round is reported as done.
    @inline(never)
    private func runBody(_ index: Int) { body?(index) }

    private func wait(on monitor: Monitor<Void>, _ patience: Patience, until isTrue: () -> Bool) {
        for _ in 0..<looks {
            if isTrue() { return }
            ck_pause()
        }
        monitor.wait(patience) { _ in isTrue() ? () : nil }
    }
}
