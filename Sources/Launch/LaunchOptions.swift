/// What a launch starts, and how.
public struct LaunchOptions: Sendable {
    public var hosts: [HostEntry]
    public var check: HostCheckOptions
    /// Compute threads of a worker; nil: the cores of its host divided by its slots.
    public var threads: Int?
    /// Summation servers, spread over the hosts one after the other.
    public var servers: Int
    /// How often a process, or a connection, is tried again that does not live for a minute.
    public var maxRestarts: Int
    /// Fewest workers the run goes on with; below that it is stopped when no restart is left.
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
