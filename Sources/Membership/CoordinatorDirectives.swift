/// What the coordinator's shell must do. Every one of them is carried out in the order given.
public enum CoordinatorDirective: Sendable, Equatable {
    case welcome(ConnectionID, worker: UInt32)
    case refuse(ConnectionID, reason: String)
    case close(ConnectionID)
    /// Workers have obeyed a coordinator of this generation. Check whether the run's folder still belongs to this coordinator, and if so
    /// raise its own generation above that.
    case outrank(generation: UInt64)
    /// The views up to this one are over: what is still to be packed for them is of no use. A halt does not say this, because it may
    /// be for newcomers alone while a view forms at the same moment.
    case dissolve(view: UInt64)
    /// These workers are to stand still and say where.
    case halt([ConnectionID], order: UInt64)
    /// Have the holder stream the sum of the last phase it applied, and pass it on to those that are one phase behind.
    case relaySum(from: ConnectionID, to: [ConnectionID], applied: UInt64, order: UInt64)
    /// Have the member stream its state at this boundary (nil: take the newest checkpoint), and pass it on.
    case relayState(from: ConnectionID?, to: [ConnectionID], step: UInt64, order: UInt64)
    /// Tell every member of the view and its summation servers, or open this coordinator's own where the topology has one.
    case form(ViewPlan)
    /// Send every member its shards of this step: also the permission to run it.
    case batch(step: UInt64)
    /// Ask for the state at the boundary after `step` steps; in order with the batches.
    case snapshot(ConnectionID, step: UInt64, purposes: SnapshotPurposes)
    /// This snapshot will not come: forget what has arrived of it.
    case forgetSnapshot(step: UInt64)
    /// All members have applied the step: its figures may be written.
    case stepDone(step: UInt64, view: UInt64, workers: Int, chain: UInt64)
    /// Tell these workers that their part ends.
    case stop([ConnectionID], reason: String, failed: Bool)
    /// The run is over for this coordinator.
    case end(RunOutcome)
    case log(LogLevel, String, about: Decision? = nil)
    /// Something that belongs into the run's metrics.
    case record(RunNote)
}

/// How important a line of the log is. A `detail` is in the file only: a terminal shows one line for many of them.
public enum LogLevel: String, Sendable, Equatable { case detail, info, warning, error }

/// What happened to the membership, for `metrics.jsonl`.
public enum RunNote: Sendable, Equatable {
    case death(worker: UInt32, host: String, pid: UInt32, rank: Int?, step: UInt64, cause: LossCause, end: ChildEnd?)
    case join(worker: UInt32, host: String, pid: UInt32, step: UInt64)
    case leave(worker: UInt32, host: String, pid: UInt32, step: UInt64)
    case serverDeath(server: UInt32, host: String, pid: UInt32, step: UInt64, cause: LossCause)
    /// A membership begins at this phase.
    case view(number: UInt64, workers: Int, applied: UInt64)
    /// The first phase of a view was applied, so long after the verdict or the pause that ended the view before.
    case goesOn(view: UInt64, milliseconds: Double, cause: String)
    /// Nothing moved in a view though everybody had done its part.
    case standstill(view: UInt64, cause: String)
    /// Every replica was gone: the run goes back to its newest checkpoint.
    case restart(from: UInt64, to: UInt64)
}

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
    /// Neighbours dial each other; false: everybody dials the summation server. A ring of one has no links.
    public var ring: Bool = true
    /// The summation servers, each for its part of every bucket; none: where there is no ring, this coordinator sums.
    public var servers: [ConnectionID] = []
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

/// What a line of the log is about, for programs that act on it.
public enum Decision: Sendable, Equatable {
    /// The summation server stands in for the ring.
    case serverStandsIn
    /// These members have no place left but beside one with which their link has failed.
    case standsAside
    /// The run does not wait for a newcomer that receives the state too slowly.
    case doesNotWait
    /// Asked to stop while nothing moves: one worker finishes the step.
    case finishesAlone
}
