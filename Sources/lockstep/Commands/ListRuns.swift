import ArgumentParser
import Runs
import Waiting
import Wire

/// `lockstep runs`: the runs below a folder, beside each other.
struct ListRuns: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runs", abstract: "List the runs below a folder, the newest first: how far, how good, and in which state.",
        discussion: """
            A state is one of running, finished, diverged (a gradient was not finite), stopped (resume goes on) and damaged, with what is
            wrong. The figure is the variant's own on held-out images, else how far the codes are from the prior.
            Example:  lockstep runs --json
            """)

    @Argument(help: "Folders that hold runs, or runs (default: ./runs).", completion: .directory)
    var folders: [String] = []

    @Flag(help: "As JSON, a line a run.")
    var json = false

    func run() throws {
        try finishing {
            let places = folders.isEmpty ? [RunFolder.defaultParent] : folders
            for place in folders where !RunFolder.exists(place) {
                throw LocalError("there is no folder \(place); name one that holds runs")
            }
            // Where no run was begun from here yet, the folder does not exist.
            let runs = try places.filter(RunFolder.exists).flatMap { try RunList.summaries(below: $0) }
            guard !runs.isEmpty else {
                Output.note("no run is in \(places.joined(separator: ", ")); `lockstep train` begins one")
                return 0
            }
            let sorted = RunList.newestFirst(runs)
            if json {
                for run in sorted { Output.result(RunTable.json(run).text) }
            } else {
                Output.result(RunTable(sorted.map(\.printable)).text)
            }
            return 0
        }
    }
}

extension RunSummary {
    /// The summary with names of folders and files, which may hold any characters, made safe for a terminal.
    fileprivate var printable: RunSummary {
        var shown = self
        shown.name = name.printable(4096)
        shown.recipe = recipe?.printable(4096)
        shown.problem = problem?.printable(4 * RunTable.width)
        return shown
    }
}
