import Collectives
import Coordinator
import Processes
import Runs

/// How a run is spread over processes, once nothing of it is left to choose: nothing of it changes bits.
struct Spread {
    let workers: WorkerRange
    let exchange: ExchangeOptions

    var topology: Topology { exchange.topology }
    var compression: Compression { exchange.compression }
    var allowMixedKernels: Bool { exchange.allowMixedKernels }

    /// Whether this machine lets a coordinator have so many workers; before anything is made for them.
    func checkDescriptors() throws { try CoordinatorDescriptors(workers: workers.bounds, servers: exchange.servers).check() }

    /// Whether this machine lets a coordinator have its threads, its workers being elsewhere.
    func checkThreads() throws {
        try RunThreads.requireForCoordinator(workers: workers.bounds.upperBound, hasServer: topology == .server)
    }

    /// The options as a child understands them.
    var arguments: [String] { ["--workers", workers.text] + exchange.arguments }
}
