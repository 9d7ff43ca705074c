import Wire

/// What a worker's engine is given to do, in order.
package enum EngineWork: Sendable {
    /// Build the replica (`anew`), or keep the one there is, and take part as the welcome says.
    case prepare(ControlWelcome, anew: Bool)
    case stand(order: UInt64)
    case sendSum(order: UInt64, applied: UInt64)
    case applySum(order: UInt64, ReceivedSum)
    case restore(order: UInt64, [UInt8])
    case join(ControlView, run: String, generation: UInt64)
    case run(ControlBatch)
    case copyState(ControlSnapshotRequest)
}

/// What the engine tells, in order.
package enum EngineNews: Sendable {
    case prepared(Position, phases: UInt64, fingerprint: [UInt8], port: Int)
    case stood(order: UInt64, Position)
    case linksUp(view: UInt64)
    case linkFailed(view: UInt64, LinkReport)
    /// This worker's part of a phase is complete.
    case contributed(ControlPhaseReport)
    /// The first phase of a view was applied.
    case goesOn
    case report(ControlStepReport, view: UInt64)
    /// What it was sent to be brought level could not be used.
    case unusable(String)
    /// `common`: every member meets it alike.
    case failed(reason: String, common: Bool)
}

/// A phase's sum on its way to a member that is one phase behind: raw little-endian Int32, and the exponents that go with it.
package struct ReceivedSum: Sendable {
    /// Phases applied with it.
    package let applied: UInt64
    /// One exponent a tensor: what the sum was made with, and what follows it.
    package let used: [Int32]
    package let next: [Int32]
    package private(set) var bytes: [UInt8] = []

    /// From the first piece.
    package init(_ chunk: ControlSumChunk) {
        applied = chunk.applied
        (used, next) = (chunk.used, chunk.next)
        bytes.reserveCapacity(Int(min(chunk.total, UInt64(Limits.stateChunk))))
    }

    package mutating func append(_ chunk: ControlSumChunk) { bytes.append(contentsOf: chunk.data) }
}
