/// Deadlines and sizes of gradient links.
public struct LinkSettings: Sendable, Hashable {
    /// How long a write, or a read inside a frame, may move no byte. Between frames a link may be silent for any time: a
    /// peer that computes owes nothing yet, and control heartbeats judge it.
    public var progressDeadline: Duration = .seconds(8)
    /// How long a connection may take to say who it is, and the other side to answer.
    public var helloDeadline: Duration = .seconds(4)
    /// How long dialling and accepting may take.
    public var dialDeadline: Duration = .seconds(5)
    /// `SO_SNDBUF` and `SO_RCVBUF`, which the kernel may cut.
    public var socketBufferBytes: Int = 4 << 20

    public init() {}
}
