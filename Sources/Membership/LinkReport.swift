/// What a member says of a gradient link that failed: a suspicion, whose weight depends on who saw what.
public struct LinkReport: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        /// It never came up.
        case neverUp
        /// The other side ended it. That may follow from something else: a member that loses one neighbour closes the link to the other too.
        case closed
        /// This side saw it itself: no byte moved, or what came was damaged.
        case observed
    }

    /// The rank at the other end; nil for a summation server.
    public var suspect: Int?
    /// Which of the view's summation servers, where it is one.
    public var server: Int
    public var kind: Kind
    /// The link that the suspect dials; false: the one that the reporter dials.
    public var incoming: Bool
    /// In words, to follow a colon.
    public var reason: String

    public init(suspect: Int?, server: Int = 0, kind: Kind = .closed, incoming: Bool = false, reason: String) {
        self.suspect = suspect
        self.server = server
        self.kind = kind
        self.incoming = incoming
        self.reason = reason
    }
}

/// How far a member's gradient links of one view have come, in bytes: what one end has written and the other has not read is
/// what a link swallows.
public struct LinkProgress: Sendable, Equatable {
    /// The view of the links; 0: none.
    public var view: UInt64
    /// Written to the neighbour it dialled, or to the summation server.
    public var sent: UInt64
    /// Read from the neighbour that dialled it, or from the summation server.
    public var received: UInt64

    public init(view: UInt64 = 0, sent: UInt64 = 0, received: UInt64 = 0) {
        self.view = view
        self.sent = sent
        self.received = received
    }
}
