import ArgumentParser
import Collectives
import Datasets
import Foundation
import Planning
import Processes
import Runs

/// `lockstep plan`: how long a run would take on more workers, from measurements on this machine.
struct Plan: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Predict a step on N workers: time, best topology and packing, from what this machine does now.",
        discussion: """
            A worker's share of the step is measured here, its gradients are packed in every way, and the links are computed. Without --link the workers
            are processes of this machine; with it each has a host like this one. Best where nothing else runs.
            Example:  lockstep plan --recipe mnist-likelihood --minibatch 1024 --workers 1,2,4,16 --link 1gbit
            """)

    @OptionGroup var settings: SettingOptions

    @Option(help: "Numbers of workers, with commas.")
    var workers = WorkerNumbers(values: [1, 2, 4, 8])

    @Option(help: "What the link of a host carries: 100mbit, 1gbit, 25gbit, ….")
    var link: LinkRateArgument?

    @Option(help: "Milliseconds from one end of a link to the other, with --link.")
    var latency = 0.1

    @Option(help: "Compute threads of a worker (default: all cores of its host, or here cores / workers).")
    var threads: Int?

    @Option(help: "With --link: summation servers on hosts of their own, beside the workers'; 0: the coordinator sums.")
    var servers = 0

    @Option(help: "The topology to plan for: ring or server (default: the faster one).")
    var topology: Topology?

    @Flag(help: "With --link: the workers' hosts are this machine, whose cores they share; for network namespaces.")
    var here = false

    @Flag(help: "As JSON.")
    var json = false

    func validate() throws {
        try ThreadFlag.check(threads)
        try ServerCount.check(servers)
        if servers > 0, link == nil { throw ValidationError("--servers have links of their own: say what they carry with --link") }
        guard latency >= 0, latency <= 10_000 else { throw ValidationError("--latency is \(latency); it must be 0 to 10000") }
    }

    func run() throws {
        try finishing {
            try Loopback.require()
            let wanted = try settings.configuration()
            try KernelChoice.require(wanted.kernel)
            let (configuration, data) = try wanted.opened(directory: settings.data)
            let planner = try Planner(
                configuration, data, link: link?.rate, isHere: here || link == nil, latency: latency * 1e-3, threads: threads,
                servers: servers, topology: topology)
            let rows = try workers.values.map { count in
                Output.note("measuring the share of \(count == 1 ? "the only worker" : "one of \(count) workers")")
                return try planner.row(workers: count)
            }
            Output.result(json ? planner.json(rows).text : planner.text(rows))
            return 0
        }
    }
}

/// Whole numbers with commas between them.
struct WorkerNumbers: ExpressibleByArgument {
    private static let range = 1...1024

    let values: [Int]

    init(values: [Int]) { self.values = values }

    init?(argument: String) {
        let numbers = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
        guard numbers.count <= 64, numbers.allSatisfy({ $0.map(Self.range.contains) ?? false }) else {
            Output.complain(
                "--workers \"\(argument)\" is no list of numbers of workers; write numbers from 1 to 1024 with commas, as in 1,2,4,16"
            )
            Foundation.exit(64)
        }
        values = numbers.compactMap(\.self)
    }

    var defaultValueDescription: String { values.map { "\($0)" }.joined(separator: ",") }
}

/// A rate as `tc` writes it.
struct LinkRateArgument: ExpressibleByArgument {
    let rate: LinkRate

    init?(argument: String) {
        guard let rate = LinkRate(argument) else {
            Output.complain("--link \"\(argument)\" is no rate; write a number and kbit, mbit or gbit, as in 100mbit or 2.5gbit")
            Foundation.exit(64)
        }
        self.rate = rate
    }
}
