import ArgumentParser
import Autoencoder
import Kernels
import Runs

/// `lockstep digest`: 64 hex digits that two runs share when their weights are the same, bit for bit.
struct DigestOf: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "digest", abstract: "SHA-256 of a run's weights (or, with --full, of its whole training state).",
        discussion: """
            --golden needs no run: it computes the short reference runs here, and says whether this machine comes to the digests that every other does.
            Example:  lockstep digest first@500
            """)

    @Argument(help: RunReference.help, completion: Completions.runs)
    var name: String?

    @Option(help: "The checkpoint after so many steps (default: the newest whole one).")
    var step: UInt64?

    @Flag(help: "Every tensor of the state, then step and epoch.")
    var full = false

    @Flag(help: "The digests of the reference runs on this machine, and whether they are as expected.")
    var golden = false

    func validate() throws {
        if golden, name != nil || step != nil || full {
            throw ValidationError("--golden is of this machine, not of a run: give it alone")
        }
        if !golden, name == nil { throw ValidationError("name a run (RUN, RUN@STEP or latest), or give --golden") }
    }

    func run() throws {
        try finishing {
            guard let name else { return try compareReferences() }
            Output.result(try SavedState(name, step: step).digest(full: full))
            return 0
        }
    }

    private func compareReferences() throws -> Int32 {
        var isAlike = true
        for run in ReferenceRun.all {
            let digest = try run.digestHere()
            isAlike = isAlike && digest == run.digest
            Output.result("\(run.precision.rawValue)  \(digest)  \(digest == run.digest ? "as expected" : "differs")")
        }
        return isAlike ? 0 : 1
    }
}
