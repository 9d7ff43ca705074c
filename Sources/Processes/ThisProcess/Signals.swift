import CProcess
import Glibc
import Synchronization
import Waiting

/// A signal that asks for the end; its number.
public enum StopSignal: Int32, Sendable {
    case interrupt = 2
    case terminate = 15
    case hangup = 1

    /// As people know it.
    public var name: String {
        switch self {
        case .interrupt: "SIGINT"
        case .terminate: "SIGTERM"
        case .hangup: "SIGHUP"
        }
    }
}

/// SIGINT, SIGTERM and SIGHUP (a terminal or a connection that has gone) as events, one of these in a process.
///
/// The first signal is handed to `onFirst`; a second one ends the process at once with 128 + its number, for the person
/// who does not want to wait. A SIGHUP is never the second: the shell and the kernel both send one, and nobody is there who could be in a
/// hurry. Where it was ignored from the start (`nohup`) it stays so.
///
/// A process that was started with them held (`ChildProcess`), or that has executed itself anew since it made these, hears here of those that have
/// come before: none is lost, and none kills.
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
        // The thread below takes the signals: they interrupt no wait of any other that is started from now on.
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

    /// Somebody in this session could continue a process that stops.
    private static var hasShell: Bool { getppid() > 1 && getsid(getppid()) == getsid(0) }

    private func handle(_ number: Int32) {
        if number == SIGTSTP {
            suspension?.stops()
            // To this thread, which stops in here. Sent to the process it may take its time, and what comes next would come before.
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

    /// To be called where what the signals were for has ended: once a second one has come, the exit it brings is the end of the process, and
    /// not what became of the children that it killed.
    public func conclude() {
        guard count.withLock({ $0 }) > 1 else { return }
        Pause.wait(for: .seconds(30))
    }
}
