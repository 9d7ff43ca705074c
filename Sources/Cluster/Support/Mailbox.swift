import Dispatch
import Synchronization

/// A queue between threads whose reader may wait, with a deadline, and is woken when it is closed.
///
/// Order is kept; any number of writers; one reader at a time.
public final class Mailbox<Message: Sendable>: Sendable {
    private struct Contents {
        var messages: [Message] = []
        var head = 0
        var closed = false
    }

    private let contents = Mutex(Contents())
    /// Counts the messages, and one for the close.
    private let arrived = DispatchSemaphore(value: 0)

    public init() {}

    /// Appends a message; after `close` it is dropped.
    public func put(_ message: Message) {
        let accepted = contents.withLock { contents in
            guard !contents.closed else { return false }
            contents.messages.append(message)
            return true
        }
        if accepted { arrived.signal() }
    }

    /// The next message; nil when the mailbox is closed and empty, or when `patience` is over.
    public func take(within patience: Duration? = nil) -> Message? {
        if let patience {
            guard arrived.wait(timeout: .now() + patience.seconds) == .success else { return nil }
        } else {
            arrived.wait()
        }
        return contents.withLock { contents in
            guard contents.head < contents.messages.count else {
                arrived.signal()  // closed: stays open to every later reader
                return nil
            }
            let message = contents.messages[contents.head]
            contents.head += 1
            if contents.head == contents.messages.count || contents.head > 1024 {
                contents.messages.removeFirst(contents.head)
                contents.head = 0
            }
            return message
        }
    }

    /// No message is taken in any more; a waiting reader wakes. What is in stays readable.
    public func close() {
        let first = contents.withLock { contents in
            defer { contents.closed = true }
            return !contents.closed
        }
        if first { arrived.signal() }
    }
}

extension Duration {
    /// As a real number of seconds.
    public var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }

    /// As a real number of milliseconds.
    public var milliseconds: Double { seconds * 1e3 }
}

/// Monotonic time since this process first asked: the `now` of the state machines.
public enum MonotonicTime {
    private static let origin = SuspendingClock.now

    public static var now: Duration { origin.duration(to: .now) }
}
