import Autoencoder
import Cluster
import Datasets
import Foundation
import Kernels
import Runs

/// A checkpoint of a run, found by name, and what can be made of it.
struct SavedState {
    let folder: RunFolder
    let checkpoint: Checkpoint

    init(folder: RunFolder, checkpoint: Checkpoint) {
        self.folder = folder
        self.checkpoint = checkpoint
    }

    /// The checkpoint of `run` after `step` steps, or its newest whole one.
    ///
    /// - Throws: where there is none; what was passed over is told on standard error.
    init(run: String, step: UInt64? = nil) throws {
        folder = try RunFolder.open(run)
        try folder.requireParts()
        if let step {
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

    /// What only looks at a run may do so; what it shows is then not what the run computed, and a person should know.
    private func warnOfOtherSettings() {
        guard let configuration = try? folder.configuration().configuration,
            let words = folder.otherSettings(of: checkpoint, than: configuration)
        else { return }
        Output.note("the settings in config.yaml of \(folder.typedName) are not those of its weights: \(words)")
    }

    /// RUN or RUN@STEP.
    init(parsing text: String) throws {
        guard let at = text.lastIndex(of: "@"), let step = UInt64(text[text.index(after: at)...]) else {
            try self.init(run: text)
            return
        }
        try self.init(run: String(text[..<at]), step: step)
    }

    var statePath: String { checkpoint.statePath }

    func tensors() throws -> [StateTensor] { try StateFile.tensors(of: checkpoint.open()) }

    /// SHA-256 as 64 hex digits: over the parameters, or over the whole state with step and epoch.
    func digest(full: Bool) throws -> String {
        let tensors = try tensors()
        guard full else { return hexDigits(StateDigest.parameters(of: tensors)) }
        return hexDigits(StateDigest.full(of: tensors, step: checkpoint.info.step, epoch: checkpoint.info.epoch))
    }
}

/// A run's configuration, data shape and trained networks, for everything that looks at a run after the fact.
struct TrainedRun {
    let saved: SavedState
    let configuration: Configuration
    let data: DataSet
    let inference: Inference

    /// Opens the run and takes its BLAS kernel (which may execute the program anew).
    init(run: String, data directory: String?, step: UInt64? = nil, averaged: Bool = true) throws {
        saved = try SavedState(run: run, step: step)
        configuration = try saved.folder.configuration().configuration
        try KernelChoice.require(configuration.kernel)
        data = try DataSet.open(configuration.data, directory: directory)
        inference = try Inference(
            model: configuration.model, pixels: data.train.pixels, tensors: saved.tensors(),
            averaged: averaged && configuration.average > 0)
    }

    var training: TrainingSettings {
        configuration.training(pixels: data.train.pixels, trainingImages: data.train.count)
    }
}
