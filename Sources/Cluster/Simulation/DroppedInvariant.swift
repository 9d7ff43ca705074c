/// Something left out of the simulated engines on purpose: a simulation that does not notice proves nothing.
public enum DroppedInvariant: Int, Sendable, CaseIterable {
    /// Members without shards are not waited for.
    case everyMemberContributes = 1
    /// A member begins a phase before it has applied the one before.
    case phaseAfterPhase
    /// A member applies a phase while the sum of one bucket is still missing.
    case everyBucket
    /// All phases share one sum buffer.
    case ownSumBuffer
    /// A phase needs what the step's first phase has left behind in the same process.
    case coldPhases
    /// An exchange that broke leaves the exponents behind that it had arrived at.
    case exponentsRestored
    /// The coordinator goes by the position a worker told the time before.
    case freshPositions
}
