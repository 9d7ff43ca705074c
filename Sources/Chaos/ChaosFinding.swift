/// What is wrong with a run under faults, or with all such runs, with the numbers. `ChaosFinding+Words.swift` makes the sentences.
public enum ChaosFinding: Sendable, Equatable {
    // About one run, by its folder.
    /// It stood still: no step after this one for `seconds`, and no line in the coordinator's log for `silentSeconds`.
    case hangs(folder: String, step: UInt64, seconds: Int, silentSeconds: Int)
    case interrupted(folder: String)
    case failed(folder: String, status: Int32, words: String)
    case otherDigest(folder: String, digest: String, calm: String)
    case otherChains(folder: String)
    case linesMissing(folder: String, steps: Int)
    case linesOutOfOrder(folder: String)
    case wrongSums(folder: String, step: UInt64)
    case stepsLost(folder: String, steps: UInt64)
    /// It stood still for longer than the bar; after the last step there is no further step to wait for.
    case stalled(folder: String, step: UInt64, seconds: Int, isAfterLastStep: Bool, lastFault: FaultKind)
    /// A worker was lost to which no fault was done.
    case untouchedLoss(pid: Int, words: String)
    case brokeDown(log: String, mark: String)
    case outlived(folder: String, pids: [Int32])

    // About all runs: there is no result.
    case noFault
    case noFaultThatMattered
    case noStep

    /// The name for scripts.
    public var name: String {
        switch self {
        case .hangs: "hangs"
        case .interrupted: "interrupted"
        case .failed: "failed"
        case .otherDigest: "other_digest"
        case .otherChains: "other_chains"
        case .linesMissing: "lines_missing"
        case .linesOutOfOrder: "lines_out_of_order"
        case .wrongSums: "wrong_sums"
        case .stepsLost: "steps_lost"
        case .stalled: "stalled"
        case .untouchedLoss: "untouched_loss"
        case .brokeDown: "broke_down"
        case .outlived: "outlived"
        case .noFault: "no_fault"
        case .noFaultThatMattered: "no_fault_that_mattered"
        case .noStep: "no_step"
        }
    }
}
