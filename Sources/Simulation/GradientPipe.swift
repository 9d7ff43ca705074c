import Collectives
import DequeModule
import Wire

extension GradientFrame {
    /// A frame with numbers for bytes.
    init(_ header: GradientFrameHeader, _ values: some Collection<UInt64>) {
        let store = ByteStore(capacity: 8 * values.count)
        _ = store.bytes(8 * values.count).bindMemory(to: UInt64.self).initialize(from: values)
        self.init(header, store)
    }

    var values: UnsafeMutableBufferPointer<UInt64> { store.bytes(8 * header.elements).bindMemory(to: UInt64.self) }
}

/// One direction of a gradient link: frames arrive in order, or, from some moment on, not at all.
final class GradientPipe {
    private unowned let world: World
    private unowned let reader: SimulatedProcess
    /// Fewest microseconds that a frame is on its way.
    private let latency: Int64
    private let skew: Int64
    private let receive: (GradientFrame) -> Bool
    private var arrived = Deque<GradientFrame>()
    private var newest: Int64 = 0
    private var delivered: UInt64 = 0
    /// Set when it is broken: frames up to this number still arrive.
    private var end: UInt64?
    /// It takes and acknowledges everything, and nothing of it arrives: a tunnel or a proxy whose far side is stuck.
    private(set) var isSwallowing = false
    private(set) var written: UInt64 = 0
    private(set) var read: UInt64 = 0
    private let hosts: [Int]
    private var isPumping = false

    /// `receive` takes a frame in, or says that it has to wait until `pump`.
    init(
        _ world: World, to reader: SimulatedProcess, latency: Int64, skew: Int64, hosts: [Int],
        _ receive: @escaping (GradientFrame) -> Bool
    ) {
        self.world = world
        self.reader = reader
        self.latency = latency
        self.skew = skew
        self.hosts = hosts
        self.receive = receive
    }

    var isBroken: Bool { end != nil }

    func swallow() { isSwallowing = true }

    func write(_ frame: GradientFrame) {
        written += 1
        guard !isSwallowing, !isBroken else { return }
        let number = written
        newest = max(newest, world.now + world.delay(latency) + world.random.within(0...skew))
        world.after(newest - world.now, in: reader) {
            guard number <= self.end ?? .max else { return }
            self.delivered = number
            self.arrived.append(frame)
            self.pump()
        }
    }

    /// The reader goes on with what has arrived.
    func pump() {
        guard !isPumping else { return }
        isPumping = true
        defer { isPumping = false }
        while let frame = arrived.first {
            if hosts.contains(where: world.trouble.areStalled) { return world.after(100_000, in: reader) { self.pump() } }
            guard receive(frame) else { return }
            arrived.removeFirst()
            read += 1
        }
    }

    /// Nothing written from now on arrives, and only some of what is on its way. `ended` runs at the reader, behind all that arrives.
    func breaks(after delay: Int64, _ ended: @escaping () -> Void) {
        if end == nil { end = delivered + UInt64(world.random.below(Int(written - delivered) + 1)) }
        world.after(max(delay, newest - world.now), in: reader) { ended() }
    }
}
