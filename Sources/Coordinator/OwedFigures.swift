import Kernels
import Membership
import Runs

/// Held-out figures and pictures that are due by the plan and are missing: an earlier coordinator ended, or was stopped, between a checkpoint
/// and its evaluation.
struct OwedFigures: Sendable {
    /// States on the disk to take them from, by step. Their files are open, so that one may be thinned out meanwhile.
    var states: [EvaluationDesk.Subject] = []
    /// Epochs of `states`.
    var epochs: [Int] = []
    /// Epochs whose figures can no longer be computed from anything on the disk.
    var lost: [Int] = []

    /// What is done about `states`.
    var words: String {
        "held-out figures or pictures of \(Self.name(epochs)) are missing: they are made now, from what the checkpoint has"
    }

    /// A warning of what is lost; nil where nothing is.
    var lostSentence: String? {
        lost.isEmpty
            ? nil
            : "the held-out figures of \(Self.name(lost)) are missing in metrics.jsonl: the coordinator that was to take them ended before, and no whole checkpoint is left to take them from; the weights are not concerned"
    }

    private static func name(_ epochs: [Int]) -> String {
        (epochs.count == 1 ? "epoch " : "epochs ") + epochs.map(String.init).joined(separator: ", ")
    }
}

extension PreparedRun {
    /// How many epochs to look back: more than can wait for evaluation (`EvaluationDesk.backlog`), be in evaluation and be on their way to it.
    private static let epochsBack = 8

    /// What is owed for the states up to the checkpoint from which the run goes on. Changes nothing.
    func owedFigures() -> OwedFigures {
        var owed = OwedFigures()
        guard plan.firstStep > 0 else { return owed }
        let folder = options.folder
        let newest = plan.epochs.begun(after: plan.firstStep)
        let there = folder.epochsWithFigures().filter { $0 <= newest }
        let steps = boundaries(after: there.max() ?? 0, upTo: plan.firstStep)
        // Only this state is drawn: pictures of older ones would replace its own, and those states may have been thinned out.
        let drawn = steps.last { plan.purposes(after: $0).contains(.figures) }
        for step in steps {
            let epoch = plan.epochs.begun(after: step)
            var purposes = plan.purposes(after: step).subtracting(.checkpoint)
            if there.contains(epoch) { purposes.remove(.evaluation) }
            if step != drawn || !folder.lacksPictures(ofEpoch: epoch) { purposes.remove(.figures) }
            guard !purposes.isDisjoint(with: [.evaluation, .figures]) else { continue }
            guard let reader = try? store.at(step: step).open() else {
                if purposes.contains(.evaluation), wasEvaluating { owed.lost.append(epoch) }
                continue
            }
            owed.states.append(EvaluationDesk.Subject(step: step, purposes: purposes) { reader })
            owed.epochs.append(epoch)
        }
        return owed
    }

    /// Epochs that workers have finished since the checkpoint, under a coordinator that is gone: no state of these epochs is on the disk.
    ///
    /// - Parameter step: steps done at the point where the run goes on.
    func figuresLost(upTo step: UInt64) -> OwedFigures {
        var owed = OwedFigures()
        guard step > plan.firstStep else { return owed }
        let there = options.folder.epochsWithFigures()
        // The last step's own state is asked of the workers.
        let behind = Int(plan.epochs.done(after: plan.firstStep))
        for boundary in boundaries(after: behind, upTo: min(step, plan.lastStep - 1))
        where boundary > plan.firstStep && plan.purposes(after: boundary).contains(.evaluation) {
            let epoch = plan.epochs.begun(after: boundary)
            if !there.contains(epoch) { owed.lost.append(epoch) }
        }
        return owed
    }

    /// Whether figures were taken at all when the newest checkpoint was written; if not, none from before it are missing.
    private var wasEvaluating: Bool {
        guard let checkpoint = try? store.at(step: plan.firstStep), let reader = try? checkpoint.open() else { return false }
        return (StateFile.configuration(of: reader, path: checkpoint.statePath)?.evaluate.everyEpochs ?? 0) > 0
    }

    /// Why a run that has done all its steps is not over; nil where it is.
    var lastFiguresMissing: String? {
        let epoch = plan.epochs.begun(after: plan.lastStep)
        guard plan.lastStep > 0, plan.evaluateEveryEpochs > 0, options.folder.lacksFigures(ofEpoch: epoch) else { return nil }
        return
            "all \(plan.lastStep) steps are done and the checkpoint is whole, but the held-out figures of epoch \(epoch), the last one, could not be taken (the lines before say why); `lockstep resume \(plan.runName)` takes them from the checkpoint"
    }

    /// Steps after which a state may be evaluated, ascending: the ends of epochs behind `epoch`, and `last` itself.
    private func boundaries(after epoch: Int, upTo last: UInt64) -> [UInt64] {
        let done = Int(plan.epochs.done(after: last))
        let first = max(epoch + 1, done - Self.epochsBack + 1, 1)
        let ends = first <= done ? (first...done).map { UInt64($0) * UInt64(plan.epochs.steps) } : []
        return ends.last == last ? ends : ends + [last]
    }
}
