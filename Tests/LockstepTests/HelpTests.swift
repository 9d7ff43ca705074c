import Foundation
import Runs
import TestSupport
import Testing

/// What the command says of itself: help by what a person wants to do, an example each, and words for the shell.
struct HelpTests {
    /// Names of the commands that a help lists.
    private func commands(of path: [String]) throws -> [String] {
        let text = try LockstepProcess.run(path + ["--help"]).output
        var isList = false
        return text.split(separator: "\n", omittingEmptySubsequences: false).compactMap { line in
            if line.hasSuffix(":"), !line.hasPrefix(" ") { isList = line.contains("SUBCOMMANDS") }
            guard isList, let match = line.firstMatch(of: #/^  ([a-z]+)\s/#) else { return nil }
            return String(match.1)
        }
    }

    @Test("commands stand in groups, and each has an example whose flags it knows")
    func examples() throws {
        let overview = try LockstepProcess.run(["--help"]).output.uppercased()
        for group in ["TRAIN", "LOOK", "HOSTS", "VERIFY"] { #expect(overview.contains("\(group) SUBCOMMANDS"), "\(overview)") }
        let top = try commands(of: [])
        #expect(top.count >= 19 && !top.contains("agent"), "\(top)")
        let paths = try top.map { [$0] } + ["data", "bench"].flatMap { parent in try commands(of: [parent]).map { [parent, $0] } }
        for path in paths {
            let help = try LockstepProcess.run(path + ["--help"]).output
            let example = try #require(help.firstMatch(of: #/Example:\s+(lockstep .*)/#)?.1, "\(path): \(help)")
            let words = example.split(separator: " ").dropFirst().map(String.init)
            #expect(Array(words.prefix(path.count)) == path, "\(example)")
            // The example may be of a command below this one: its names end where a run, a set or a flag begins.
            let names = words.prefix { $0.allSatisfy(\.isLetter) && !["first", "latest", "mnist", "quickstart"].contains($0) }
            let named = try LockstepProcess.run(names + ["--help"]).output
            for flag in words where flag.hasPrefix("-") {
                #expect(named.contains("\(flag) ") || named.contains("\(flag),"), "\(path): \(flag)")
            }
        }
    }

    @Test("completions know recipes, settings and runs")
    func completions() throws {
        for shell in ["bash", "zsh", "fish"] {
            let script = try LockstepProcess.run(["--generate-completion-script", shell])
            #expect(script.status == 0 && script.output.contains("mnist-gaussian-2d") && script.output.contains("skylakex"))
        }
        let scratch = Scratch()
        let runs = scratch.path + "/runs"
        try FileManager.default.createDirectory(atPath: runs + "/mine", withIntermediateDirectories: true)
        try "seed: 1\n".write(toFile: runs + "/mine/config.yaml", atomically: true, encoding: .utf8)
        let named = try LockstepProcess.run(["---completion", "digest", "--", "positional@0", "1", "0", ""], in: scratch.path)
        #expect(named.output.split(separator: "\n").contains("mine"), "\(named)")
        for (folder, isOffered) in [("runs", false), ("elsewhere", true)] {
            let name = scratch.path + "/" + folder
            try FileManager.default.createDirectory(atPath: name, withIntermediateDirectories: true)
            if isOffered { try "seed: 1\n".write(toFile: name + "/config.yaml", atomically: true, encoding: .utf8) }
            let offered = { (beginning: String, shell: String) in
                try LockstepProcess.run(
                    ["---completion", "digest", "--", "positional@0", "1", "\(beginning.count)", beginning],
                    environment: ["SAP_SHELL": shell], in: scratch.path
                ).output.split(separator: "\n").map(String.init)
            }
            #expect(try offered("", "bash").contains(folder) == isOffered)
            #expect(try offered(String(folder.prefix(2)), "bash").contains(folder))
            #expect(try offered(String(folder.prefix(2)), "fish").contains(folder + "/"))
        }
        let keys = try LockstepProcess.run(["---completion", "train", "--", "--set", "1", "7", "phases."], in: scratch.path)
        #expect(keys.output.split(separator: "\n").contains("phases.reconstruction.rate="), "\(keys)")
        #expect(!keys.output.contains("seed="))
    }
}
