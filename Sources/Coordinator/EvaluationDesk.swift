import Autoencoder
import Datasets
import Evaluation
import Foundation
import Kernels
import Logging
import Membership
import Runs
import Synchronization
import Waiting

/// Held-out figures and pictures: on one thread of low priority while the training goes on, on all cores when it is over.
///
/// A caller that puts in more states than `backlog` waits: so the coordinator's memory is bounded, and in the end the training
/// waits for its own evaluation instead of outrunning it without limit.
final class EvaluationDesk: Sendable {
    /// States that may wait.
    static let backlog = 2

    /// A state whose figures are wanted, or its pictures.
    struct Subject: Sendable {
        let step: UInt64
        let purposes: SnapshotPurposes
        /// Opens its bytes, in memory or on the disk.
        let open: @Sendable () throws -> SafetensorsReader
    }

    private typealias Queue = EvaluationQueue<Subject>

    /// Where results and complaints go.
    private struct Outlets: Sendable {
        let recorder: RunRecorder
        let watch: FolderWatch
        let log: Logger
    }

    private let queue = Queue(backlog: EvaluationDesk.backlog)
    private let outlets = Mutex<Outlets?>(nil)
    private let story: Mutex<HeldOutStory>
    private let backgroundEnded = Latch()
    private let done = Latch()
    private let run: PreparedRun
    private let heldOut: HeldOut
    private let pictures: RunPictures

    init(run: PreparedRun) {
        self.run = run
        story = Mutex(
            HeldOutStory(
                epochs: Self.epoch(after: run.plan.lastStep, of: run), metricsPath: run.options.folder.metricsPath))
        heldOut = HeldOut(configuration: run.options.configuration, data: run.data)
        pictures = RunPictures(folder: run.options.folder, configuration: run.options.configuration, data: run.data)
    }

    func start(recorder: RunRecorder, watch: FolderWatch, log: Logger) {
        let outlets = Outlets(recorder: recorder, watch: watch, log: log)
        self.outlets.withLock { $0 = outlets }
        OwnedThread.detach(name: "evaluation", lowPriority: true) { [self] in
            FloatingPoint.setModes()
            let alone = ThreadTeam(threads: 1)
            while let entry = queue.nextInBackground() {
                evaluate(entry, outlets, alone, background: true)
                queue.putDown()
            }
            backgroundEnded.countDown()
        }
    }

    /// Takes a state in; waits while the backlog is full. With the last state the training is over, and the evaluation may use all cores.
    func put(_ state: CoordinatorCore.StateCopy) {
        if state.purposes.contains(.last) { takeOver() }
        queue.put(
            Subject(step: state.step, purposes: state.purposes) {
                try SafetensorsReader(bytes: state.bytes, name: "the state after step \(state.step)")
            })
    }

    /// Takes in the states that an earlier coordinator has left unevaluated, in their order; never waits.
    func owe(_ states: [Subject]) {
        if states.contains(where: { $0.purposes.contains(.last) }) { takeOver() }
        queue.owe(states)
    }

    /// Takes nothing more in. With `wait`, returns when the last evaluation is done.
    func finish(wait: Bool) {
        queue.close()
        guard wait, outlets.withLock({ $0 != nil }) else { return }
        takeOver()
        _ = done.wait(.untilWoken(by: "the thread that took over, after the few states that were left"))
        // The background thread's state is done by now; that thread notices before its next piece.
        _ = backgroundEnded.wait(.atMost(.seconds(1)))
    }

    /// Has all that is left done by a new thread of usual priority and a team of all cores.
    private func takeOver() {
        guard let outlets = outlets.withLock({ $0 }), queue.takeOver() else { return }
        OwnedThread.detach(name: "evaluation-end") { [self] in
            FloatingPoint.setModes()
            let threads = MemoryRoom.threads(atMost: MachineLimits.here.cores)
            let team = ThreadTeam(threads: threads, name: "evaluation")
            while let entry = queue.nextAfterTraining() { evaluate(entry, outlets, team, background: false) }
            done.countDown()
        }
    }

    private func evaluate(_ entry: Queue.Entry, _ outlets: Outlets, _ team: ThreadTeam, background: Bool) {
        do {
            try look(at: entry, outlets, team, background)
        } catch is Queue.Overtaken {
            // The thread that took over redoes it.
        } catch is FolderLost {
            // That has already ended the run.
        } catch {
            outlets.log.error("the evaluation after step \(entry.state.step) failed: \(error)")
        }
    }

    /// The epoch, counted from 1, in which the step number `steps` lies.
    private static func epoch(after steps: UInt64, of run: PreparedRun) -> Int {
        run.plan.epochs.begun(after: steps)
    }

    /// Tells how it goes on held-out images.
    private func tell(_ figures: EpochFigures, _ epoch: Int, _ log: Logger) {
        let words = story.withLock { $0.tell(figures, epoch: epoch) }
        for line in words.lines { log.info("\(line)") }
        if let warning = words.warning { log.warning("\(warning)") }
        if let verdict = words.verdict { log.info("\(verdict)") }
    }

    private func look(at entry: Queue.Entry, _ outlets: Outlets, _ team: ThreadTeam, _ background: Bool) throws {
        let (state, configuration) = (entry.state, run.options.configuration)
        let reader = try state.open()
        let isAveraged = configuration.average > 0
        let tensors = try NormalisationFile.complete(
            StateFile.tensors(of: reader), of: run.training, averaged: isAveraged, training: run.data.train, team: team,
            in: run.options.folder.normalisation(step: state.step) { try outlets.watch.require() }
        ) { [queue] in if background { try queue.requireInHand() } }
        let inference = try Inference(run.training, tensors: tensors, averaged: isAveraged)
        let epoch = Self.epoch(after: state.step, of: run)
        let evaluation = try heldOut.evaluate(inference, team: team) { [queue] in if background { try queue.requireInHand() } }
        if state.purposes.contains(.evaluation), !entry.isRecorded {
            let record = { [self] in
                outlets.recorder.put(.epoch(evaluation.figures.metrics(epoch: epoch), step: state.step))
                tell(evaluation.figures, epoch, outlets.log)
            }
            if background { try queue.record(record) } else { record() }
        }
        guard state.purposes.contains(.figures) else { return }
        // The curves are read from the file, so what was recorded before must be in it.
        let flushed = Latch()
        outlets.recorder.put(.flush { flushed.countDown() })
        guard flushed.wait(.atMost(.seconds(30))) else {
            throw LocalError(
                "the figures were not drawn: the records before them were not on the disk within 30 s; see whether the disk of the run folder answers"
            )
        }
        let drawn = try pictures.draw(inference, evaluation: evaluation, step: state.step, epoch: epoch, team: team) {
            [queue] stage in
            if background { try stage == .writing ? queue.beginWriting() : queue.requireInHand() }
            if stage == .writing { try outlets.watch.require() }
        }
        for warning in drawn.warnings { outlets.log.warning("after step \(state.step), \(warning)") }
        try outlets.watch.require()
        do {
            _ = try RunPictures.retain(configuration.figures, in: run.options.folder, upTo: epoch)
        } catch {
            outlets.log.warning("older pictures could not be removed: \(error)")
        }
    }
}
