/// What is wrong with a run that faults befell, or with all of them: with its numbers. `ChaosFinding+Words.swift` makes the sentences.
public enum ChaosFinding: Sendable, Equatable {
    // Of one run, by its folder.
    /// It stood still: after this step nothing for so many seconds, and no line in the coordinator's log for so many.
    case hangs(folder: String, step: UInt64, seconds: Int, silentSeconds: Int)
    case interrupted(folder: String)
    case failed(folder: String, status: Int32, words: String)
    case otherDigest(folder: String, digest: String, calm: String)
    case otherChains(folder: String)
    case linesMissing(folder: String, steps: Int)
    case linesOutOfOrder(folder: String)
    case wrongSums(folder: String, step: UInt64)
    case stepsLost(folder: String, steps: UInt64)
    /// It stood for longer than the bar; after the last step there is no further one to wait for.
    case stalled(folder: String, step: UInt64, seconds: Int, isAfterLastStep: Bool, lastFault: FaultKind)
    /// A worker that nobody had touched was lost.
    case untouchedLoss(pid: Int, words: String)
    case brokeDown(log: String, mark: String)
    case outlived(folder: String, pids: [Int32])

    // Of all of them: nothing can be said.
    case noFault
    case noFaultThatMattered
    case noStep

    /// By which a script knows it.
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
