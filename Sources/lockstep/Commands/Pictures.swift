import ArgumentParser
import Cluster
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
