import Control
import Foundation
import NIOCore
import NIOPosix
import Processes
import Synchronization
import Waiting
import Wire

/// The port at which a coordinator's workers arrive.
///
/// It is bound before anything of the run is touched: where the port is taken, the second coordinator ends, and the first one must not be
/// harmed by it. A worker that comes early waits in the kernel's queue until the run is ready.
public final class ControlPort: Sendable {
    let group = MultiThreadedEventLoopGroup.ofOneThread()
    /// The address it is bound to, whatever name was given for it.
    public let host: String
    /// Where it listens, and who can reach it there; nil for a socket that was handed down.
    let place: ListeningPlace?
    private let channel: any Channel
    private let shell: Arrivals

    /// The shell that takes the connections in, once there is one.
    private final class Arrivals: Sendable {
        let shell = Mutex<CoordinatorShell?>(nil)
    }

    /// - Parameter isChosen: the address is the user's choice, or the default that the user can change.
    /// - Throws: `LocalError` where the port cannot be bound.
    public init(_ target: ListenTarget, isChosen: Bool = true) throws {
        let arrivals = Arrivals()
        shell = arrivals
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.autoRead, value: false)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(ControlConnection.unsentOption, value: ControlConnection.unsentBytes)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try arrivals.shell.withLock { $0 }?.accept(channel) ?? () }
            }
        switch target {
        case .inherited(let descriptor):
            (host, place) = ("127.0.0.1", nil)
            channel = try bootstrap.withBoundSocket(descriptor).value(
                .atMost(.seconds(10)), orElse: "the inherited socket could not be listened on within 10 s")
        case .address(let wanted):
            if wanted.isLoopback { try Loopback.require() }
            do {
                channel = try bootstrap.bind(host: wanted.host, port: wanted.port).value(
                    .atMost(.seconds(10)), orElse: "no answer within 10 s")
            } catch {
                let code = (error as? IOError)?.errnoCode
                let isUnknown = error is SocketAddressError.UnknownHost
                let reason =
                    (error as? IOError)?.words
                    ?? (isUnknown ? "the name \(wanted.host) cannot be resolved" : "\(error)")
                let way =
                    code == EADDRINUSE || code == EACCES
                    ? "choose another port with --listen HOST:PORT" : "choose an address of this host with --listen HOST:PORT"
                throw LocalError("cannot listen on \(wanted): \(reason); \(way)")
            }
            host = channel.localAddress?.numericHost ?? wanted.host
            place = ListeningPlace(
                bound: HostPort(host: host, port: channel.localAddress?.port ?? wanted.port), wanted: wanted.host,
                isChosen: isChosen, addresses: Interfaces.addresses())
        }
    }

    /// From now on connections are taken in.
    func open(_ shell: CoordinatorShell) throws {
        self.shell.shell.withLock { $0 = shell }
        try channel.setOption(.autoRead, value: true).value(.atMost(.seconds(10)), orElse: "no answer within 10 s")
    }

    /// Takes in no more connections.
    func close(_ patience: Patience) {
        try? channel.close().value(patience, orElse: "the port stays open until the process ends")
    }
}
