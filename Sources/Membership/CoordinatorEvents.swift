/// One control connection, as the shell numbers them; never reused.
public struct ConnectionID: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let number: UInt64

    public init(_ number: UInt64) { self.number = number }

    public var description: String { "connection \(number)" }

    public static func < (a: ConnectionID, b: ConnectionID) -> Bool { a.number < b.number }
}

/// Who a worker says it is, in its hello.
public struct WorkerIdentity: Sendable, Hashable {
    public var host: String
    public var pid: UInt32
    /// A random number of the process: containers that share a network share host name and pid too.
    public var process: UInt64
    public var build: String
    public var library: String
    public var kernel: String
    /// The number that its log has, where its parent or an earlier coordinator has given it one.
    public var number: UInt32?

    /// Host and pid as its operating system gives them; build, BLAS library and loaded kernel family as it has them.
    public init(host: String, pid: UInt32, process: UInt64, build: String, library: String, kernel: String, number: UInt32? = nil) {
        self.host = host
        self.number = number
        self.pid = pid
        self.process = process
        self.build = build
        self.library = library
        self.kernel = kernel
    }
}

/// Who a summation server says it is, in its hello.
public struct ServerIdentity: Sendable, Hashable {
    public var host: String
    public var pid: UInt32
    /// A random number of the process.
    public var process: UInt64
    /// The number that its log has, where its parent has given it one.
    public var number: UInt32?

    public init(host: String, pid: UInt32, process: UInt64, number: UInt32? = nil) {
        self.host = host
        self.pid = pid
        self.process = process
        self.number = number
    }
}

/// What a heartbeat counts.
public struct Beat: Sendable, Equatable {
    /// Products made so far.
    public var work: UInt64
    /// Phases applied.
    public var applied: UInt64
    /// Phases whose own part is complete; while this is above `applied`, the worker waits for others.
    public var contributed: UInt64
    /// Bytes of states and sums that the worker has sent and received.
    public var moved: UInt64
    /// The view in which it last applied a phase.
    public var view: UInt64
    /// One entry for a ring's two links together, or one for each summation server.
    public var links: [LinkProgress]

    public init(
        work: UInt64, applied: UInt64, contributed: UInt64, moved: UInt64 = 0, view: UInt64 = 0, links: [LinkProgress] = []
    ) {
        self.work = work
        self.applied = applied
        self.contributed = contributed
        self.moved = moved
        self.view = view
        self.links = links
    }
}

/// What happens to the coordinator. The state machine knows no sockets and no clock: it sees nothing but these events.
public enum CoordinatorEvent: Sendable, Equatable {
    /// A worker introduced itself, perhaps with a state of this run.
    case hello(ConnectionID, WorkerIdentity, held: HeldState? = nil)
    /// A summation server of its own process has introduced itself, and listens.
    case serverReady(ConnectionID, ServerIdentity)
    /// Its replica is built and its products are probed.
    case ready(ConnectionID, fingerprint: [UInt8], Position)
    /// It stands still and says where: the answer to a halt or a levelling of this order.
    case position(ConnectionID, order: UInt64, Position)
    /// It has every gradient link of this view.
    case linksUp(ConnectionID, view: UInt64)
    /// A gradient link of it broke, or could not be made.
    case linkFailed(ConnectionID, view: UInt64, LinkReport)
    /// It has applied the last phase of a step.
    case stepReport(ConnectionID, view: UInt64, step: UInt64, chain: UInt64)
    /// The worker lives.
    case heartbeat(ConnectionID, Beat)
    /// Bytes from this peer arrived, perhaps of a message that is not whole yet.
    case heard(ConnectionID)
    /// What is queued for this peer is still leaving: it cannot have answered yet.
    case draining(ConnectionID)
    /// How far a summation server's links of this view have come, by rank: what it has written and read. Nil: this coordinator's own.
    case serverLinks(view: UInt64, from: ConnectionID? = nil, [Int: LinkProgress])
    /// The summation server that was to stand in for the ring cannot be had.
    case noServer(reason: String)
    /// The first piece that the source (nil: the disk) was asked for is on its way to those who wait for it. `total` is the length of
    /// a state in bytes, or nil for a sum.
    case relaying(order: UInt64, from: ConnectionID?, total: UInt64?)
    /// The worker cannot go on (`leaving` false; `common` where every member meets the same), or a signal asked it to leave.
    case farewell(ConnectionID, reason: String, leaving: Bool, common: Bool = false)
    /// The connection ended.
    case closed(ConnectionID, reason: String)
    /// What the operating system says of how a child process ended (single machine only).
    case childExited(pid: UInt32, ChildEnd)
    /// The last line that a child process has written to its log; before the word on how it ended (single machine only).
    case childSaid(pid: UInt32, words: String)
    /// No dead worker will be replaced any more (single machine only).
    case noReplacement(reason: String)
    /// A piece of a state or a sum came that is not the next of what was asked for.
    case badPiece(ConnectionID, reason: String)
    /// The whole of a snapshot has come in from its source; storing and evaluating it is this host's.
    case snapshotArrived(step: UInt64)
    /// What came in is not the run's state after that step.
    case snapshotUnusable(step: UInt64, reason: String)
    /// A snapshot is where it was wanted (for a checkpoint: durable), for these purposes or (nil) for all it was asked for; or
    /// it could not be had.
    case snapshotStored(step: UInt64, purposes: SnapshotPurposes? = nil)
    case snapshotFailed(step: UInt64, reason: String)
    /// The newest whole checkpoint is another one than the machine knew of: newer, or older where that one is damaged.
    case checkpointIs(step: UInt64)
    /// The answer to `outrank`: the folder is this coordinator's, and it leads from now on with this generation and name.
    case outranked(generation: UInt64, leader: UInt64)
    /// The other answer to `outrank`: the disk does not tell, or takes no new generation. The run goes on with the workers that follow this one.
    case notOutranked(reason: String)
    /// Another coordinator leads the run, or its folder is gone: this one ends and leaves the workers alone.
    case overthrown(reason: String)
    /// Somebody asked the run to end early (a signal).
    case stopRequested(reason: String)
    /// The coordinator itself cannot go on (data, disk).
    case failed(reason: String)
    /// Time passes; a few a second.
    case tick

    /// The connection whose frame this is: a sign of life.
    var sender: ConnectionID? {
        switch self {
        case .hello(let id, _, _), .ready(let id, _, _), .position(let id, _, _), .linksUp(let id, _),
            .linkFailed(let id, _, _), .stepReport(let id, _, _, _), .heartbeat(let id, _), .heard(let id),
            .farewell(let id, _, _, _), .serverReady(let id, _):
            return id
        case .serverLinks(_, let id, _): return id
        case .closed, .draining, .noServer, .relaying, .childExited, .childSaid, .noReplacement, .badPiece,
            .snapshotArrived,
            .snapshotUnusable, .snapshotStored,
            .snapshotFailed,
            .checkpointIs, .outranked, .notOutranked, .overthrown, .stopRequested, .failed, .tick:
            return nil
        }
    }
}
