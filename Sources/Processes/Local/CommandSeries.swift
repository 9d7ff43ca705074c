import Foundation
import Glibc
import Synchronization
import Waiting

/// Commands of this program that start whole runs, one after the other or several at once, each a child that dies with this process. The first
/// stop signal is passed on to the commands under way; a second one ends them and this process at once.
public final class CommandSeries: Sendable {
    private let running = RunningCommands()
    private let signals: StopSignals
    private let executable = Executable.path
    private let ended = Mailbox<(id: Int, status: Int32)>()

    /// A longer line of a child comes in pieces.
    private static let longestLine = 1 << 16

    /// Takes over this process's signals. Must be made and used on the main thread: children die with the thread that started them.
    ///
    /// - Throws: `LocalError` where the kernel gives no pipe.
    public init() throws {
        let suspension = StopSignals.Suspension { [running] in
            running.send(SIGTSTP)
        } goesOn: { [running] in
            running.send(SIGCONT)
        }
        signals = try StopSignals(suspension: suspension) { [running] signal in
            running.stop(signal)
        } onSecond: { [running] in
            running.send(SIGKILL)
        }
    }

    /// Whether a signal has asked for the end: nothing more is to be started.
    public var isStopping: Bool { running.isStopping }

    /// Asks all that are under way to end, as a signal would.
    public func stop() { running.stop(.terminate) }

    /// Starts one command. What it prints as a result goes to standard error: standard output is this process's own.
    ///
    /// - Parameters:
    ///   - arguments: without the program's own name.
    ///   - id: names the command when its end is reported; no other command under way has it.
    ///   - onLine: receives what the command prints, line by line, on a thread of its own; nil: it prints where this process does.
    /// - Throws: `LocalError` where a process or a pipe cannot be had.
    public func start(_ arguments: [String], id: Int, onLine: (@Sendable (String) -> Void)? = nil) throws {
        let lines = try onLine.map { _ in try LinePipe() }
        let errors = lines?.writing ?? STDERR_FILENO
        let descriptors = [(errors, STDOUT_FILENO)] + (lines == nil ? [] : [(errors, STDERR_FILENO)])
        // The child's writes block until they are read, as on a terminal.
        if let lines { _ = fcntl(lines.writing, F_SETFL, 0) }
        defer { if let lines { close(lines.writing) } }
        let child: ChildProcess
        do {
            child = try ChildProcess(
                executable: executable, arguments: arguments + ["--parent-pid", "\(getpid())"],
                environment: ProcessInfo.processInfo.environment, descriptors: descriptors, holdsStopSignals: true)
        } catch {
            if let lines { close(lines.reading) }
            throw error
        }
        running.took(child, id: id)
        OwnedThread.detach(name: "command") { [self] in
            if let lines, let onLine { Self.hear(lines.reading, onLine) }
            let ending = child.waitForEnd()
            running.lost(id: id)
            ended.put((id, Self.status(of: ending)))
        }
    }

    /// Blocks until one of the started commands has ended.
    ///
    /// - Returns: its exit status; for a command that a signal ended, 128 plus the signal's number.
    public func waitForOne() -> (id: Int, status: Int32) {
        let first = ended.take(.untilWoken(by: "the thread of a child, when the kernel has ended it"))
        // A second signal has killed the children, and is about to end this process.
        signals.conclude()
        guard let first else { preconditionFailure("a wait without limit has ended without a result") }
        return first
    }

    private static func status(of ending: ChildProcess.Ending) -> Int32 {
        switch ending {
        case .exited(let status): status
        case .killed(let signal): 128 + signal
        }
    }

    /// Reads until all writers have ended.
    private static func hear(_ descriptor: Int32, _ onLine: (String) -> Void) {
        defer { close(descriptor) }
        _ = DescriptorLines.read(
            descriptor, longest: Self.longestLine, .untilWoken(by: "the child, or the kernel, which closes its end of the pipe")
        ) { onLine(String(decoding: $0, as: UTF8.self)) }
    }
}

/// The commands that are under way, and the signal that is to end them.
private final class RunningCommands: Sendable {
    private struct State {
        var children: [Int: ChildProcess] = [:]
        var stop: StopSignal?
    }

    private let state = Mutex(State())

    var isStopping: Bool { state.withLock { $0.stop != nil } }

    /// A child that starts after the signal has come gets it at once. No child gets it twice, since that would end it at once.
    func took(_ child: ChildProcess, id: Int) {
        let stop = state.withLock { state in
            state.children[id] = child
            return state.stop
        }
        if let stop { child.send(signal: stop.rawValue) }
    }

    func lost(id: Int) { state.withLock { $0.children[id] = nil } }

    func stop(_ signal: StopSignal) {
        let children = state.withLock { state -> [ChildProcess] in
            guard state.stop == nil else { return [] }
            state.stop = signal
            return Array(state.children.values)
        }
        for child in children { child.send(signal: signal.rawValue) }
    }

    func send(_ signal: Int32) {
        for child in state.withLock({ Array($0.children.values) }) { child.send(signal: signal) }
    }
}
