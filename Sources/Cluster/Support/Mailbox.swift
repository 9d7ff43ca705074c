import Waiting

public typealias Mailbox = Waiting.Mailbox
public typealias MonotonicTime = Waiting.MonotonicTime

extension Mailbox {
    /// The next message, without a word on who comes with it.
    public func take(within patience: Duration? = nil) -> Message? {
        take(patience.map { .atMost($0) } ?? .untilWoken(by: "the writer, or close()"))
    }
}
