import Synchronization
import Wire

/// What gradient links moved and cost; bytes include headers.
public struct WireCounters: Sendable, Equatable {
    public var sent: UInt64 = 0
    public var received: UInt64 = 0
    /// What the elements sent would be as fp32.
    public var raw: UInt64 = 0
    /// Bytes that had left when the last bucket of their exchange became ready: what overlapped with the backward pass.
    public var sentBeforeLastReady: UInt64 = 0
    public var packNanoseconds: UInt64 = 0
    public var unpackNanoseconds: UInt64 = 0
    /// Time blocked in `finish()`.
    public var waitNanoseconds: UInt64 = 0
    /// Frames sent, by the number of their coding.
    public var frames = SIMD8<UInt64>()

    public init() {}

    public static func + (a: WireCounters, b: WireCounters) -> WireCounters { combine(a, b, &+) }
    public static func - (a: WireCounters, b: WireCounters) -> WireCounters { combine(a, b, &-) }

    private static func combine(_ a: WireCounters, _ b: WireCounters, _ operation: (UInt64, UInt64) -> UInt64) -> WireCounters {
        var result = WireCounters()
        result.sent = operation(a.sent, b.sent)
        result.received = operation(a.received, b.received)
        result.raw = operation(a.raw, b.raw)
        result.sentBeforeLastReady = operation(a.sentBeforeLastReady, b.sentBeforeLastReady)
        result.packNanoseconds = operation(a.packNanoseconds, b.packNanoseconds)
        result.unpackNanoseconds = operation(a.unpackNanoseconds, b.unpackNanoseconds)
        result.waitNanoseconds = operation(a.waitNanoseconds, b.waitNanoseconds)
        for index in result.frames.indices { result.frames[index] = operation(a.frames[index], b.frames[index]) }
        return result
    }
}

/// Bytes that one end of a view's links has written and read so far, whole frames or not: compared with the other end's, they tell
/// which link swallows what it is given.
public struct LinkBytes: Sendable, Equatable {
    /// 0: no links.
    public var view: UInt64
    public var sent: UInt64
    public var received: UInt64

    public init(view: UInt64 = 0, sent: UInt64 = 0, received: UInt64 = 0) {
        self.view = view
        self.sent = sent
        self.received = received
    }

    /// Counts of one link for each direction.
    init(out: GradientLink, back: GradientLink) {
        self.init(
            view: out.view, sent: out.socket.written.load(ordering: .relaxed),
            received: back.socket.arrived.load(ordering: .relaxed))
    }
}
