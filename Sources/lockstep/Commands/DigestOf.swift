import ArgumentParser
import Runs

/// `lockstep digest`: 64 hex digits that two runs share when their weights are the same, bit for bit.
struct DigestOf: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "digest", abstract: "SHA-256 of a run's weights (or, with --full, of its whole training state).",
        discussion: "Example:  lockstep digest first@500")

    @Argument(help: RunReference.help, completion: Completions.runs)
    var name: String

    @Option(help: "The checkpoint after so many steps (default: the newest whole one).")
    var step: UInt64?

    @Flag(help: "Every tensor of the state, then step and epoch.")
    var full = false

    func run() throws {
        try finishing {
            Output.result(try SavedState(name, step: step).digest(full: full))
            return 0
        }
    }
}
