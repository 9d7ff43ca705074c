import Runs

/// What `steps.log` says of a run that goes on: how far it was, and the views it has had. A record and no authority, so it is believed only as
/// far as it can be true.
public struct Bookmark: Sendable, Equatable {
    /// Steps that the books know of.
    public let step: UInt64
    /// The highest view an earlier coordinator has used.
    public let view: UInt64

    /// - Parameters:
    ///   - records: those that were read, in their order; each is one that some run can have written.
    ///   - lastStep: steps done when the run ends: nothing was done behind it, or nothing that is still to be done.
    public init(_ records: [StepRecord], lastStep: UInt64) {
        step = min(records.last?.step ?? 0, lastStep)
        // Views only rise; where the end of the log is missing, those before it still count.
        view = records.map(\.view).max() ?? 0
    }
}
