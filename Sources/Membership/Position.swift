/// Where a replica stands in the run. After the same number of phases the state is the same bits in every worker.
public struct Position: Sendable, Equatable {
    /// Phases applied since the start of the run.
    public var applied: UInt64
    /// Chain hash of the sums of those phases.
    public var chain: UInt64
    /// The state is as the seed made it: it belongs to the run only where the run begins with the seed.
    public var isFresh: Bool
    /// It can hand out the sum of the last phase it has applied.
    public var holdsSum: Bool
    /// The last boundary whose state it has begun to stream to this coordinator, over this connection.
    public var copied: UInt64
    /// SHA-256 of the whole state, where it was just made, received or sent; else empty.
    public var digest: [UInt8]

    /// A position as the worker tells it.
    public init(
        applied: UInt64, chain: UInt64, isFresh: Bool = false, holdsSum: Bool = false, copied: UInt64 = 0, digest: [UInt8] = []
    ) {
        self.applied = applied
        self.chain = chain
        self.isFresh = isFresh
        self.holdsSum = holdsSum
        self.copied = copied
        self.digest = digest
    }
}

/// The state that a worker brings along in its hello, from a coordinator or a connection that it has lost.
public struct HeldState: Sendable, Equatable {
    /// The run's identifier.
    public var run: String
    /// Generation and random name of the last coordinator that it has obeyed.
    public var generation: UInt64
    public var leader: UInt64
    public var position: Position

    public init(run: String, generation: UInt64, leader: UInt64 = 0, position: Position) {
        self.run = run
        self.generation = generation
        self.leader = leader
        self.position = position
    }
}

/// A place on a run's way: the chain hash after so many phases.
public struct ChainMark: Sendable, Equatable {
    public var applied: UInt64
    public var chain: UInt64

    public init(applied: UInt64, chain: UInt64) {
        self.applied = applied
        self.chain = chain
    }
}
