import Glibc

/// One POSIX thread with a name, joined by its owner or left to itself (`detach`). Blocking calls have no place on the cooperative pool, nor on event loops.
public final class OwnedThread: @unchecked Sendable {
    private enum Life { case running, ended, joined }

    private var handle = pthread_t()
    private let life = Monitor(Life.running)

    /// Where the system gives no thread, the process ends with a sentence.
    ///
    /// - Parameters:
    ///   - name: is cut at the 15 bytes Linux keeps.
    ///   - stackBytes: of its stack; nil: the system's usual size.
    public init(name: String, stackBytes: Int? = nil, _ body: @escaping @Sendable () -> Void) {
        let box = Unmanaged.passRetained(Body(name: String(name.prefix(15)), run: body, life: life))
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        if let stackBytes { pthread_attr_setstacksize(&attributes, stackBytes) }
        let result = pthread_create(
            &handle, &attributes,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().live()
                return nil
            }, box.toOpaque())
        guard result == 0 else { ThreadLimit.endWithout(code: result) }
    }

    /// A thread that nobody joined ends by itself.
    deinit {
        if life.withLock({ $0 != .joined }) { pthread_detach(handle) }
    }

    /// Whether the body has returned before the patience was over. A thread that was given up may be joined again. Not from
    /// the thread itself, which would wait for its own end.
    public func join(_ patience: Patience) -> Bool {
        precondition(pthread_equal(handle, pthread_self()) == 0, "a thread cannot join itself")
        let first = life.wait(patience) { life -> Bool? in
            guard life != .running else { return nil }
            defer { life = .joined }
            return life == .ended
        }
        // The body is over: what is left of the thread is a few instructions.
        if first == true { pthread_join(handle, nil) }
        return first != nil
    }

    /// Runs `body` on a thread that nobody joins. `lowPriority` gives it nice 19, for work that must not slow the training down.
    public static func detach(name: String, lowPriority: Bool = false, _ body: @escaping @Sendable () -> Void) {
        // Nobody holds the thread, so it ends by itself.
        _ = OwnedThread(name: name, stackBytes: 1 << 20) {
            // On Linux a thread has a priority of its own, and 0 means the calling one.
            if lowPriority { _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 19) }
            body()
        }
    }

    private final class Body: Sendable {
        let name: String
        let run: @Sendable () -> Void
        let life: Monitor<Life>

        init(name: String, run: @escaping @Sendable () -> Void, life: Monitor<Life>) {
            self.name = name
            self.run = run
            self.life = life
        }

        func live() {
            setName()
            run()
            life.update { $0 = .ended }
        }

        /// Sets the name through a file, because glibc's call is not visible to Swift. A thread without its name works as well.
        private func setName() {
            let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
            guard file >= 0 else { return }
            _ = write(file, name, name.utf8.count)
            close(file)
        }
    }
}
