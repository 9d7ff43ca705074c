import CProcess
import Waiting

/// An own thread for work that blocks: the cooperative pool and the event loops never do.
public enum DetachedThread {
    /// Starts `body` on a new thread. `lowPriority` gives it nice 19, for work that must not slow the training down. Where the system
    /// gives no thread the process ends: whoever waited for one that never began would wait for ever.
    public static func start(name: String, lowPriority: Bool = false, _ body: @escaping @Sendable () -> Void) {
        // Nobody holds it, so it ends by itself.
        _ = OwnedThread(name: name, stackBytes: 1 << 20) {
            if lowPriority { _ = cprocess_lowest_thread_priority() }
            body()
        }
    }
}
