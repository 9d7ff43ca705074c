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
    public var build: String
    public var library: String
    public var kernel: String

    /// Host and pid as its operating system gives them; build, BLAS library and loaded kernel family as it has them.
    public init(host: String, pid: UInt32, build: String, library: String, kernel: String) {
        self.host = host
        self.pid = pid
        self.build = build
        self.library = library
        self.kernel = kernel
    }
}

/// What happens to the coordinator. The state machine knows no sockets and no clock: these are its whole world.
public enum CoordinatorEvent: Sendable, Equatable {
    /// A worker introduced itself.
    case hello(ConnectionID, WorkerIdentity)
    /// It has built its replica and probed its products.
    case ready(ConnectionID, fingerprint: [UInt8], stateDigest: [UInt8])
    /// It has every gradient link of this view.
    case linksUp(ConnectionID, view: UInt64)
    /// A gradient link of it broke, or could not be dialled; `suspect` is a rank, or nil for the summation server.
    case linkFailed(ConnectionID, view: UInt64, suspect: Int?, reason: String, dialling: Bool)
    /// It has applied the last phase of a step.
    case stepReport(ConnectionID, step: UInt64, chain: UInt64)
    /// It lives; `work` counts its products, `applied` and `contributed` its phases.
    case heartbeat(ConnectionID, work: UInt64, applied: UInt64, contributed: UInt64)
    /// It cannot go on (`leaving` false; `common` where every member meets the same), or was asked to leave by a signal.
    case farewell(ConnectionID, reason: String, leaving: Bool, common: Bool = false)
    /// The connection ended.
    case closed(ConnectionID, reason: String)
    /// The operating system's word on a child process (single machine only).
    case childExited(pid: UInt32, cause: String)
    /// A snapshot is where it was wanted (for a checkpoint: durable), or could not be had.
    case snapshotStored(step: UInt64)
    case snapshotFailed(step: UInt64, reason: String)
    /// Somebody asked the run to end early (a signal).
    case stopRequested(reason: String)
    /// The coordinator itself cannot go on (data, disk).
    case failed(reason: String)
    /// Time passes; a few a second.
    case tick
}

/// What the shell must do. Every one of them is carried out in the order given.
public enum CoordinatorDirective: Sendable, Equatable {
    case welcome(ConnectionID, worker: UInt32)
    case refuse(ConnectionID, reason: String)
    case close(ConnectionID)
    /// Tell every member of the view, and open the summation server where the topology has one.
    case form(ViewPlan)
    /// Send every member its shards of this step: also the permission to run it.
    case batch(step: UInt64)
    /// Ask for the state at the boundary after `step` steps; in order with the batches.
    case snapshot(ConnectionID, step: UInt64, purposes: SnapshotPurposes)
    /// All members have applied the step: its figures may be written.
    case stepDone(step: UInt64, view: UInt64, workers: Int, chain: UInt64)
    /// Tell every worker that the run ends.
    case stop([ConnectionID], reason: String, failed: Bool)
    /// The run is over for this coordinator.
    case end(RunOutcome)
    case log(LogLevel, String)
}

/// How loud a line of the log is.
public enum LogLevel: String, Sendable, Equatable { case info, warning, error }

/// A membership: who takes part from which phase on, and who owns which shards.
public struct ViewPlan: Sendable, Equatable {
    public struct Member: Sendable, Equatable {
        public var connection: ConnectionID
        public var worker: UInt32
        public var identity: WorkerIdentity
        public var shards: Range<Int>
    }

    public var number: UInt64
    /// By rank.
    public var members: [Member]
    /// Phases applied where the view begins.
    public var applied: UInt64
}

/// How a run ended for its coordinator.
public enum RunOutcome: Sendable, Equatable {
    /// Every step was done and the last checkpoint is durable.
    case finished(step: UInt64)
    /// It was asked to stop, did so at a boundary, and the checkpoint is durable.
    case stopped(step: UInt64, reason: String)
    /// One sentence that says what and who; the newest periodic checkpoint is what is left.
    case failed(reason: String)
}
