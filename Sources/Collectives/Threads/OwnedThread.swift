import Glibc

/// One POSIX thread with a name, joined by its owner. Blocking calls have no place on the cooperative pool.
final class OwnedThread: @unchecked Sendable {
    private var handle = pthread_t()
    private let joined = Monitor(false)

    /// `name` is cut at the 15 bytes Linux keeps.
    init(name: String, _ body: @escaping @Sendable () -> Void) {
        let box = Unmanaged.passRetained(Body(name: String(name.prefix(15)), run: body))
        let result = pthread_create(
            &handle, nil,
            { argument in
                guard let argument else { return nil }
                let body = Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                body.setName()
                body.run()
                return nil
            }, box.toOpaque())
        precondition(result == 0, "no thread can be started: \(String(cString: strerror(result)))")
    }

    /// Waits until the body has returned; the first call does, further ones return at once. Not from the thread itself.
    func join() {
        let first = joined.withLock { joined -> Bool in
            defer { joined = true }
            return !joined
        }
        if first { pthread_join(handle, nil) }
    }

    private final class Body: Sendable {
        let name: String
        let run: @Sendable () -> Void

        init(name: String, run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }

        /// By the file, because glibc's call is not visible to Swift. A thread without its name works as well.
        func setName() {
            let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
            guard file >= 0 else { return }
            _ = write(file, name, name.utf8.count)
            close(file)
        }
    }
}
