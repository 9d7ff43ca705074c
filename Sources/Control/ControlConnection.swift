import NIOCore
import Waiting
import Wire

/// One end of a control connection: messages out from any thread, messages in on its event loop.
public final class ControlConnection: Sendable {
    /// How often each side says that it lives.
    package static let heartbeat: TimeAmount = .seconds(1)

    private let channel: any Channel
    /// What has arrived and left on it.
    package let traffic = ControlTraffic()

    package init(channel: any Channel) { self.channel = channel }

    /// This end's address: the source address of the route to the peer. A link-local address has its zone, and so has the peer's.
    public var localHost: String? { channel.localAddress?.numericHost }
    public var remoteHost: String? { channel.remoteAddress?.numericHost }

    /// "10.0.0.2:40118", for sentences.
    public var remote: String {
        guard let address = channel.remoteAddress, let host = address.numericHost, let port = address.port else {
            return "an unknown address"
        }
        return HostPort(host: host, port: port).description
    }

    /// Sends a message; an error closes the connection and arrives as its end.
    public func send(_ message: ControlMessage, view: UInt64) {
        do {
            channel.writeAndFlush(try message.frame(view: view)).whenFailure { [channel] _ in
                channel.close(promise: nil)
            }
        } catch {
            channel.pipeline.fireErrorCaught(error)
        }
    }

    /// Sends a large message behind the earlier large ones; small messages overtake it. Any thread.
    ///
    /// - Parameter gate: the way onto the connection's loop, which may have ended while the sender was busy.
    /// - Returns: false where the loop has ended, and nothing is sent any more.
    @discardableResult
    package func sendBulk(_ message: ControlMessage, view: UInt64, through gate: LoopGate) -> Bool {
        do {
            let frame = try message.frame(view: view)
            return gate.execute { [channel, traffic] in traffic.put(frame, on: channel) }
        } catch {
            return gate.execute { [channel] in channel.pipeline.fireErrorCaught(error) }
        }
    }

    /// On the event loop.
    package func sendBulk(_ frame: ControlFrame) {
        channel.eventLoop.execute { [channel, traffic] in traffic.put(frame, on: channel) }
    }

    /// Bytes of one piece of a stream: the most that a heartbeat waits behind.
    package static let pieceBytes = 32 << 10

    /// The kernel holds at most this many unsent bytes: the rest waits here, where small messages overtake it.
    package static let unsentBytes = 32 << 10

    /// `TCP_NOTSENT_LOWAT` of linux/tcp.h.
    package static let unsentOption = ChannelOptions.tcpOption(.init(rawValue: 25))

    /// How long one piece of a stream may take to leave. A silent peer is given up long before, for want of
    /// heartbeats; this limit is for a peer that sends heartbeats and reads nothing.
    package static let pieceLimit: Duration = .seconds(30)

    /// Sends a message and waits until it has left: the pace of a long stream. Never on an event loop.
    ///
    /// - Parameter gate: the way onto the connection's loop, which may have ended while the sender was busy.
    /// - Throws: the connection's error, or `LocalError` when the patience or this process's part in the run is over; the connection is
    ///   closed then.
    package func sendAndWait(_ message: ControlMessage, view: UInt64, through gate: LoopGate, _ patience: Patience) throws {
        let frame = try message.frame(view: view)
        let outcome = Mailbox<Result<Void, any Error>>()
        let isOpen = gate.execute { [channel] in channel.writeAndFlush(frame).whenComplete { outcome.put($0) } }
        guard isOpen else { throw ChannelError.ioOnClosedChannel }
        do {
            guard let result = outcome.take(patience) else {
                throw LocalError(
                    "\(remote) answers but does not take what it is sent: its host is overloaded, or the network is")
            }
            try result.get()
        } catch {
            gate.execute { [self] in close() }
            throw error
        }
    }

    public func close() { channel.close(promise: nil) }

    /// Closes, and then runs `body` on the event loop.
    package func close(then body: @escaping @Sendable () -> Void) { channel.close().whenComplete { _ in body() } }

    /// Closes after everything that was sent before has left.
    public func closeAfterSending() {
        channel.eventLoop.execute { [channel] in
            channel.flush()
            channel.close(promise: nil)
        }
    }

    /// The handlers of a control connection, first to last.
    ///
    /// - Parameters:
    ///   - admits: decides, at the header, which kinds may come before the peer has introduced itself.
    ///   - onMessage, onEnd: on the event loop; a message comes with the view of its frame; `onEnd` once, with the reason in words.
    ///   - onActive: once connected.
    package func install(
        admits: @escaping @Sendable (MessageKind) -> Bool,
        onMessage: @escaping (ControlMessage, _ view: UInt64) -> Void, onEnd: @escaping (String) -> Void,
        onActive: @escaping () -> Void = {}
    ) throws {
        try channel.pipeline.syncOperations.addHandlers([
            ArrivalCounter(traffic), ByteToMessageHandler(ControlFrameDecoder(admits: admits)),
            MessageToByteHandler(ControlFrameEncoder()),
            ControlHandler(onMessage: onMessage, onEnd: onEnd, onActive: onActive),
        ])
    }
}

/// Turns frames into messages, and every way a connection ends into one call.
private final class ControlHandler: ChannelInboundHandler {
    typealias InboundIn = ControlFrame

    private let onMessage: (ControlMessage, UInt64) -> Void
    private let onEnd: (String) -> Void
    private let onActive: () -> Void
    private var ended = false

    init(
        onMessage: @escaping (ControlMessage, UInt64) -> Void, onEnd: @escaping (String) -> Void,
        onActive: @escaping () -> Void
    ) {
        self.onMessage = onMessage
        self.onEnd = onEnd
        self.onActive = onActive
    }

    func channelActive(context: ChannelHandlerContext) {
        onActive()
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !ended else { return }
        do {
            let frame = unwrapInboundIn(data)
            onMessage(try ControlMessage(frame).checked(), frame.view)
        } catch {
            errorCaught(context: context, error: error)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end("its connection broke (\(words(error)))")
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        end("it closed its connection")
        context.fireChannelInactive()
    }

    private func end(_ reason: String) {
        guard !ended else { return }
        ended = true
        onEnd(reason)
    }

    private func words(_ error: any Error) -> String {
        if let error = error as? IOError { return error.words }
        return "\(error)"
    }
}
