import DequeModule
import NIOCore
import Synchronization
import Wire

/// What moves on a control connection, and what waits to leave on it behind the small messages: images and pieces of states go out a
/// window at a time, so that a heartbeat, a halt or a stop never waits behind megabytes on a slow link.
package final class ControlTraffic: @unchecked Sendable {
    /// Bytes of bulk that may be given to the kernel and not yet taken by it; one frame may exceed that.
    private static let window = 64 << 10

    /// Bytes that arrived: a peer whose bytes arrive is not silent, whole message or not.
    package let arrived = Atomic<UInt64>(0)
    /// Bytes of bulk that have left.
    package let drained = Atomic<UInt64>(0)
    private let dropCount = Atomic<UInt64>(0)

    // Confined to the event loop.
    private var queue: Deque<ControlFrame> = []
    private var leaving = 0

    /// On the event loop.
    func put(_ frame: ControlFrame, on channel: any Channel) {
        queue.append(frame)
        pump(channel)
    }

    /// Forgets the frames that have not begun to leave: they belong to a transfer or a view that was given up. On the event loop.
    package func drop() {
        dropCount.add(1, ordering: .relaxed)
        queue = []
    }

    /// How often `drop` was called: a sender of pieces sees by it that its further pieces are of no use. Any thread.
    package var drops: UInt64 { dropCount.load(ordering: .relaxed) }

    /// Whether anything waits. On the event loop.
    var isWaiting: Bool { !queue.isEmpty || leaving > 0 }

    private func pump(_ channel: any Channel) {
        while leaving < Self.window, let frame = queue.popFirst() {
            let bytes = ControlFrame.headerBytes + frame.payload.readableBytes
            leaving += bytes
            channel.writeAndFlush(frame).whenComplete { [self] result in
                leaving -= bytes
                guard case .success = result else {
                    drop()
                    return channel.close(promise: nil)
                }
                drained.add(UInt64(bytes), ordering: .relaxed)
                pump(channel)
            }
        }
    }
}

/// The first handler of a control connection: counts what arrives.
final class ArrivalCounter: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let traffic: ControlTraffic

    init(_ traffic: ControlTraffic) { self.traffic = traffic }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        traffic.arrived.add(UInt64(unwrapInboundIn(data).readableBytes), ordering: .relaxed)
        context.fireChannelRead(data)
    }
}
