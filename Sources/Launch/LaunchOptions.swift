/// What a launch starts, and how.
public struct LaunchOptions: Sendable {
    public var hosts: [HostEntry]
    public var check: HostCheckOptions
    /// Compute threads of a worker; nil: the cores of its host divided by its slots.
    public var threads: Int?
    /// Summation servers, spread over the hosts one after the other.
    public var servers: Int
    /// How often a process or a connection that does not live for a minute is tried again.
    public var maxRestarts: Int
    /// Fewest workers the run goes on with; with fewer, and no restart left, it is stopped.
    public var fewestWorkers: Int

    public init(
        hosts: [HostEntry], check: HostCheckOptions, threads: Int? = nil, servers: Int = 0, maxRestarts: Int, fewestWorkers: Int
    ) {
        self.hosts = hosts
        self.check = check
        self.threads = threads
        self.servers = servers
        self.maxRestarts = maxRestarts
        self.fewestWorkers = fewestWorkers
    }
}
