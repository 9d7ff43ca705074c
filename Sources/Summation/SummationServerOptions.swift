import Control
import Wire

/// How a summation server is started.
public struct SummationServerOptions: Sendable {
    public var coordinator: HostPort
    /// Where workers may reach this server; nil: this end of the control connection.
    public var advertise: HostPort?
    /// Port for gradient links; 0: any.
    public var dataPort: Int
    /// How long it dials the coordinator before it gives up.
    public var connectTimeout: Duration
    /// The secret that it and the coordinator prove to each other to know.
    public var token: Token?
    /// Take part in a run over several hosts without a token.
    public var insecure: Bool
    /// What this binary calls itself in the handshake.
    public var build: String
    /// The number of its log file, where a parent process keeps one.
    public var number: UInt32?

    public init(
        coordinator: HostPort, advertise: HostPort? = nil, dataPort: Int = 0,
        connectTimeout: Duration = .seconds(600), token: Token? = nil, insecure: Bool = false, build: String, number: UInt32? = nil
    ) {
        self.coordinator = coordinator
        self.advertise = advertise
        self.dataPort = dataPort
        self.connectTimeout = connectTimeout
        self.token = token
        self.insecure = insecure
        self.build = build
        self.number = number
    }
}
