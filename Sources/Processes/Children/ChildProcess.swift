import CProcess
import Glibc
import Membership
import Waiting

/// A process spawned by this one, in a process group of its own, with nothing of this one's signal mask.
public struct ChildProcess: Sendable {
    public let pid: Int32

    /// How a child ended.
    public enum Ending: Sendable, Equatable, CustomStringConvertible {
        case exited(Int32)
        case killed(signal: Int32)

        package init(waitStatus status: Int32) {
            let signal = status & 0x7f
            self = signal == 0 ? .exited((status >> 8) & 0xff) : .killed(signal: signal)
        }

        public var description: String {
            switch self {
            case .exited(let status): "exit status \(status)"
            case .killed(let signal): "killed by \(Self.name(ofSignal: signal))"
            }
        }

        private static func name(ofSignal signal: Int32) -> String {
            let names: [Int32: String] = [
                SIGHUP: "SIGHUP", SIGINT: "SIGINT", SIGQUIT: "SIGQUIT", SIGILL: "SIGILL", SIGTRAP: "SIGTRAP",
                SIGABRT: "SIGABRT", SIGBUS: "SIGBUS", SIGFPE: "SIGFPE", SIGKILL: "SIGKILL", SIGSEGV: "SIGSEGV",
                SIGPIPE: "SIGPIPE", SIGALRM: "SIGALRM", SIGTERM: "SIGTERM", SIGXFSZ: "SIGXFSZ",
            ]
            return names[signal] ?? "signal \(signal)"
        }
    }

    /// Starts `executable`.
    ///
    /// - Parameters:
    ///   - arguments: without the program's own name.
    ///   - environment: the whole of it.
    ///   - descriptors: (here, there): `here` of this process becomes `there` in the child. All others must be close-on-exec.
    ///   - holdsStopSignals: SIGINT, SIGTERM and SIGHUP are blocked until the child is ready for them. Only for commands of this program that
    ///     make their own `StopSignals`: others would never receive the signals.
    /// - Throws: `LocalError` with the operating system's reason.
    public init(
        executable: String, arguments: [String], environment: [String: String], descriptors: [(here: Int32, there: Int32)],
        holdsStopSignals: Bool = false
    ) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // First move all aside: a number that one descriptor gets in the child may be another's here.
        let aside = (descriptors.map { max($0.here, $0.there) }.max() ?? 2) + 1
        for (index, descriptor) in descriptors.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, descriptor.here, aside + Int32(index))
        }
        for (index, descriptor) in descriptors.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, aside + Int32(index), descriptor.there)
            posix_spawn_file_actions_addclose(&actions, aside + Int32(index))
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var held = sigset_t()
        sigemptyset(&held)
        if holdsStopSignals { for signal in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&held, signal) } }
        var defaults = sigset_t()
        sigemptyset(&defaults)
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGPIPE] { sigaddset(&defaults, signal) }
        posix_spawnattr_setsigmask(&attributes, &held)
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        var argv: [UnsafeMutablePointer<CChar>?] = ([executable] + arguments).map { strdup($0) }
        var envp: [UnsafeMutablePointer<CChar>?] = environment.sorted { $0.key < $1.key }.map { strdup("\($0.key)=\($0.value)") }
        argv.append(nil)
        envp.append(nil)
        defer { for pointer in argv + envp { free(pointer) } }
        var pid: pid_t = 0
        let status = posix_spawn(&pid, executable, &actions, &attributes, argv, envp)
        guard status == 0 else {
            throw LocalError("cannot start \(executable): \(String(cString: strerror(status)))")
        }
        self.pid = pid
    }

    /// Sends a signal; no error when the process is gone.
    public func send(signal: Int32) { kill(pid, signal) }

    /// Blocks until this child ends. For a process that has a waiter for each child, and never waits for just any child.
    public func waitForEnd() -> Ending {
        // Where somebody else has taken the status, nobody knows of a success.
        guard let end = Children.end(of: pid, .untilWoken(by: "the kernel, when the child ends")) else { return .exited(255) }
        return Ending(waitStatus: end.status)
    }
}

extension ChildProcess.Ending {
    /// The ending as the membership names it.
    var kind: ChildEnd.Kind {
        switch self {
        case .exited(let status): .exited(status)
        case .killed(let signal): .killed(signal: signal)
        }
    }
}

/// What binds a child's life to its parent's.
public enum ParentBond {
    /// Dies when the parent does. Called first thing in the child, with the pid the parent told it.
    ///
    /// The kernel's signal covers a parent that dies from now on, and the comparison of pids a parent that died before.
    /// - Throws: `LocalError` where the parent is gone already.
    public static func tie(toParent pid: Int32) throws {
        let status = cprocess_die_with_parent()
        guard status == 0 else { throw LocalError("cannot tie this process to its parent: \(String(cString: strerror(status)))") }
        guard getppid() == pid else { throw LocalError("the parent process \(pid) is gone") }
    }

    /// A longer line of the parent, which writes short ones only, comes in pieces.
    private static let longestLine = 4_096

    /// The second guard: `action` runs when the parent's end of the pipe `descriptor` closes. Lines the parent writes go to `onLine`.
    public static func watch(
        descriptor: Int32, onLine: @escaping @Sendable (String) -> Void = { _ in }, action: @escaping @Sendable () -> Void
    ) {
        OwnedThread.detach(name: "parent") {
            _ = DescriptorLines.read(
                descriptor, longest: Self.longestLine,
                .untilWoken(by: "the kernel, which closes the parent's end of the pipe however the parent ends")
            ) { onLine(String(decoding: $0, as: UTF8.self)) }
            action()
        }
    }
}
