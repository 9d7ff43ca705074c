import ArgumentParser
import Figures
import Foundation
import Kernels
import Runs
import Wire

/// `lockstep figures`: a run's pictures, drawn anew; or runs side by side.
struct DrawFigures: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "figures", abstract: "Draw a run's pictures, those of the paper among them, or lay runs side by side.",
        discussion: """
            Of one run: reconstructions, samples beside their nearest training images, codes, losses, and what its variant has: walk, petals,
            styles, clusters, representations. They go to the run's figures folder, and to that of the epoch in it; those of a checkpoint
            that is not the newest one to figures/step-STEP alone.
            Of two to four runs one picture: codes on common axes with holes and energy distance, and walks, where all codes are in the
            plane; otherwise samples, and reconstructions of the same held-out images.
            Example:  lockstep figures first second --out beside.png
            """)

    @OptionGroup var trained: TrainedOptions

    @Argument(help: "More runs, to be laid beside the first on one picture.", completion: Completions.runs)
    var beside: [String] = []

    @Option(
        help: "Where to write runs side by side (.png; default: beside-OTHER.png in the first one's figures folder).",
        completion: .file(extensions: ["png"]))
    var out: String?

    func validate() throws {
        guard !beside.isEmpty else {
            guard out == nil else {
                throw ValidationError(
                    "--out is for runs side by side, and the pictures of one go to its folder; name two, as in `lockstep figures first second --out beside.png`"
                )
            }
            return
        }
        if let out { try OutputEnding.require([.png], of: out) }
        guard beside.count < RunsBeside.most else {
            throw ValidationError(
                "\(beside.count + 1) runs are too many to be seen side by side; name at most \(RunsBeside.most)")
        }
        guard trained.step == nil else {
            throw ValidationError("--step is a step of one run; side by side name each with its own, as in `first@500 second@500`")
        }
    }

    func run() throws {
        try finishing { try beside.isEmpty ? draw() : layBeside() }
    }

    private func draw() throws -> Int32 {
        let run = try trained.open()
        try run.saved.folder.requireFiguresFolder()
        let pictures = RunPictures(folder: run.saved.folder, configuration: run.configuration, data: run.data)
        let info = run.saved.checkpoint.info
        if let metrics = try? MetricsReader(path: run.saved.folder.metricsPath), let first = metrics.passedOver.first {
            Output.note("\(metrics.passedOver.count) lines of the metrics cannot be read: \(first)")
        }
        let newest = try run.saved.folder.checkpoints().newestWhole().checkpoint
        let drawn = try pictures.draw(
            run.inference, step: info.step, epoch: info.epoch, isNewest: info.step >= newest?.info.step ?? 0, occasion: .asked,
            team: Self.team())
        for path in drawn.paths { Output.result(path) }
        for warning in drawn.warnings { Output.complain(warning) }
        return drawn.leftOut.isEmpty ? 0 : 1
    }

    private static func team() -> ThreadTeam {
        ThreadTeam(threads: MemoryRoom.threads(atMost: MachineLimits.here.cores), name: "figures")
    }

    // MARK: Side by side

    private func layBeside() throws -> Int32 {
        let names = [trained.run] + beside
        let opened = try names.map { try TrainedRun(run: $0, data: trained.data) }
        let runs = try RunsBeside(
            opened.map { run in
                let info = run.saved.checkpoint.info
                return RunsBeside.Run(
                    name: run.saved.folder.name, configuration: run.configuration, data: run.data,
                    inference: run.inference, step: info.step, epoch: info.epoch)
            })
        for note in runs.notes { Output.note("note: \(note.printable(8000))") }
        let picture = try runs.picture(team: Self.team())
        let path = try out ?? Self.usualPath(opened)
        try PNG.write(picture, to: path)
        Output.result(path)
        return 0
    }

    /// The default path: in the first run's folder, named after the others.
    private static func usualPath(_ runs: [TrainedRun]) throws -> String {
        let folder = runs[0].saved.folder
        try folder.requireFiguresFolder()
        let others = runs.dropFirst().map(\.saved.folder.name).joined(separator: "-").printable(100)
        return "\(folder.figuresPath)/beside-\(others).png"
    }
}
