import Files
import Foundation
import Kernels
import Logging
import Membership
import Runs
import Synchronization
import Waiting
import Wire

/// Puts states on the disk and hands them to the evaluation, on a thread of its own.
///
/// A state is in memory once while it arrives and
/// until its evaluation is done: at most `backlog` evaluations wait, further snapshots wait for them.
final class SnapshotDesk: Sendable {
    /// What became of a state.
    enum Outcome: Sendable {
        case stored(step: UInt64, purposes: SnapshotPurposes, checkpoint: Checkpoint?)
        /// What arrived is not the run's state after that step.
        case unusable(step: UInt64, reason: String)
        case failed(step: UInt64, reason: String)
    }

    private let arrived = Mailbox<CoordinatorCore.StateCopy>()
    private let store: CheckpointStore
    private let settings: CheckpointSettings
    private let epochs: Epochs
    private let outline: StateOutline
    private let identity: String
    private let evaluation: EvaluationDesk
    private let recorder: RunRecorder
    private let watch: FolderWatch?
    private let log: Logger
    private let isClosed = Atomic<Bool>(false)
    private let ended = Latch()
    private let hasWarnedOfRoom = Atomic<Bool>(false)

    /// - Parameter watch: asked before anything is written; `nil` where nothing will be written.
    init(
        store: CheckpointStore, settings: CheckpointSettings, epochs: Epochs, outline: StateOutline,
        identity: String, evaluation: EvaluationDesk, recorder: RunRecorder, watch: FolderWatch?, log: Logger
    ) {
        self.store = store
        self.settings = settings
        self.epochs = epochs
        self.outline = outline
        self.identity = identity
        self.evaluation = evaluation
        self.recorder = recorder
        self.watch = watch
        self.log = log
    }

    /// Starts to take states in. After `close` no outcome is reported any more.
    func start(onOutcome: @escaping @Sendable (Outcome) -> Void) {
        let onOutcome: @Sendable (Outcome) -> Void = { [self] in if !isClosed.load(ordering: .relaxed) { onOutcome($0) } }
        OwnedThread.detach(name: "checkpoint") { [self] in
            defer { ended.countDown() }
            while let state = arrived.take(.untilWoken(by: "the event loop, and close() at the end of the run")) {
                if isClosed.load(ordering: .relaxed) { return }
                do {
                    try outline.check(state.bytes, step: state.step, chain: state.chain)
                } catch {
                    onOutcome(.unusable(step: state.step, reason: "\(error)"))
                    continue
                }
                do {
                    let checkpoint = state.purposes.contains(.checkpoint) ? try write(state) : nil
                    if !state.purposes.isDisjoint(with: [.evaluation, .figures]) { evaluation.put(state) }
                    onOutcome(.stored(step: state.step, purposes: state.purposes, checkpoint: checkpoint))
                } catch is Closed {
                    return
                } catch is FolderLost {
                    // The watch has ended the run because of it; this state has not failed.
                } catch {
                    onOutcome(.failed(step: state.step, reason: Self.reason(error)))
                }
            }
        }
    }

    /// Ends the writing, so that no half-written checkpoint stays behind. A checkpoint under way is given up: the run's end has already waited
    /// for those that it needs.
    func close() {
        isClosed.store(true, ordering: .relaxed)
        arrived.close()
        _ = ended.wait(.atMost(.seconds(5)))
    }

    private struct Closed: Error {}

    /// A whole state has come.
    func put(_ state: CoordinatorCore.StateCopy) { arrived.put(state) }

    private func write(_ state: CoordinatorCore.StateCopy) throws -> Checkpoint {
        let info = CheckpointInfo(
            step: state.step, epoch: epochs.begun(after: state.step),
            endsEpoch: state.step > 0 && epochs.areWhole(after: state.step), identity: identity)
        try watch?.require()
        // The steps before a checkpoint are not done again, so their lines come first.
        recorder.settle()
        let checkpoint = try store.write(info) { writer in
            var offset = 0
            while offset < state.bytes.count {
                if isClosed.load(ordering: .relaxed) { throw Closed() }
                let end = min(offset + (4 << 20), state.bytes.count)
                try writer.write(Array(state.bytes[offset..<end]))
                offset = end
            }
            // The checkpoint gets its name next, and may replace another coordinator's checkpoint of the same step.
            try watch?.require()
        }
        // What is removed next may be another coordinator's by now.
        try watch?.require()
        do {
            _ = try store.retain(settings)
        } catch {
            // The new checkpoint is stored; the old ones are thinned out again after the next.
            log.warning("older checkpoints could not be removed: \(error)")
        }
        if let warning = store.roomWarning(after: checkpoint), !hasWarnedOfRoom.exchange(true, ordering: .relaxed) {
            log.warning("\(warning)")
        }
        return checkpoint
    }

    /// To follow "could not be stored: ".
    private static func reason(_ error: any Error) -> String {
        guard let error = error as? DiskError else { return "\(error)" }
        let more = "and \(CheckpointStore.maximumAttempts - 1) more tries failed"
        return "\(error.problem), \(more)\(error.wayOn.isEmpty ? "" : "; \(error.wayOn)")"
    }
}
