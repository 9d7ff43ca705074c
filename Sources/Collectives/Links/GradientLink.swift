import Glibc
import Waiting

/// One connection for gradients, introduced and welcomed on both sides; it lives for one view and goes to one reducer.
public final class GradientLink: Sendable {
    /// Who is at the other end.
    public let peer: LinkEnd
    /// The peer has dialled this side.
    let incoming: Bool
    /// The peer's numeric address and port.
    public let address: String
    public let view: UInt64
    let settings: LinkSettings
    let socket: Socket

    init(socket: Socket, peer: LinkEnd, view: UInt64, incoming: Bool, settings: LinkSettings) {
        self.socket = socket
        self.peer = peer
        self.incoming = incoming
        self.view = view
        self.settings = settings
        address = SocketAddress.remote(of: socket)?.description ?? "an address that is gone"
        socket.setLinkOptions(settings)
    }

    /// Ends the link for both sides, at once; a thread that blocks in it wakes.
    public func close() { socket.shutDown() }

    func failure(_ error: SocketError, writing: Bool) -> LinkFailure {
        let cause: LinkFailure.Cause =
            switch error {
            case .closed: .closed
            case .noProgress: .stalled(writing: writing, seconds: settings.progressDeadline.seconds)
            case .failed(let code) where code == EPIPE: .closed
            case .failed(let code): .reset(errno: code)
            }
        return LinkFailure(peer: peer, address: address, cause: cause, incoming: incoming)
    }

    func violation(_ what: String) -> LinkFailure {
        LinkFailure(peer: peer, address: address, cause: .protocolViolation(what), incoming: incoming)
    }
}
