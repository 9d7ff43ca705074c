import ArgumentParser
import Autoencoder
import Datasets
import Foundation
import Kernels
import Runs
import Waiting

/// A checkpoint of a run, found by name, and what can be made of it.
struct SavedState {
    let folder: RunFolder
    let checkpoint: Checkpoint

    init(folder: RunFolder, checkpoint: Checkpoint) {
        self.folder = folder
        self.checkpoint = checkpoint
    }

    /// The checkpoint that RUN or RUN@STEP names: the one after STEP steps, or the newest whole one.
    ///
    /// - Parameter flag: the step that `--step` names.
    /// - Throws: where there is none; checkpoints that were passed over are told on standard error.
    init(_ text: String, step flag: UInt64? = nil) throws {
        let reference = try RunReference(parsing: text, flag: flag)
        folder = try RunFolder.open(reference.run)
        try folder.requireCheckpointsFolder()
        if let step = reference.step {
            checkpoint = try folder.checkpoints().at(step: step)
            warnOfOtherSettings()
            return
        }
        let (newest, leftOut) = try folder.checkpoints().newestWhole()
        for left in leftOut { Output.note("passed over a checkpoint: \(left)") }
        guard let newest else {
            try folder.requireStoredCheckpoints()
            throw LocalError(
                leftOut.isEmpty
                    ? "\(folder.path) has no checkpoint yet; let it train on, or `lockstep resume` it"
                    : "none of the \(leftOut.count) checkpoints of \(folder.path) is whole; put one back from a copy, or begin a new run"
            )
        }
        if !leftOut.isEmpty { Output.note("the newest whole one is that of step \(newest.info.step)") }
        checkpoint = newest
        warnOfOtherSettings()
    }

    /// Commands that only look at a run may use other settings; then they do not show what the run computed, and the user should know.
    private func warnOfOtherSettings() {
        guard let configuration = try? folder.configuration().configuration,
            let words = folder.otherSettings(of: checkpoint, than: configuration)
        else { return }
        Output.note("the settings in config.yaml of \(folder.typedName) are not those of its weights: \(words)")
    }

    var statePath: String { checkpoint.statePath }

    func tensors() throws -> [Tensor] { try StateFile.tensors(of: checkpoint.open()) }

    /// SHA-256 as 64 hex digits: over the parameters, or over the whole state with step and epoch.
    func digest(full: Bool) throws -> String {
        let tensors = try tensors()
        guard full else { return hexDigits(StateDigest.parameters(of: tensors)) }
        return hexDigits(StateDigest.full(of: tensors, step: checkpoint.info.step, epoch: checkpoint.info.epoch))
    }
}

extension RunReference {
    /// The help text for every command that reads a run's state.
    static let help: ArgumentHelp = "RUN or RUN@STEP: a path, a name under ./runs, or `latest`; STEP is a checkpoint's."

    /// RUN or RUN@STEP, where `--step` may name the step as well.
    init(parsing text: String, flag: UInt64?) throws {
        let typed = try RunReference(parsing: text)
        if let flag, let step = typed.step, flag != step {
            throw UsageError("\(text) and --step \(flag) name two steps; give one of them")
        }
        self.init(run: typed.run, step: flag ?? typed.step)
    }

    /// The run's folder, for a command that goes on with the run and so uses its newest state.
    func folder(goingOnWith command: String) throws -> RunFolder {
        guard let step else { return try RunFolder.open(run) }
        throw UsageError(
            "\(command) goes on from the newest checkpoint; begin a new run from that of step \(step) with `\(RunFolder.beginning(from: run, step: step))`"
        )
    }
}

/// A run's configuration, data shape and trained networks, for all commands that look at a run afterwards.
struct TrainedRun {
    let saved: SavedState
    let configuration: Configuration
    let data: DataSet
    let inference: Inference

    init(run: String, data directory: String?, step: UInt64? = nil, averaged: Bool = true) throws {
        let wanted = try RunFolder.open(RunReference(parsing: run, flag: step).run).configuration().configuration
        saved = try SavedState(run, step: step)
        let folder = saved.folder
        (configuration, data) = try FetchMeter.converting { progress in
            try folder.openData(wanted, directory: directory, progress: progress)
        }
        let training = configuration.training(on: data)
        let isAveraged = averaged && configuration.average > 0
        let tensors = try NormalisationFile.complete(
            saved.tensors(), of: training, averaged: isAveraged, training: data.train,
            team: ThreadTeam(threads: MemoryRoom.threads(atMost: MachineLimits.here.cores), name: "moments"),
            in: NormalisationFile(folder: saved.checkpoint.path, willWrite: {}))
        inference = try Inference(training, tensors: tensors, averaged: isAveraged)
    }

    var training: TrainingSettings {
        configuration.training(on: data)
    }
}
