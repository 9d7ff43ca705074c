import Foundation
import Processes

/// How agents are started: on this machine as a child process, on a host through the remote shell.
public struct AgentStarter: Sendable {
    /// How long an agent may take to say hello, after the remote shell's own time-out.
    static let patience: Duration = .seconds(20)

    let shell: RemoteShell
    /// Where the binary is on the hosts; nil: at this binary's own path, or else on their PATH.
    let binary: String?
    /// This binary.
    let executable = Executable.path

    /// `binary`: path of `lockstep` on the hosts, where it is not this binary's own.
    public init(shell: RemoteShell, binary: String?) {
        self.shell = shell
        self.binary = binary
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

    /// How a host's agent is started, for sentences.
    func way(to entry: HostEntry, build: String) -> StartWay {
        StartWay(shell: shell.typed, target: entry.target, binary: binary, executable: executable, build: build)
    }
}
