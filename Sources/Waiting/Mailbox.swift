import DequeModule

/// A queue between threads whose reader may wait, and is woken when it is closed.
///
/// Order is kept; any number of writers and of readers.
public final class Mailbox<Message: Sendable>: Sendable {
    private struct Contents {
        var messages = Deque<Message>()
        var closed = false
    }

    private let contents = Monitor(Contents())

    public init() {}

    /// Appends a message; after `close` it is dropped.
    public func put(_ message: Message) {
        contents.update { contents in
            if !contents.closed { contents.messages.append(message) }
        }
    }

    /// The next message; nil when the mailbox is closed and empty, or when the patience is over.
    public func take(_ patience: Patience) -> Message? {
        let taken = contents.wait(patience) { contents -> Message?? in
            if let message = contents.messages.popFirst() { return .some(message) }
            return contents.closed ? .some(nil) : nil
        }
        return taken ?? nil
    }

    /// No further message is taken in, and waiting readers wake. What is in stays readable.
    public func close() { contents.update { $0.closed = true } }
}
