import Foundation
import Glibc
import Synchronization
import Waiting

/// Commands of this program that start whole runs, one after the other, each a child that dies with this process. The first signal that asks for
/// the end is passed on to the one under way; a second one ends that and this process at once.
public final class CommandSeries: Sendable {
    private let baton = Baton()
    private let signals: StopSignals
    private let executable: String

    /// Takes this process's signals from now on. To be made, and used, on the main thread: children die with the thread that started them.
    ///
    /// - Throws: `LocalError` where the kernel gives no pipe.
    public init() throws {
        let link = "/proc/self/exe"
        executable = (try? FileManager.default.destinationOfSymbolicLink(atPath: link)) ?? link
        let suspension = StopSignals.Suspension { [baton] in
            baton.send(SIGTSTP)
        } goesOn: { [baton] in
            baton.send(SIGCONT)
        }
        signals = try StopSignals(suspension: suspension) { [baton] signal in
            baton.stop(signal)
        } onSecond: { [baton] in
            baton.send(SIGKILL)
        }
    }

    /// Whether a signal has asked for the end: nothing more is to be started.
    public var isStopping: Bool { baton.isStopping }

    /// Runs one command to its end. What it prints as a result goes to standard error: standard output is this process's own.
    ///
    /// - Parameter arguments: without the program's own name.
    /// - Returns: its exit status; of one that a signal ended, 128 and the signal's number.
    /// - Throws: `LocalError` where a process cannot be had.
    public func run(_ arguments: [String]) throws -> Int32 {
        let child = try ChildProcess(
            executable: executable, arguments: arguments + ["--parent-pid", "\(getpid())"],
            environment: ProcessInfo.processInfo.environment, descriptors: [(STDERR_FILENO, STDOUT_FILENO)],
            holdsStopSignals: true)
        baton.took(child)
        let ending = child.waitForEnd()
        baton.took(nil)
        // A second signal has killed the child, and is about to end this process.
        signals.conclude()
        switch ending {
        case .exited(let status): return status
        case .killed(let signal): return 128 + signal
        }
    }
}

/// The command that is under way, and the signal that is to end it.
private final class Baton: Sendable {
    private struct State {
        var child: ChildProcess?
        var stop: StopSignal?
    }

    private let state = Mutex(State())

    var isStopping: Bool { state.withLock { $0.stop != nil } }

    /// One that starts when the signal has come is told as soon as it is there; none is told twice, which would end it at once.
    func took(_ child: ChildProcess?) {
        let stop = state.withLock { state in
            state.child = child
            return state.stop
        }
        if let stop { child?.send(signal: stop.rawValue) }
    }

    func stop(_ signal: StopSignal) {
        let child = state.withLock { state in
            state.stop = signal
            return state.child
        }
        child?.send(signal: signal.rawValue)
    }

    func send(_ signal: Int32) { state.withLock { $0.child }?.send(signal: signal) }
}
