import Collectives
import Coordinator
import Processes
import Runs

/// How a run is spread over processes, after all choices are made: none of it changes bits.
struct Spread {
    let workers: WorkerRange
    let exchange: ExchangeOptions

    var topology: Topology { exchange.topology }
    var compression: Compression { exchange.compression }
    var allowMixedKernels: Bool { exchange.allowMixedKernels }

    /// Checks, before anything is made, that this machine lets a coordinator have this many workers.
    func checkDescriptors() throws { try CoordinatorDescriptors(workers: workers.bounds, servers: exchange.servers).check() }

    /// Checks that this machine gives a coordinator its threads, with its workers elsewhere.
    func checkThreads() throws {
        try RunThreads.requireForCoordinator(workers: workers.bounds.upperBound, hasServer: topology == .server)
    }

    /// The options as a child understands them.
    var arguments: [String] { ["--workers", workers.text] + exchange.arguments }
}
