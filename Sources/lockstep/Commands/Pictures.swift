import ArgumentParser
import Cluster
import Evaluation
import Foundation
import Runs

/// `lockstep figures`: a run's pictures, drawn anew.
struct DrawFigures: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "figures", abstract: "Draw a run's pictures: reconstructions, samples, walk, codes, losses.",
        discussion: """
            They go to the run's figures folder, and to that of the epoch in it; those of a checkpoint that is not the newest one to
            figures/step-STEP alone.
            Example:  lockstep figures latest
            """)

    @OptionGroup var trained: TrainedOptions

    func run() throws {
        try finishing {
            let run = try trained.open()
            try run.saved.folder.requireFiguresFolder()
            let pictures = RunPictures(folder: run.saved.folder, configuration: run.configuration, data: run.data)
            let info = run.saved.checkpoint.info
            if let metrics = try? MetricsReader(path: run.saved.folder.metricsPath), let first = metrics.passedOver.first {
                Output.note("\(metrics.passedOver.count) lines of the metrics cannot be read: \(first)")
            }
            let newest = try run.saved.folder.checkpoints().newestWhole().checkpoint
            let drawn = try pictures.draw(
                run.inference, step: info.step, epoch: info.epoch, isNewest: info.step >= newest?.info.step ?? 0)
            for path in drawn.paths { Output.result(path) }
            for warning in drawn.warnings { Output.complain(warning) }
            return drawn.leftOut.isEmpty ? 0 : 1
        }
    }
}

/// `lockstep evaluate`: the held-out figures of one or more runs.
struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Compute the held-out figures of runs: reconstruction, code, holes, energy distance.",
        discussion: "Example:  lockstep evaluate first second@500 --json")

    @Argument(help: RunReference.help, completion: Completions.runs)
    var runs: [String]

    @Option(
        help: "Where the run's data is now (default: where it was; then LOCKSTEP_DATA and the cache folder).",
        completion: .directory)
    var data: String?

    @Flag(help: "As JSON, a line a run.")
    var json = false

    func run() throws {
        try finishing {
            guard !runs.isEmpty else { throw UsageError("name at least one run, for example `lockstep evaluate latest`") }
            for name in runs {
                let run = try TrainedRun(run: name, data: data)
                let figures = try HeldOut(configuration: run.configuration, data: run.data).figures(run.inference)
                let info = run.saved.checkpoint.info
                Output.result(
                    json
                        ? figures.json(run: run.saved.folder.name, step: info.step).text
                        : figures.text(run: run.saved.folder.name, step: info.step))
            }
            return 0
        }
    }
}
