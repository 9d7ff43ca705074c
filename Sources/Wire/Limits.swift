/// The version of everything that travels between two processes of a run; both sides must name the same one.
public enum ProtocolVersion {
    public static let current: UInt16 = 5
}

/// Every maximum of the wire, checked before memory is taken.
///
/// A length that comes from a peer is an unproved claim: it is compared with one of these first, and only then
/// becomes an allocation. Sizes are in bytes unless the name says otherwise.
public enum Limits {
    // MARK: Control frames, payload by kind

    /// What a peer may send before it has shown the token.
    public static let challenge = 256
    /// A hello, with the padding that makes the first message of either side larger than a packet of any network.
    public static let hello = padding + small
    public static let padding = 16 << 10
    /// A refusal, and the smallest of the others.
    public static let small = 4 << 10
    /// The small messages of a running view.
    public static let report = 1 << 20
    /// The effective configuration and the member list.
    public static let configuration = 4 << 20
    /// Samples that a prior is made of, in a welcome.
    public static let priorSamples = 8 << 20
    /// One worker's shards of one step's minibatches.
    public static let batch = 64 << 20
    /// One piece of a state, a snapshot or a sum.
    public static let stateChunk = 16 << 20

    /// The largest payload of a control frame of this kind.
    public static func payload(of kind: MessageKind) -> Int {
        switch kind {
        case .challenge, .proof: challenge
        case .hello: hello
        case .refuse, .linksUp, .snapshotRequest, .heartbeat, .farewell, .stop, .position, .halt, .sumRequest, .notice: small
        case .ready, .stepReport, .phaseReport, .linkFailed, .serverHello, .serverView, .serverBeat: report
        case .welcome: configuration + priorSamples
        case .view: configuration
        case .batch: batch
        case .stateChunk, .sumChunk: stateChunk
        }
    }

    // MARK: Gradient links

    /// Elements of one bucket: with the next, what bounds a gradient frame's payload (`GradientCodec.packedBound`).
    public static let bucketElements = 16 << 20
    /// Pieces (ranges inside tensors) of one gradient frame.
    public static let gradientPieces = 4096
    /// Tensors whose statistics ride in one gradient frame.
    public static let gradientStatistics = 4096
    /// Buckets of one exchange.
    public static let buckets = 1 << 16
    /// Frames a member holds for a bucket that it has not reached yet; beyond this the link is not read until it has.
    public static let parkedGradientBytes = 256 << 20
    /// Connections of a gradient listener that have not said who they are.
    public static let pendingHellos = 64
    /// Addresses of one peer that are tried together.
    public static let dialCandidates = 16
    /// Members of one ring or one summation server.
    public static let members = 1024
    /// Summation servers of one view.
    public static let servers = 64
}
