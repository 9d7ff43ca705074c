import Kernels
import Logging
import Membership
import Runs
import Synchronization

extension Coordinator {
    /// Where a run goes on, hands its owed figures and pictures over to the evaluation, and tells which are lost.
    func giveOwedFigures(of run: PreparedRun, to evaluation: EvaluationDesk) {
        let owed = tellOfOwed(run)
        if !owed.states.isEmpty { evaluation.owe(owed.states) }
    }

    private func tellOfOwed(_ run: PreparedRun) -> OwedFigures {
        let owed = run.owedFigures()
        if let sentence = owed.lostSentence { log.warning("\(sentence)") }
        if !owed.states.isEmpty { log.info("\(owed.words)") }
        return owed
    }

    /// Computes the figures and pictures that a run still owes after its last step: the coordinator before this one ended after the last
    /// checkpoint and before they were done. Blocks.
    ///
    /// - Returns: why some are still missing; nil where none is.
    func tellOwedFigures(_ run: PreparedRun) -> String? {
        let owed = tellOfOwed(run)
        guard !owed.states.isEmpty else { return nil }
        let trouble = Mutex<String?>(nil)
        let note: @Sendable (String) -> Void = { reason in trouble.withLock { $0 = $0 ?? reason } }
        let watch = FolderWatch(
            folder: options.folder, generation: run.generation, wayBack: wayBack(run), log: log, onLost: note)
        defer { watch.close() }
        let (recorder, evaluation) = (RunRecorder(), EvaluationDesk(run: run))
        // Where a run ends within an epoch, that epoch counts as done: its line stays.
        let epochs = UInt64(run.plan.epochs.begun(after: run.plan.firstStep))
        recorder.start(watch: watch, open: { [self] step in try records(run, at: step, epochsDone: epochs) }, onTrouble: note)
        recorder.put(.open(step: run.plan.firstStep))
        evaluation.start(recorder: recorder, watch: watch, log: log)
        evaluation.owe(owed.states)
        evaluation.finish(wait: true)
        _ = recorder.close()
        return trouble.withLock { $0 } ?? run.lastFiguresMissing
    }
}
