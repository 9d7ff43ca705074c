/// How a worker is started.
public struct WorkerOptions: Sendable {
    public var coordinator: HostPort
    /// Where the other workers may reach this one; nil: this end of the control connection.
    public var advertise: HostPort?
    /// Port of the gradient listener; 0: any.
    public var dataPort: Int
    public var threads: Int
    /// How long it dials the coordinator before it gives up.
    public var connectTimeout: Duration
    public var insecure: Bool
    /// What this binary calls itself in the handshake.
    public var build: String

    public init(
        coordinator: HostPort, advertise: HostPort? = nil, dataPort: Int = 0, threads: Int,
        connectTimeout: Duration = .seconds(600), insecure: Bool = false, build: String
    ) {
        self.coordinator = coordinator
        self.advertise = advertise
        self.dataPort = dataPort
        self.threads = threads
        self.connectTimeout = connectTimeout
        self.insecure = insecure
        self.build = build
    }
}
