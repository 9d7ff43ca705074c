extension ChaosFinding {
    /// The sentence for the user.
    public var words: String {
        switch self {
        case .hangs(let folder, let step, let seconds, let silent):
            "\(folder) hangs: no step for \(seconds) s after step \(step), and no line in \(folder)/coordinator.log for \(silent) s"
        case .interrupted(let folder): "\(folder) was interrupted"
        case .failed(let folder, let status, let words): "\(folder) ended with exit status \(status): \(words)"
        case .otherDigest(let folder, let digest, let calm): "\(folder) has digest \(digest), the calm run \(calm)"
        case .otherChains(let folder): "\(folder)/metrics.jsonl has chain hashes that are not the calm run's"
        case .linesMissing(let folder, let steps): "\(folder)/metrics.jsonl lacks the lines of \(steps) steps"
        case .linesOutOfOrder(let folder): "\(folder)/metrics.jsonl has a step twice or out of order"
        case .wrongSums(let folder, let step): "\(folder): the sums of step \(step) were not those of the calm run"
        case .stepsLost(let folder, let steps): "\(folder): \(steps) steps were lost while a replica lived"
        case .stalled(let folder, _, let seconds, isAfterLastStep: true, let fault):
            "\(folder): no end \(seconds) s after the last step; the last fault: \(fault.rawValue)"
        case .stalled(let folder, let step, let seconds, isAfterLastStep: false, let fault):
            "\(folder): no step for \(seconds) s after step \(step); the last fault: \(fault.rawValue)"
        case .untouchedLoss(let pid, let words): "worker process \(pid) was lost without being touched: \(words)"
        case .brokeDown(let log, let mark): "\(log) tells of a process that broke down (\"\(mark)\")"
        case .outlived(let folder, let pids): "\(folder): processes \(pids) outlived their run"
        case .noFault:
            "no fault was inflicted before the time was over: that is no verdict; give more --minutes, or --faults"
        case .noFaultThatMattered:
            "no fault met anything that a run needed: that is no verdict; give more --minutes, or --faults"
        case .noStep: "no run did a step: that is no verdict"
        }
    }
}
