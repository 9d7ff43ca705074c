import ArgumentParser
import Foundation
import Kernels
import Membership
import Processes
import Runs
import Wire
import Worker

/// `lockstep worker`: computes shards of a run that some coordinator leads.
struct Work: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker", abstract: "Take part in a run: everything it needs comes from the coordinator.",
        discussion: "Example:  lockstep worker --coordinator 192.168.1.10:7700 --token-file token")

    @OptionGroup var access: AccessOptions
    @OptionGroup var child: ChildOptions

    @Option(help: "The coordinator: HOST:PORT.")
    var coordinator: AddressArgument

    @Option(
        help:
            "How the other workers reach this one: HOST or HOST:PORT (default: the address this host uses toward the coordinator).")
    var advertise: String?

    @Option(help: "Port for gradient links, for firewalls; 0: any.")
    var dataPort = 0

    @Option(help: "Compute threads (default: the number of cores).")
    var threads: Int?

    @Option(help: "How long to try to reach the coordinator: 500ms, 5s, 10m.")
    var connectTimeout = DurationArgument(.seconds(600))

    /// The number of this worker's log file at its parent; not for users.
    @Option(help: .hidden)
    var number: UInt32?

    /// Numbers of the cores to be pinned to, where the parent divides them; not for users.
    @Option(help: .hidden)
    var cores: String?

    func validate() throws {
        try ThreadFlag.check(threads)
        try DialOptions.check(coordinator: coordinator, dataPort: dataPort, number: number, advertise: advertise)
    }

    func run() throws {
        try finishing {
            let coordinator = try access.check(coordinator.value, "--coordinator") ?? coordinator.value
            if coordinator.isLoopback { try Loopback.require() }
            // Where the kernel refuses, the worker runs on any core.
            if let cores { MemoryNodes.pin(to: MemoryNodes.numbers(cores[...])) }
            let threads = threads ?? MachineLimits.here.cores
            try RunThreads.requireForWorker(threads: threads)
            let token = try access.token()
            let options = WorkerOptions(
                coordinator: coordinator, advertise: try advertise.map { try HostPort(parsing: $0, defaultPort: 0) },
                dataPort: dataPort, threads: threads,
                connectTimeout: connectTimeout.value, token: token, insecure: access.insecure, build: Build.name, number: number)
            let worker = Worker(options: options, log: RunLog.standardError(label: "worker"))
            let signals = try StopSignals { worker.leave($0.name) }
            defer { signals.conclude() }
            try child.tie()
            let ending = worker.run()
            if let sentence = ending.sentence { Output.complain(sentence) }
            return ending.exitStatus
        }
    }
}
