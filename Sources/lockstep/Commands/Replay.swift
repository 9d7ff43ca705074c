import ArgumentParser
import Autoencoder
import Datasets
import Foundation
import Kernels
import Processes
import Runs
import Waiting

/// `lockstep replay`: repeats one step of a run and writes all its inputs and results to a file, so that other software can
/// check the arithmetic.
struct Replay: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Repeat one step of a run and write its inputs, losses, gradients and weights to a file.",
        discussion: """
            Starts from the nearest checkpoint before the step (or from the seed) and computes up to it in this process.
            Example:  lockstep replay first --step 3 --out step3.safetensors
            """)

    @Argument(
        help: "RUN or RUN@STEP: a path, a name under ./runs, or `latest`, and the step to repeat.", completion: Completions.runs)
    var name: String

    @Option(help: "The step, counted from 1 as in metrics.jsonl, where RUN does not name it.")
    var step: UInt64?

    @Option(help: "Where to write (safetensors).", completion: .file())
    var out: String

    @Option(
        help: "Where the run's data is now (default: where it was; then LOCKSTEP_DATA and the cache folder).",
        completion: .directory)
    var data: String?

    func validate() throws {
        if step == 0 { throw ValidationError("--step is 0; steps count from 1") }
        try OutputEnding.require([.safetensors], of: out)
    }

    func run() throws {
        try finishing {
            try OutputTargets.require([out])
            let reference = try RunReference(parsing: name, flag: step)
            guard let step = reference.step, step >= 1 else {
                throw UsageError("say which step to repeat, counted from 1: \(reference.run)@STEP or --step STEP")
            }
            let folder = try RunFolder.open(reference.run)
            let own = try folder.configuration().configuration
            try folder.requireCheckpoints(of: own)
            try KernelChoice.require(own.kernel)
            let (configuration, data) = try FetchMeter.converting { progress in
                try folder.openData(own, directory: self.data, progress: progress)
            }
            try folder.requireStep(step, of: configuration, trainingImages: data.train.count)
            let images = try configuration.stepImages(data)
            let replica = try Replica(images.settings)
            let before = try folder.checkpoints().newestWhole(before: step)
            for left in before.leftOut { Output.note("passed over a checkpoint: \(left)") }
            if let checkpoint = before.checkpoint { try StateFile.restore(replica, from: checkpoint.open()) }
            let trainer = try LocalTrainer(replica: replica, threads: MachineLimits.here.cores)
            let capture = ReplayCapture()
            while replica.step < step {
                try trainer.step(images.all(step: replica.step), capture: replica.step == step - 1 ? capture : nil)
            }
            let tensors = capture.tensors.filter { data.train.hasLabels || !$0.name.hasPrefix(ReplayCapture.labelsName) }
            try Safetensors.write(
                tensors,
                metadata: ["step": "\(step)", "configuration": configuration.yaml(), "chain": String(replica.chain, radix: 16)],
                to: out)
            Output.note("step \(step) of \(folder.name): \(tensors.count) tensors in \(out)")
            return try agrees(folder, at: step, chain: replica.chain)
        }
    }

    /// The run itself recorded the chain hash of its sums: the replay must arrive at the same.
    private func agrees(_ folder: RunFolder, at step: UInt64, chain: UInt64) throws -> Int32 {
        guard let recorded = try StepsLog.read(folder.stepsLogPath).last(where: { $0.step == step })?.chain else {
            Output.note("the run has not come to this step itself, so there is nothing to compare with")
            return 0
        }
        guard recorded == chain else {
            throw LocalError(
                "the replay's sums differ from the run's (chain \(String(chain, radix: 16)), recorded \(String(recorded, radix: 16))): was the run made on another kernel or with mixed ones?"
            )
        }
        Output.note("the sums are the run's own, bit for bit (chain \(String(chain, radix: 16)))")
        return 0
    }
}
