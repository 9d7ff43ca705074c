import ArgumentParser
import Foundation
import Membership
import Processes
import Runs
import Summation
import Wire

/// `lockstep server`: sums gradients of a run that some coordinator leads.
struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "server",
        abstract: "Sum gradients of a run, where its coordinator's own link is the limit (--topology server --servers N).",
        discussion: """
            Each server has its part of every bucket, and holds nothing of the run: when one dies the others go on.
            Example:  lockstep server --coordinator 192.168.1.10:7700 --token-file token
            """)

    @OptionGroup var access: AccessOptions
    @OptionGroup var child: ChildOptions

    @Option(help: "The coordinator: HOST:PORT.")
    var coordinator: AddressArgument

    @Option(
        help: "How workers reach this server: HOST or HOST:PORT (default: the address this host uses toward the coordinator).")
    var advertise: String?

    @Option(help: "Port for gradient links, for firewalls; 0: any.")
    var dataPort = 0

    @Option(help: "How long to try to reach the coordinator, also when it is gone: 500ms, 5s, 10m.")
    var connectTimeout = DurationArgument(.seconds(600))

    /// The number of this server's log file at its parent; not for users.
    @Option(help: .hidden)
    var number: UInt32?

    func validate() throws {
        try DialOptions.check(coordinator: coordinator, dataPort: dataPort, number: number, advertise: advertise)
    }

    func run() throws {
        try finishing {
            let coordinator = try access.check(coordinator.value, "--coordinator") ?? coordinator.value
            if coordinator.isLoopback { try Loopback.require() }
            try RunThreads.requireForServer()
            let options = SummationServerOptions(
                coordinator: coordinator, advertise: try advertise.map { try HostPort(parsing: $0, defaultPort: 0) },
                dataPort: dataPort, connectTimeout: connectTimeout.value,
                token: try access.token(), insecure: access.insecure, build: Build.name, number: number)
            let server = SummationProcess(options: options, log: RunLog.standardError(label: "server"))
            let signals = try StopSignals { server.leave($0.name) }
            defer { signals.conclude() }
            try child.tie()
            let ending = server.run()
            if let sentence = ending.sentence(of: "summation server") { Output.complain(sentence) }
            return ending.exitStatus
        }
    }
}
