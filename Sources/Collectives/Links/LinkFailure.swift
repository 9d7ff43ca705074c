import Glibc

/// A gradient link, or the making of one, failed.
///
/// It is a suspicion about the peer, not a verdict: only the coordinator knows whether the peer is dead.
public struct LinkFailure: Error, CustomStringConvertible, Sendable, Equatable {
    public enum Cause: Error, Sendable, Hashable {
        /// The peer closed the link.
        case closed
        case reset(errno: Int32)
        /// No byte moved for the progress deadline.
        case stalled(writing: Bool, seconds: Double)
        case protocolViolation(String)
        case unreachable(String)
        /// The peer took the connection and ended it before it answered.
        case closedEarly
        case refused(HelloRefusal)
        case timedOut(seconds: Double)
        /// This side's own `cancel()`, or a newer expectation.
        case cancelled
        /// This side's own `shutdown()`.
        case shutDown
    }

    /// Who is at the other end; nil for this side's own shutdown.
    public let peer: LinkEnd?
    public let address: String
    public let cause: Cause
    /// The link that the peer dials; false: the one that this side dialled.
    public let incoming: Bool

    public init(peer: LinkEnd?, address: String, cause: Cause, incoming: Bool = false) {
        self.peer = peer
        self.address = address
        self.cause = cause
        self.incoming = incoming
    }

    /// The suspect's rank; nil for a server, and where this side ended the link.
    public var rank: Int? { isSuspicion ? peer?.rank : nil }

    /// False when this side ended the link itself.
    public var isSuspicion: Bool { cause != .cancelled && cause != .shutDown }

    /// This side saw the failure itself; false where the other side ended the link, which may follow from something else.
    public var isObserved: Bool {
        switch cause {
        case .stalled, .protocolViolation, .timedOut: true
        case .reset(let code): code == ETIMEDOUT || code == EHOSTUNREACH || code == ENETUNREACH
        case .closed, .closedEarly, .unreachable, .refused, .cancelled, .shutDown: false
        }
    }

    var isViolation: Bool {
        if case .protocolViolation = cause { true } else { false }
    }

    /// This side ended the link: never a suspicion.
    public static let ownShutdown = LinkFailure(peer: nil, address: "", cause: .shutDown)

    public var description: String {
        let who = peer.map { address.isEmpty ? "\($0)" : "\($0) (\(address))" } ?? "its peer"
        return switch cause {
        case .closed:
            "the gradient link to \(who) was closed by the other side: it ended or was cut off, see its log"
        case .reset(let errno):
            "the gradient link to \(who) broke (\(text(errno))): the process or its host went away, or the network did"
        case .stalled(let writing, let seconds):
            "the gradient link to \(who) moved no byte for \(seconds) s while \(writing ? "writing" : "reading a frame"): the process is stopped or the network is cut"
        case .protocolViolation(let what):
            "the gradient link to \(who) carried what it must not (\(what)): run the same build on every host"
        case .unreachable(let reason):
            "\(who) cannot be dialled for gradients (\(reason)): \(wayOn)"
        case .closedEarly:
            "\(who) closed the connection for gradients before it answered: is it a Lockstep worker of this build?"
        case .refused(let refusal):
            "\(who) refused the gradient link: \(refusal)"
        case .timedOut(let seconds):
            "the gradient link with \(who) was not made within \(seconds) s: \(wayOn)"
        case .cancelled:
            "making the gradient link with \(who) was given up because the view changed"
        case .shutDown:
            "the gradient links were shut down on this side"
        }
    }

    /// Advice. The summation server is itself the other topology, so a worker that cannot reach it is not sent there.
    private var wayOn: String {
        peer?.server != nil
            ? "check the --data-port of the coordinator, or of the server, and the firewall of its host"
            : "check --advertise, --data-port and the firewall, or use --topology server, which needs outgoing connections only"
    }

    private func text(_ errno: Int32) -> String { String(cString: strerror(errno)) }
}

/// A listener that cannot be set up.
public struct LinkSetupError: Error, CustomStringConvertible, Sendable, Equatable {
    public let address: String
    public let reason: String

    public var description: String {
        "cannot listen for gradient links on \(address) (\(reason)): choose another --data-port or address"
    }
}
