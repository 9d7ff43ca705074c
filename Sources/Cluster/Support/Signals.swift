import Dispatch
import Glibc
import Synchronization
import Waiting

/// SIGINT and SIGTERM as events. Made before the event loops start, so that no other thread takes the signal.
///
/// The first signal is handed to `onFirst`; a second one ends the process at once with 128 + its number, for the person
/// who does not want to wait.
public final class StopSignals: Sendable {
    private let sources: Mutex<[any DispatchSourceSignal]>
    private let count: Count

    private final class Count: Sendable {
        private let seen = Mutex(0)

        var value: Int { seen.withLock { $0 } }

        func next() -> Int {
            seen.withLock { seen in
                seen += 1
                return seen
            }
        }
    }

    /// `name` is "SIGINT" or "SIGTERM"; `onSecond` runs right before the process exits.
    public init(onFirst: @escaping @Sendable (_ name: String) -> Void, onSecond: @escaping @Sendable () -> Void = {}) {
        let queue = DispatchQueue(label: "signals")
        let count = Count()
        self.count = count
        var made: [any DispatchSourceSignal] = []
        for (number, name) in [(SIGINT, "SIGINT"), (SIGTERM, "SIGTERM")] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                if count.next() == 1 { return onFirst(name) }
                onSecond()
                _exit(128 + number)
            }
            source.resume()
            made.append(source)
        }
        signal(SIGPIPE, SIG_IGN)
        let all = made
        sources = Mutex(all)
    }

    /// To be called where what the signals were for has ended: once a second one has come, the exit it brings is the end of the process, and
    /// not what became of the children that it killed.
    public func conclude() {
        guard count.value > 1 else { return }
        Pause.wait(for: .seconds(30))
    }
}
