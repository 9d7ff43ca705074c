import CProcess
import Glibc
import Synchronization
import Waiting

/// SIGINT and SIGTERM as events, one of these in a process.
///
/// The first signal is handed to `onFirst`; a second one ends the process at once with 128 + its number, for the person
/// who does not want to wait.
///
/// A process that was started with both held (`ChildProcess`), or that has executed itself anew since it made these, hears here of those that have
/// come before: none is lost, and none kills.
public final class StopSignals: Sendable {
    private let count = Mutex(0)
    private let onFirst: @Sendable (_ name: String) -> Void
    private let onSecond: @Sendable () -> Void

    /// - Parameters:
    ///   - onFirst: `name` is "SIGINT" or "SIGTERM".
    ///   - onSecond: runs right before the process exits.
    /// - Throws: `LocalError` where the kernel gives no pipe.
    public init(onFirst: @escaping @Sendable (_ name: String) -> Void, onSecond: @escaping @Sendable () -> Void = {}) throws {
        self.onFirst = onFirst
        self.onSecond = onSecond
        signal(SIGPIPE, SIG_IGN)
        // It is never closed: a signal may come as long as there is a process.
        let pipe = try Pipe()
        // The thread below takes the signals: they interrupt no wait of any other that is started from now on.
        cprocess_hold_stop_signals(1)
        let status = cprocess_forward_stop_signals(pipe.writing)
        guard status == 0 else { throw LocalError("cannot take signals: \(String(cString: strerror(status)))") }
        DetachedThread.start(name: "signals") { [self] in
            cprocess_hold_stop_signals(0)
            var byte: [UInt8] = [0]
            while byte.withUnsafeMutableBytes({
                Descriptor.read(pipe.reading, into: $0, .untilWoken(by: "a signal, or nobody: its thread alone"))
            }) == 1 {
                take(Int32(byte[0]))
            }
        }
    }

    private func take(_ number: Int32) {
        let isFirst = count.withLock { count in
            count += 1
            return count == 1
        }
        if isFirst { return onFirst(number == SIGINT ? "SIGINT" : "SIGTERM") }
        onSecond()
        _exit(128 + number)
    }

    /// To be called where what the signals were for has ended: once a second one has come, the exit it brings is the end of the process, and
    /// not what became of the children that it killed.
    public func conclude() {
        guard count.withLock({ $0 }) > 1 else { return }
        Pause.wait(for: .seconds(30))
    }
}
