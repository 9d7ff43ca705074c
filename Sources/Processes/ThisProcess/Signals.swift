import CProcess
import Glibc
import Synchronization
import Waiting

/// A signal that asks for the end; its number.
public enum StopSignal: Int32, Sendable {
    case interrupt = 2
    case terminate = 15
    case hangup = 1

    /// The signal's usual name.
    public var name: String {
        switch self {
        case .interrupt: "SIGINT"
        case .terminate: "SIGTERM"
        case .hangup: "SIGHUP"
        }
    }
}

/// SIGINT, SIGTERM and SIGHUP (a terminal or a connection that has gone) as events. A process has one such object.
///
/// The first signal is handed to `onFirst`; a second one ends the process at once with 128 + its number, for the user
/// who does not want to wait. A SIGHUP never counts as the second: the shell and the kernel both send one, and no user is left who could be in
/// a hurry. Where SIGHUP was ignored from the start (`nohup`) it stays ignored.
///
/// A process that was started with these signals held (`ChildProcess`), or that has executed itself anew since it made this object, receives
/// earlier signals here: none is lost, and none kills the process.
public final class StopSignals: Sendable {
    private let count = Mutex(0)
    private let onFirst: @Sendable (StopSignal) -> Void
    private let onSecond: @Sendable () -> Void
    private let suspension: Suspension?

    /// What a process with children does about Control-Z.
    public struct Suspension: Sendable {
        /// Right before the process stops, and when it goes on.
        var stops: @Sendable () -> Void
        var goesOn: @Sendable () -> Void

        public init(stops: @escaping @Sendable () -> Void, goesOn: @escaping @Sendable () -> Void) {
            self.stops = stops
            self.goesOn = goesOn
        }
    }

    /// - Parameters:
    ///   - suspension: nil: the kernel stops this process by itself.
    ///   - onSecond: runs right before the process exits.
    /// - Throws: `LocalError` where the kernel gives no pipe.
    public init(
        suspension: Suspension? = nil, onFirst: @escaping @Sendable (StopSignal) -> Void,
        onSecond: @escaping @Sendable () -> Void = {}
    ) throws {
        self.suspension = suspension
        self.onFirst = onFirst
        self.onSecond = onSecond
        signal(SIGPIPE, SIG_IGN)
        // It is never closed: a signal may come as long as there is a process.
        let pipe = try LinePipe()
        // The thread below takes the signals: they interrupt no wait of any thread that is started from now on.
        cprocess_hold_stop_signals(1)
        var status = cprocess_forward_stop_signals(pipe.writing)
        if status == 0, suspension != nil, Self.hasShell { status = cprocess_forward_suspension() }
        guard status == 0 else { throw LocalError("cannot take signals: \(String(cString: strerror(status)))") }
        OwnedThread.detach(name: "signals") { [self] in
            cprocess_hold_stop_signals(0)
            var byte: [UInt8] = [0]
            while byte.withUnsafeMutableBytes({
                Descriptor.read(pipe.reading, into: $0, .untilWoken(by: "a signal, or nobody: its thread alone"))
            }) == 1 {
                handle(Int32(byte[0]))
            }
        }
    }

    /// Whether somebody in this session could continue a stopped process.
    private static var hasShell: Bool { getppid() > 1 && getsid(getppid()) == getsid(0) }

    private func handle(_ number: Int32) {
        if number == SIGTSTP {
            suspension?.stops()
            // Sent to this thread, which stops right here. A signal to the process may arrive late, after the next line has run.
            raise(SIGSTOP)
            suspension?.goesOn()
            return
        }
        guard let signal = StopSignal(rawValue: number) else { return }
        if signal == .hangup, count.withLock({ $0 > 0 }) { return }
        let isFirst = count.withLock { count in
            count += 1
            return count == 1
        }
        if isFirst { return onFirst(signal) }
        onSecond()
        _exit(128 + number)
    }

    /// To be called when the work that the signals could stop has ended. Once a second signal has come, the process ends by the exit that this
    /// signal brings, and not by what became of the children that it killed.
    public func conclude() {
        guard count.withLock({ $0 }) > 1 else { return }
        Pause.wait(for: .seconds(30))
    }
}
