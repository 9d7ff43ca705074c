import Foundation
import Processes

/// How agents are started: on this machine as a child process, on a host through the remote shell.
public struct AgentStarter: Sendable {
    /// How long an agent may take to say hello, after the remote shell's own time-out.
    static let patience: Duration = .seconds(20)

    let shell: RemoteShell
    /// Where the binary is on the hosts; nil: where this one is here, or else on their PATH.
    let binary: String?
    /// This binary.
    let executable: String

    /// `binary`: path of `lockstep` on the hosts, where it is not this binary's own.
    public init(shell: RemoteShell, binary: String?) {
        self.shell = shell
        self.binary = binary
        executable = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
    }

    func here(kernel: String?, onEvent: @escaping @Sendable (AgentLink.Event) -> Void) throws -> AgentLink {
        var environment = ProcessInfo.processInfo.environment
        environment["SSH_CONNECTION"] = nil  // of this launcher's own login, which says nothing about the agent's
        return try AgentLink(
            name: HostRoster.hereName, program: executable, arguments: Self.arguments(kernel), environment: environment,
            onEvent: onEvent)
    }

    func remote(
        _ entry: HostEntry, kernel: String?, onEvent: @escaping @Sendable (AgentLink.Event) -> Void
    ) throws -> AgentLink {
        let (program, arguments) = shell.command(
            to: entry.target, paths: [binary ?? executable], orOnPath: binary == nil, arguments: Self.arguments(kernel))
        return try AgentLink(
            name: entry.host, program: program, arguments: arguments, environment: ProcessInfo.processInfo.environment,
            onEvent: onEvent)
    }

    private static func arguments(_ kernel: String?) -> [String] { ["agent"] + (kernel.map { ["--kernel", $0] } ?? []) }

    /// Why an agent said no hello, and the way on.
    func sentence(_ trouble: AgentLink.HelloTrouble, entry: HostEntry, build: String) -> String {
        let host = entry.host
        switch trouble {
        case .ended(.exited(255), let said):
            return
                "\(host) cannot be reached\(words(said)); `\(shell.typed) \(entry.target) true` must work without a question (name, sshd, key, known host; --ssh gives options)"
        case .ended(.exited(126), let said), .ended(.exited(127), let said):
            return
                "\(host) cannot start lockstep\(words(said)); install this binary there as \(binary ?? "\(executable) or on the PATH") with its libraries, or say with --binary where it is"
        case .ended(.exited(64), let said):
            return "\(host) has a lockstep that knows no agent\(words(said)); install this host's build there (\(build))"
        case .ended(let ending, let said):
            let nothing = said.error.isEmpty && said.greeting.isEmpty ? " and said nothing" : ""
            return
                "\(host): the command that reaches it ended (\(ending)) before lockstep there spoke\(nothing)\(words(said)); it was that of `\(typed(to: entry))`, which must print a version"
        case .silent(let patience, let said):
            return
                "\(host) did not answer within \(patience.components.seconds) s\(words(said)); its shell, or what that starts first (~/.bashrc), may wait for something: try `\(typed(to: entry))`, which must print a version and end"
        case .build(let other):
            return Self.otherBuild(host, has: other, here: build)
        }
    }

    /// What came in place of the hello: the error, else what a shell printed before.
    private func words(_ said: AgentLink.HelloTrouble.Said) -> String {
        if !said.error.isEmpty { return ": \(said.error)" }
        return said.greeting.isEmpty ? "" : "; there came \"\(said.greeting)\""
    }

    /// What reaches the host in the same way, and asks lockstep there for its version alone: to be typed by a person.
    private func typed(to entry: HostEntry) -> String { "\(shell.typed) \(entry.target) \(binary ?? executable) --version" }

    static func otherBuild(_ host: String, has other: String, here build: String) -> String {
        "\(host) has build \(other), this host \(build); install the same binary there, or say with --binary where it is"
    }
}
