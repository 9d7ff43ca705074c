import Runs

/// What `steps.log` says of a run that is resumed: how far it had come, and which views it has had. The log is a record and not an authority,
/// so its numbers are clamped to what can be true.
public struct Bookmark: Sendable, Equatable {
    /// Steps done according to the log.
    public let step: UInt64
    /// The highest view an earlier coordinator has used.
    public let view: UInt64

    /// - Parameters:
    ///   - records: the records that were read, in their order; each is one that some run can have written.
    ///   - lastStep: steps done when the run ends; a larger step in a record counts as this one.
    public init(_ records: [StepRecord], lastStep: UInt64) {
        step = min(records.last?.step ?? 0, lastStep)
        // Views only rise. Where the end of the log is missing, the records before it still count.
        view = records.map(\.view).max() ?? 0
    }
}
