import Foundation
import Runs
import TestSupport
import Testing

/// `train --seeds`: several runs of one command, and the table of them.
@Suite(.serialized)
struct SeedsTests {
    private func seeds(_ list: String, _ scratch: Scratch, _ more: [String] = []) -> [String] {
        ["train"] + LockstepProcess.small + ["--seeds", list, "--run", scratch.file("mine")] + more
    }

    private func digest(_ run: String) throws -> String {
        try LockstepProcess.run(["digest", run]).output.trimmingCharacters(in: .newlines)
    }

    private func names(_ scratch: Scratch) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: scratch.path).filter { $0.hasPrefix("mine") }.sorted()
    }

    /// What stands in a run's folder, with the times of the last change.
    private func state(_ run: String) throws -> [String: String] {
        let names = ["."] + (FileManager.default.enumerator(atPath: run)?.compactMap { $0 as? String } ?? [])
        return try Dictionary(
            uniqueKeysWithValues: names.map { name in
                let about = try FileManager.default.attributesOfItem(atPath: run + "/" + name)
                return (name, "\(about[.size] ?? "") \(about[.modificationDate] ?? "")")
            })
    }

    @Test(
        "a list that is none, a seed that stands twice and a second word on the seed are refused, and nothing is created",
        arguments: [
            (["--seeds", ""], "as in 1,2,5-8"), (["--seeds", "1,,2"], "as in 1,2,5-8"), (["--seeds", "one"], "as in 1,2,5-8"),
            (["--seeds", "1-2-3"], "as in 1,2,5-8"), (["--seeds", "+1"], "as in 1,2,5-8"),
            (["--seeds", "18446744073709551616"], "as in 1,2,5-8"), (["--seeds", "8-5"], "lower end"),
            (["--seeds", "1,2,1"], "seed 1 stands there twice"), (["--seeds", "1-3,3"], "seed 3 stands there twice"),
            (["--seeds", "0-18446744073709551615"], "too many"), (["--seeds", "1-600,601-1200"], "too many"),
            (["--seeds", "1,2", "--seed", "3"], "--seeds and --seed both"),
            (["--seeds", "1,2", "--set", "seed=3"], "--seeds and --set seed both"),
            (["--seeds", "1,2", "--run", "/"], "names no folder"), (["--seeds", "1,2", "--run", "."], "names no folder"),
            (["--seeds", "1,2", "--run", ".."], "names no folder"), (["--seeds", "1,2", "--run", "runs/./"], "names no folder"),
            (["--seeds", "1,2", "--run", ""], "names no folder"), (["--seeds", "1,2", "--set", "modle.code=3"], "model"),
        ])
    func refused(_ arguments: [String], _ word: String) throws {
        let scratch = Scratch()
        let result = try LockstepProcess.run(["train"] + LockstepProcess.small + arguments, in: scratch.path)
        #expect(result.status == 64 && result.errors.contains(word), "\(arguments): \(result.errors)")
        #expect(result.output.isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).isEmpty)
    }

    @Test("each seed is the run that --seed makes; given again, the line passes over what is finished and begins what is missing")
    func sweep() throws {
        let scratch = Scratch()
        let first = try LockstepProcess.run(seeds("1,3", scratch))
        #expect(first.status == 0, "\(first.errors)")
        #expect(try names(scratch) == ["mine-seed-1", "mine-seed-3"])
        let lines = first.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        #expect(lines.map(\.first) == ["seed", "1", "3", "mean", "±"], "\(first.output)")
        #expect(
            lines[0].prefix(3) == ["seed", "epoch", "reconstruction"] && first.output.contains("  code std  "), "\(first.output)")
        let alone = try LockstepProcess.run(["train"] + LockstepProcess.small + ["--seed", "3", "--run", scratch.file("alone")])
        #expect(alone.status == 0, "\(alone.errors)")
        #expect(try digest(scratch.file("alone")) == digest(scratch.file("mine-seed-3")))
        #expect(try digest(scratch.file("mine-seed-1")) != digest(scratch.file("mine-seed-3")))

        let before = try [1, 3].map { try state(scratch.file("mine-seed-\($0)")) }
        let dry = try LockstepProcess.run(seeds("1-3", scratch, ["--dry-run"]))
        #expect(dry.status == 0 && dry.output.contains("seed: 1\n"), "\(dry.errors)")
        for (seed, words) in [(1, "is finished, after step 24"), (2, "begins"), (3, "is finished, after step 24")] {
            #expect(dry.output.contains("\(seed) \(words): \(scratch.file("mine-seed-\(seed)"))\n"), "\(dry.output)")
        }
        #expect(try names(scratch) == ["mine-seed-1", "mine-seed-3"])

        let second = try LockstepProcess.run(seeds("1-3", scratch, ["--json"]))
        #expect(second.status == 0, "\(second.errors)")
        for seed in [1, 3] { #expect(second.errors.contains("seed \(seed) is finished, after step 24"), "\(second.errors)") }
        #expect(try before == [1, 3].map { try state(scratch.file("mine-seed-\($0)")) })
        try check(JSON(parsing: second.output), seeds: [1, 2, 3], scratch)
        // All of them finished: the table alone, by the shortest way.
        #expect(try LockstepProcess.run(seeds("1-3", scratch, ["--json"])).output == second.output)
    }

    /// What the JSON says, against the runs' own metrics.
    private func check(_ table: JSON, seeds: [UInt64], _ scratch: Scratch) throws {
        let rows = try #require(table["seeds"]?.arrayValue)
        #expect(rows.map { $0["seed"]?.unsignedValue } == seeds)
        let last = try seeds.map { seed -> Double in
            let epoch = try #require(MetricsReader.lastEpoch(path: scratch.file("mine-seed-\(seed)/metrics.jsonl")))
            return try #require(epoch.reconstruction)
        }
        #expect(rows.map { $0["validation"]?["reconstruction"]?.doubleValue } == last)
        #expect(
            try rows.map { try #require($0["digest"]?.stringValue) } == seeds.map { try digest(scratch.file("mine-seed-\($0)")) })
        let mean = last.reduce(0, +) / Double(last.count)
        let std = (last.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(last.count - 1)).squareRoot()
        let saidMean = try #require(table["mean"]?["reconstruction"]?.doubleValue)
        let saidStd = try #require(table["std"]?["reconstruction"]?.doubleValue)
        #expect(abs(saidMean - mean) <= 1e-12 * mean && abs(saidStd - std) <= 1e-9 * std)
    }

    @Test("a run that is unfinished goes on to where the command ends it, with the bits of one that was never interrupted")
    func unfinished() throws {
        let scratch = Scratch()
        let part = try LockstepProcess.run(
            ["train"] + LockstepProcess.small + ["--seed", "2", "--steps", "5", "--run", scratch.file("mine-seed-2")])
        #expect(part.status == 0, "\(part.errors)")
        let result = try LockstepProcess.run(seeds("2", scratch))
        #expect(result.status == 0 && result.errors.contains("seed 2 goes on after step 5"), "\(result.errors)")
        #expect(result.output.contains("mean") && !result.output.contains("±"), "\(result.output)")
        let whole = try LockstepProcess.run(["train"] + LockstepProcess.small + ["--seed", "2", "--run", scratch.file("whole")])
        #expect(whole.status == 0, "\(whole.errors)")
        #expect(try digest(scratch.file("whole")) == digest(scratch.file("mine-seed-2")))
    }

    @Test("what goes on follows the command in what it keeps and draws, and ends with the step that it names")
    func course() throws {
        let scratch = Scratch()
        let run = scratch.file("mine-seed-2")
        let end = ["--epochs", "3", "--steps", "9"]
        let part = try LockstepProcess.run(["train"] + LockstepProcess.small + ["--seed", "2", "--steps", "5", "--run", run])
        #expect(part.status == 0, "\(part.errors)")
        let more = ["--set", "checkpoint={every_steps: 1, keep: 2}", "--set", "figures.every_epochs=1", "--workers", "1"]
        let result = try LockstepProcess.run(seeds("2", scratch, end + more))
        #expect(result.status == 0, "\(result.errors)")
        let folder = try RunFolder.open(run)
        #expect(try folder.checkpoints().steps() == [8, 9] && folder.hasFigures)
        let kept = try folder.configuration().configuration
        #expect(kept.epochs == 3 && kept.steps == 9 && kept.checkpoint.keep == 2)
        // Without `end` in the command line the run is to be longer, and is not finished.
        let dry = try LockstepProcess.run(seeds("2", scratch, ["--dry-run", "--json"]))
        #expect(dry.status == 0, "\(dry.errors)")
        let plan = try #require(try JSON(parsing: dry.output)["seeds"]?.arrayValue?.first)
        #expect(plan["what"]?.stringValue == "goes on after step 9" && plan["run"]?.stringValue == run, "\(dry.output)")
    }

    @Test("a folder that holds another run, or one that has come further, is named with the difference before anything is done")
    func difference() throws {
        let scratch = Scratch()
        let there = try LockstepProcess.run(
            ["train"] + LockstepProcess.small + ["--seed", "2", "--run", scratch.file("mine-seed-2")])
        #expect(there.status == 0, "\(there.errors)")
        let before = try state(scratch.file("mine-seed-2"))
        for (more, words) in [
            (["--minibatch", "30"], "minibatch (36 there, now 30)"), (["--set", "model.code=3"], "model.code (2 there, now 3)"),
            (["--set", "variant=supervised", "--set", "model.code=3"], "of seed 2: variant (basic there, now supervised); give"),
            (["--epochs", "1"], "has done 24 steps, and this command ends its runs after step 12"),
        ] {
            for list in ["1,2", "2"] {
                let result = try LockstepProcess.run(seeds(list, scratch, more))
                #expect(result.status == 1 && result.errors.contains(words) && result.output.isEmpty, "\(result.errors)")
            }
        }
        try FileManager.default.moveItem(atPath: scratch.file("mine-seed-2"), toPath: scratch.file("mine-seed-4"))
        let other = try LockstepProcess.run(seeds("1,4", scratch))
        #expect(other.status == 1 && other.errors.contains("seed (2 there, now 4)"), "\(other.errors)")
        #expect(try names(scratch) == ["mine-seed-4"])
        #expect(try state(scratch.file("mine-seed-4")) == before)
        try FileManager.default.createDirectory(atPath: scratch.file("mine-seed-5/notes"), withIntermediateDirectories: true)
        let none = try LockstepProcess.run(seeds("1,5", scratch))
        #expect(none.status == 1 && none.errors.contains("is not a run"), "\(none.errors)")
        #expect(try names(scratch) == ["mine-seed-4", "mine-seed-5"])
    }

    @Test("Control-C stops the run under way with its checkpoint and begins no other; the line that it names goes on")
    func interrupted() throws {
        let scratch = Scratch()
        let long = seeds("1,2", scratch, ["--epochs", "5000", "--set", "evaluate.every_epochs=0"])
        var done: UInt64 = 0
        for number in 1...2 {
            let run = try LockstepProcess(long)
            let steps = scratch.size(of: "mine-seed-1/metrics.jsonl")
            let started = LockstepProcess.eventually {
                scratch.size(of: "mine-seed-1/metrics.jsonl") > steps + 2000 || !run.process.isRunning
            }
            #expect(started && run.process.isRunning, "\(run.errorsSoFar)")
            let family = run.family()
            #expect(
                family.compactMap { LockstepProcess.role(of: $0) }.sorted()
                    == [
                        "coordinator", number == 1 ? "train" : "resume", "worker", "worker",
                    ].sorted())
            kill(run.process.processIdentifier, number == 1 ? SIGINT : SIGTERM)
            let result = try run.wait()
            #expect(result.status == 0 && result.output.isEmpty, "\(result.errors)")
            #expect(result.errors.contains("stopped before the end of seed 1; `lockstep train "), "\(result.errors)")
            #expect(result.errors.contains(" --seeds 1,2 --run \(scratch.file("mine")) "), "\(result.errors)")
            if number == 2 { #expect(result.errors.contains("seed 1 goes on after step \(done)"), "\(result.errors)") }
            #expect(family.allSatisfy { LockstepProcess.role(of: $0) == nil })
            let newest = try #require(try RunFolder.open(scratch.file("mine-seed-1")).checkpoints().newestWhole().checkpoint)
            #expect(newest.info.step > done)
            done = newest.info.step
            #expect(try names(scratch) == ["mine-seed-1"])
        }
    }

    @Test("a second signal ends the run under way and the command at once")
    func secondSignal() throws {
        let scratch = Scratch()
        let run = try LockstepProcess(seeds("1,2", scratch, ["--epochs", "5000", "--set", "evaluate.every_epochs=0"]))
        #expect(LockstepProcess.eventually { scratch.size(of: "mine-seed-1/metrics.jsonl") > 2000 || !run.process.isRunning })
        let family = run.family()
        let lead = try #require(family.first { LockstepProcess.role(of: $0) == "coordinator" })
        // It cannot end by itself, so that the first signal leaves everything as it is.
        kill(lead, SIGSTOP)
        kill(run.process.processIdentifier, SIGINT)
        kill(run.process.processIdentifier, SIGTERM)
        let result = try run.wait()
        #expect([130, 143].contains(result.status), "\(result.status) \(result.errors)")
        #expect(LockstepProcess.eventually { family.allSatisfy { LockstepProcess.role(of: $0) == nil } })
        #expect(try names(scratch) == ["mine-seed-1"])
    }

    @Test("a run that fails ends the command with its status, and the seed is named")
    func failure() throws {
        let scratch = Scratch()
        let run = try LockstepProcess(
            seeds("4,5", scratch, ["--epochs", "5000", "--workers", "1", "--max-restarts", "0"]))
        #expect(LockstepProcess.eventually { scratch.size(of: "mine-seed-4/metrics.jsonl") > 2000 || !run.process.isRunning })
        kill(try #require(run.family().first { LockstepProcess.role(of: $0) == "worker" }), SIGKILL)
        let result = try run.wait()
        #expect(result.status == 1 && result.output.isEmpty, "\(result.errors)")
        #expect(result.errors.contains("seed 4 ended with status 1, and no other was begun after it"), "\(result.errors)")
        #expect(try names(scratch) == ["mine-seed-4"])
    }

    @Test("--from names the same weights for each seed, though `latest` stands for another run by then")
    func from() throws {
        let scratch = Scratch()
        let small = LockstepProcess.small + ["--steps", "3"]
        #expect(try LockstepProcess.run(["train"] + small, in: scratch.path).status == 0)
        let base = try #require(RunFolder.names(under: scratch.path + "/runs").first)
        let swept = try LockstepProcess.run(
            ["train"] + small + ["--from", "latest", "--seeds", "1,2", "--set", "name=swept"], in: scratch.path)
        #expect(swept.status == 0, "\(swept.errors)")
        let alone = try LockstepProcess.run(
            ["train"] + small + ["--from", base, "--seed", "2", "--run", "alone"], in: scratch.path)
        #expect(alone.status == 0, "\(alone.errors)")
        #expect(try digest(scratch.file("alone")) == digest(scratch.file("runs/swept-seed-2")))
    }
}
