import Collectives
import Control
import Runs
import Wire

/// Where a coordinator waits for its workers.
public enum ListenTarget: Sendable {
    case address(HostPort)
    /// A listening socket that the supervisor bound and handed down, so that the port outlives this process.
    case inherited(descriptor: Int32)
}

/// How a coordinator is started, beyond the run's own configuration.
public struct CoordinatorOptions: Sendable {
    public var folder: RunFolder
    public var configuration: Configuration
    public var dataDirectory: String?
    /// Port of the summation server; 0: any.
    public var dataPort: Int
    /// The secret that the coordinator and its workers prove to each other to know.
    public var token: Token?
    /// Listen on other addresses than loopback without a token.
    public var insecure: Bool
    /// How long workers keep their state and redial when this process is gone.
    public var orphanTimeout: Duration
    /// Start with as many workers as the upper bound, or after 10 s with at least the lower one.
    public var workers: ClosedRange<Int>
    public var topology: Topology
    /// Summation servers wanted in processes of their own, of the topology `server`; 0: this process sums.
    public var servers: Int
    /// off, auto, zstd or entropy.
    public var compression: String
    public var allowMixedKernels: Bool
    /// All workers are children of one supervisor on this machine.
    public var supervised: Bool
    /// The state a new run begins with, instead of random weights (`--from`).
    public var from: String?
    /// What this binary calls itself in the handshake: workers must be of the same build.
    public var build: String

    public init(
        folder: RunFolder, configuration: Configuration, dataDirectory: String? = nil,
        dataPort: Int = 0, token: Token? = nil, insecure: Bool = false, orphanTimeout: Duration = .seconds(600),
        workers: ClosedRange<Int>, topology: Topology = .ring, servers: Int = 0,
        compression: String = "auto", allowMixedKernels: Bool = false, supervised: Bool = false, from: String? = nil,
        build: String
    ) {
        self.folder = folder
        self.configuration = configuration
        self.dataDirectory = dataDirectory
        self.dataPort = dataPort
        self.token = token
        self.insecure = insecure
        self.orphanTimeout = orphanTimeout
        self.workers = workers
        self.topology = topology
        self.servers = servers
        self.compression = compression
        self.allowMixedKernels = allowMixedKernels
        self.supervised = supervised
        self.from = from
        self.build = build
    }
}
