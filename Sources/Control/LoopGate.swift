import NIOCore
import Synchronization

/// The way from other threads onto an event loop, which can be closed before the loop ends.
///
/// A signal, a child's end or a slow checkpoint may come when everything is over. For work on a loop that has ended, SwiftNIO writes a line on
/// standard error, and ends the process where that line cannot be written.
package final class LoopGate: Sendable {
    private let loop: any EventLoop
    private let isOpen = Mutex(true)

    package init(_ loop: any EventLoop) { self.loop = loop }

    /// Runs `body` on the loop, later. After `close` it never does, and returns false.
    @discardableResult
    package func execute(_ body: @escaping @Sendable () -> Void) -> Bool {
        isOpen.withLock { isOpen in
            if isOpen { loop.execute(body) }
            return isOpen
        }
    }

    /// Lets nothing more through. The loop may end after it.
    package func close() { isOpen.withLock { $0 = false } }
}
