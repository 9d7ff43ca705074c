import CKernels
import Glibc
import Synchronization

/// A fixed set of own threads that run one body together, many times a step. The caller is one of them, with index 0.
///
/// A thread that waits looks at the signal for some microseconds before it sleeps: phases follow each other closely, and
/// waking a thread costs more than looking. Every thread has the modes of `FloatingPoint` set.
public final class ThreadTeam: Sendable {
    public let threads: Int
    private let shared: Shared
    private let handles: [pthread_t]

    /// A team of `threads` in all; the threads bear `name` (at most 12 bytes of it) and their index.
    public init(threads: Int, name: String = "compute") {
        precondition(threads >= 1, "A team has at least one thread")
        self.threads = threads
        let shared = Shared(threads: threads)
        self.shared = shared
        handles = (1..<threads).map { index in
            Self.start(Member(shared: shared, index: index, name: "\(name.prefix(12))-\(index)"))
        }
    }

    deinit {
        shared.stop()
        for handle in handles { pthread_join(handle, nil) }
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

    private static func start(_ member: Member) -> pthread_t {
        var handle = pthread_t()
        let argument = Unmanaged.passRetained(member).toOpaque()
        let status = pthread_create(
            &handle, nil,
            { argument in
                let member = Unmanaged<Member>.fromOpaque(argument!).takeRetainedValue()
                ck_name_thread(member.name)
                FloatingPoint.setModes()
                precondition(FloatingPoint.modesAreSet, "The CPU refused the floating-point modes")
                member.shared.work(index: member.index)
                return nil
            }, argument)
        guard status == 0 else {
            fatalError("A compute thread could not be started (\(String(cString: strerror(status)))); use fewer threads.")
        }
        return handle
    }
}

/// What a thread is given at its start.
private final class Member: Sendable {
    let shared: Shared
    let index: Int
    let name: String

    init(shared: Shared, index: Int, name: String) {
        self.shared = shared
        self.index = index
        self.name = name
    }
}

/// What the threads of a team share: the number of the round, the body of it, and how many still run.
private final class Shared: @unchecked Sendable {
    private let threads: Int
    /// Looks before sleeping; none where threads outnumber cores, as looking would take the core from the one waited for.
    private let looks: Int
    private let round = Atomic<Int>(0)
    private let running = Atomic<Int>(0)
    private let stopping = Atomic<Bool>(false)
    /// Written by the caller before `round` is raised with release, read by the others after they saw it with acquire.
    private var body: (@Sendable (Int) -> Void)?
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let started = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let done = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    init(threads: Int) {
        self.threads = threads
        looks = threads <= sysconf(Int32(_SC_NPROCESSORS_ONLN)) ? 1_000 : 0
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(started, nil)
        pthread_cond_init(done, nil)
    }

    deinit {
        pthread_cond_destroy(started)
        pthread_cond_destroy(done)
        pthread_mutex_destroy(mutex)
        started.deallocate()
        done.deallocate()
        mutex.deallocate()
    }

    func publish(_ body: @escaping @Sendable (Int) -> Void) {
        precondition(running.load(ordering: .acquiring) == 0 && self.body == nil, "A team runs one body at a time")
        self.body = body
        running.store(threads - 1, ordering: .relaxed)
        locked {
            round.add(1, ordering: .releasing)
            pthread_cond_broadcast(started)
        }
    }

    func waitUntilDone() {
        wait(on: done) { running.load(ordering: .acquiring) == 0 }
        body = nil
    }

    func stop() {
        stopping.store(true, ordering: .relaxed)
        locked {
            round.add(1, ordering: .releasing)
            pthread_cond_broadcast(started)
        }
    }

    /// A thread's life.
    func work(index: Int) {
        var seen = 0
        while true {
            wait(on: started) { round.load(ordering: .acquiring) != seen }
            seen += 1
            if stopping.load(ordering: .relaxed) { return }
            runBody(index)
            if running.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 {
                locked { _ = pthread_cond_signal(done) }
            }
        }
    }

    /// A function of its own, so that the reference to the body is given up before the round is reported as done.
    @inline(never)
    private func runBody(_ index: Int) { body?(index) }

    private func wait(on condition: UnsafeMutablePointer<pthread_cond_t>, until isTrue: () -> Bool) {
        for _ in 0..<looks {
            if isTrue() { return }
            ck_pause()
        }
        locked {
            while !isTrue() { pthread_cond_wait(condition, mutex) }
        }
    }

    private func locked(_ action: () -> Void) {
        pthread_mutex_lock(mutex)
        action()
        pthread_mutex_unlock(mutex)
    }
}
