import Autoencoder
import Evaluation
import Kernels
import Logging
import Runs
import Waiting

/// Held-out figures and pictures, on one thread of low priority while the training goes on.
///
/// Whoever puts more states in than `backlog` waits: so the coordinator's memory is bounded, and in the end the training
/// waits for its own evaluation rather than outrun it without limit.
final class EvaluationDesk: Sendable {
    /// States that may wait.
    static let backlog = 2

    private let states = Mailbox<SnapshotDesk.Arrived>()
    private let slots = Slots(EvaluationDesk.backlog)
    private let done = Latch()
    private let run: PreparedRun
    private let heldOut: HeldOut
    private let pictures: RunPictures

    init(run: PreparedRun) {
        self.run = run
        heldOut = HeldOut(configuration: run.options.configuration, data: run.data)
        pictures = RunPictures(folder: run.options.folder, configuration: run.options.configuration, data: run.data)
    }

    func start(recorder: RunRecorder, watch: FolderWatch, log: Logger) {
        DetachedThread.start(name: "evaluation", lowPriority: true) { [self] in
            FloatingPoint.setModes()
            var story = HeldOutStory(epochs: epoch(after: run.plan.lastStep))
            while let state = states.take(.untilWoken(by: "put(), or finish(), which the coordinator calls however the run ends")) {
                do {
                    try evaluate(state, recorder, watch, log) { figures, epoch in
                        let words = story.tell(figures, epoch: epoch)
                        for line in words.lines { log.info("\(line)") }
                        if let warning = words.warning { log.warning("\(warning)") }
                    }
                } catch is FolderLost {
                    // The run has ended with that.
                } catch {
                    log.error("the evaluation after step \(state.step) failed: \(error)")
                }
                slots.give()
            }
            done.countDown()
        }
    }

    /// Takes a state in; waits while the backlog is full.
    func put(_ state: SnapshotDesk.Arrived) {
        _ = slots.take(
            .untilWoken(by: "the evaluation's thread after each state: it computes, and waits for files only with a limit"))
        states.put(state)
    }

    /// Takes nothing more in. With `wait`, returns when the last evaluation is done.
    func finish(wait: Bool) {
        states.close()
        if wait { _ = done.wait(.untilWoken(by: "the evaluation's thread, after the few states it holds")) }
    }

    /// The epoch, counted from 1, that so many steps end or lie in.
    private func epoch(after steps: UInt64) -> Int { Int((steps + run.plan.stepsPerEpoch - 1) / run.plan.stepsPerEpoch) }

    private func evaluate(
        _ state: SnapshotDesk.Arrived, _ recorder: RunRecorder, _ watch: FolderWatch, _ log: Logger,
        tell: (EpochFigures, Int) -> Void
    ) throws {
        let configuration = run.options.configuration
        let reader = try SafetensorsReader(bytes: state.bytes, name: "the state after step \(state.step)")
        let inference = try Inference(
            model: configuration.model, pixels: run.training.pixels, tensors: StateFile.tensors(of: reader),
            averaged: configuration.average > 0)
        let epoch = epoch(after: state.step)
        let evaluation = heldOut.evaluate(inference)
        if state.purposes.contains(.evaluation) {
            recorder.put(.epoch(evaluation.figures.metrics(epoch: epoch), step: state.step))
            tell(evaluation.figures, epoch)
        }
        guard state.purposes.contains(.figures) else { return }
        // The curves are read from the file, so what was recorded before must be in it.
        let flushed = Latch()
        recorder.put(.flush { flushed.countDown() })
        guard flushed.wait(.atMost(.seconds(30))) else {
            throw LocalError(
                "the figures were not drawn: the records before them were not on the disk within 30 s; see whether the disk of the run folder answers"
            )
        }
        try watch.require()
        let drawn = try pictures.draw(inference, evaluation: evaluation, step: state.step, epoch: epoch)
        for warning in drawn.warnings { log.warning("after step \(state.step), \(warning)") }
        do {
            _ = try RunPictures.retain(configuration.figures, in: run.options.folder, upTo: epoch)
        } catch {
            log.warning("older pictures could not be removed: \(error)")
        }
    }
}
