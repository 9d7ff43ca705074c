import ArgumentParser
import Figures
import Runs
import Wire

/// `lockstep compare`: runs side by side.
struct Compare: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Compare runs: the settings that differ, held-out and evaluated figures, and the losses on one picture.",
        discussion: """
            Of RUN@STEP the figures and losses up to that step count. A picture has the losses that all of the runs have.
            Example:  lockstep compare first second --out curves.png
            """)

    @Argument(help: RunReference.help, completion: Completions.runs)
    var runs: [String]

    @Option(help: "Where to write the curves (.png).", completion: .file(extensions: ["png"]))
    var out: String?

    @Flag(help: "As JSON.")
    var json = false

    func validate() throws {
        guard runs.count > 1 else {
            throw ValidationError("compare is of two runs or more; name them, as in `lockstep compare first second`")
        }
        guard let out else { return }
        try OutputEnding.require([.png], of: out)
        guard runs.count <= Figures.mostCompared else {
            throw ValidationError(
                "--out with \(runs.count) runs: the colours of one picture are for \(Figures.mostCompared); name fewer, or leave --out out"
            )
        }
    }

    func run() throws {
        try finishing {
            if let out { try OutputTargets.require([out]) }
            let compared = try runs.map { typed in
                let reference = try RunReference(parsing: typed)
                return try RunComparison.Run(
                    RunFolder.open(reference.run), name: typed.printable(4096), step: reference.step)
            }
            for run in compared where run.metrics == nil {
                Output.note("\(run.name) has no metrics that can be read: it has no figures and no curves here")
            }
            let comparison = RunComparison(compared)
            Output.result(json ? comparison.json.text : comparison.text)
            guard let out else { return 0 }
            try PNG.write(comparison.picture, to: out)
            Output.note("the losses that they have in common are in \(out)")
            return 0
        }
    }
}
