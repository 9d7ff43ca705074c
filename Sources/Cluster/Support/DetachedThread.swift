import CProcess
import Foundation

/// An own thread for work that blocks: the cooperative pool and the event loops never do.
public enum DetachedThread {
    /// Starts `body` on a new thread. `lowPriority` gives it nice 19, for work that must not slow the training down.
    public static func start(name: String, lowPriority: Bool = false, _ body: @escaping @Sendable () -> Void) {
        let thread = Thread {
            // Foundation's name stays in the process; the kernel's, which `top` and `perf` show, is this one.
            cprocess_name_thread(name)
            if lowPriority { _ = cprocess_lowest_thread_priority() }
            body()
        }
        thread.name = name
        thread.stackSize = 1 << 20
        thread.start()
    }
}
