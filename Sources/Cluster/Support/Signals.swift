import Dispatch
import Glibc
import Synchronization

/// SIGINT and SIGTERM as events. Made before the event loops start, so that no other thread takes the signal.
///
/// The first signal is handed to `onFirst`; a second one ends the process at once with 128 + its number, for the person
/// who does not want to wait.
public final class StopSignals: Sendable {
    private let sources: Mutex<[any DispatchSourceSignal]>

    /// `name` is "SIGINT" or "SIGTERM"; `onSecond` runs right before the process exits.
    public init(onFirst: @escaping @Sendable (_ name: String) -> Void, onSecond: @escaping @Sendable () -> Void = {}) {
        let queue = DispatchQueue(label: "signals")
        let seen = Mutex(0)
        var made: [any DispatchSourceSignal] = []
        for (number, name) in [(SIGINT, "SIGINT"), (SIGTERM, "SIGTERM")] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                let count = seen.withLock { count in
                    count += 1
                    return count
                }
                if count == 1 { return onFirst(name) }
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
}
