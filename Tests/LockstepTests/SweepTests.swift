import Foundation
import Runs
import TestSupport
import Testing

/// `train --vary`: several settings, each with several values, by one command; and `--at-once`.
@Suite(.serialized)
struct SweepTests {
    private let labelled = [
        "--recipe", "semi-supervised", "--epochs", "1", "--set", "data.train=1000", "--set", "data.validation=500", "--set",
        "model={encoder: [20], decoder: [20], discriminator: [20]}", "--set", "figures.every_epochs=0",
    ]

    private func digest(_ run: String) throws -> String {
        try LockstepProcess.run(["digest", run]).output.trimmingCharacters(in: .newlines)
    }

    private func names(_ scratch: Scratch) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: scratch.path).filter { $0.hasPrefix("mine") }.sorted()
    }

    @Test(
        "axes that are none, that contradict each other or what is given are refused, and nothing is created",
        arguments: [
            (["--vary", "model.code"], "has no values"), (["--vary", "model.code="], "is empty"), (["--vary", "=1"], "is empty"),
            (["--vary", "model.code=1,,2"], "is empty"), (["--vary", "model.code=2,2"], "the value 2 stands there twice"),
            (["--vary", "model.code,model.code=2"], "the key model.code stands there twice"),
            (["--vary", "seed=one"], "is no seed"), (["--vary", "seed=01"], "is no seed"),
            (["--vary", "data.train=100,200"], "one data set"), (["--vary", "data={set: glyphs}"], "one data set"),
            (["--vary", "name=a,b"], "--run names the folders"), (["--vary", "modle.code=2,3"], "--vary modle.code"),
            (["--vary", "model.code=2,three"], "three"),
            (["--vary", "model={code: 2}", "--set", "model.code=3"], "--set model.code both"),
            (["--vary", "minibatch=50", "--minibatch", "50"], "--minibatch both"),
            (["--vary", "seed=1", "--seeds", "1"], "both say the seed"),
            (["--vary", "seed=1", "--seed", "1"], "both say the seed"),
            (["--vary", "model.code=2", "--vary", "model.code=3"], "say the same setting"),
            (["--vary", "average=0.5,'0.5'"], "would have one folder"),
            (["--vary", "model.code=2,3", "--seeds", "1-600"], "too many"),
            (["--at-once", "2"], "give --seeds or --vary"), (["--at-once", "0", "--seeds", "1"], "expected 1 to 64"),
        ])
    func refused(_ arguments: [String], _ word: String) throws {
        let scratch = Scratch()
        let result = try LockstepProcess.run(
            ["train", "--epochs", "1", "--run", scratch.file("mine")] + arguments, in: scratch.path)
        #expect(result.status == 64 && result.errors.contains(word), "\(arguments): \(result.errors)")
        #expect(result.output.isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).isEmpty)
    }

    @Test("every combination is the run that --set makes, two side by side too; means are over the seeds of one setting")
    func grid() throws {
        let scratch = Scratch()
        let line =
            ["train"] + labelled + ["--run", scratch.file("mine"), "--vary", "model.code=2,3", "--vary", "seed,labels.seed=1,2"]
        let dry = try LockstepProcess.run(line + ["--dry-run", "--json"])
        #expect(dry.status == 0, "\(dry.errors)")
        let forecast = try #require(try JSON(parsing: dry.output)["runs"]?.arrayValue)
        #expect(forecast.map { $0["set"]?["model.code"]?.stringValue } == ["2", "2", "3", "3"])
        #expect(forecast.map { $0["seed"]?.unsignedValue } == [1, 2, 1, 2])
        #expect(try names(scratch).isEmpty)

        let swept = try LockstepProcess.run(line + ["--at-once", "2", "--json"])
        #expect(swept.status == 0, "\(swept.errors)")
        #expect(swept.errors.contains("model.code 2, seed 2: epoch 1/1"), "\(swept.errors)")
        let folders = ["2-seed-1", "2-seed-2", "3-seed-1", "3-seed-2"].map { "mine-model.code-\($0)" }
        #expect(try names(scratch) == folders)
        let alone = try LockstepProcess.run(
            ["train"] + labelled
                + ["--run", scratch.file("alone"), "--set", "model.code=3", "--seed", "2", "--set", "labels.seed=2"])
        #expect(alone.status == 0, "\(alone.errors)")
        #expect(try digest(scratch.file("alone")) == digest(scratch.file(folders[3])))
        #expect(try Set(folders.map { try digest(scratch.file($0)) }).count == 4)

        let table = try JSON(parsing: swept.output)
        let runs = try #require(table["runs"]?.arrayValue)
        let groups = try #require(table["groups"]?.arrayValue)
        #expect(groups.map { $0["set"]?["model.code"]?.stringValue } == ["2", "3"])
        for (index, group) in groups.enumerated() {
            let values = try runs[2 * index..<2 * index + 2].map {
                try #require($0["validation"]?["classification"]?["error"]?.doubleValue)
            }
            let mean = try #require(group["mean"]?["classification"]?["error"]?.doubleValue)
            let std = try #require(group["std"]?["classification"]?["error"]?.doubleValue)
            #expect(abs(mean - (values[0] + values[1]) / 2) < 1e-12)
            #expect(abs(std - abs(values[0] - values[1]) / 2.0.squareRoot()) < 1e-12)
        }

        // Finished runs are skipped, whatever else is asked for now.
        let more = try LockstepProcess.run(
            ["train"] + labelled
                + ["--run", scratch.file("mine"), "--vary", "model.code=3,4", "--vary", "seed,labels.seed=2"])
        #expect(more.status == 0, "\(more.errors)")
        #expect(more.errors.contains("model.code 3, seed 2 is finished"), "\(more.errors)")
        #expect(more.errors.contains("model.code 4, seed 2 begins"), "\(more.errors)")
        let heads = more.output.split(separator: "\n").map { $0.split(separator: " ").prefix(2).joined(separator: " ") }
        #expect(heads == ["model.code seed", "3 2", "3 mean", "4 2", "4 mean"], "\(more.output)")
    }

    @Test("Control-C stops all that train side by side with their checkpoints, and the line goes on with each of them")
    func interrupted() throws {
        let scratch = Scratch()
        let line =
            ["train"] + LockstepProcess.small
            + ["--run", scratch.file("mine"), "--vary", "model.code=2,3,4", "--at-once", "2", "--epochs", "5000", "--set"]
            + ["evaluate.every_epochs=0"]
        let run = try LockstepProcess(line)
        let folders = ["mine-model.code-2", "mine-model.code-3"]
        let started = LockstepProcess.eventually {
            folders.allSatisfy { scratch.size(of: "\($0)/metrics.jsonl") > 2000 } || !run.process.isRunning
        }
        #expect(started && run.process.isRunning, "\(run.errorsSoFar)")
        let family = run.family()
        kill(run.process.processIdentifier, SIGINT)
        let result = try run.wait()
        #expect(result.status == 0 && result.output.isEmpty, "\(result.errors)")
        #expect(result.errors.contains("stopped before the end of model.code 2; `lockstep train "), "\(result.errors)")
        #expect(family.allSatisfy { LockstepProcess.role(of: $0) == nil })
        #expect(try names(scratch) == folders)
        for folder in folders {
            let newest = try #require(try RunFolder.open(scratch.file(folder)).checkpoints().newestWhole().checkpoint)
            #expect(newest.info.step > 0)
        }
        let dry = try LockstepProcess.run(line + ["--dry-run"])
        #expect(
            dry.output.contains("model.code 3 goes on after step") && dry.output.contains("model.code 4 begins"), "\(dry.output)")
    }

    @Test("one that fails lets those beside it end, begins no other, and is named")
    func failure() throws {
        let scratch = Scratch()
        let line =
            ["train"] + LockstepProcess.small
            + ["--run", scratch.file("mine"), "--vary", "phases.generator.rate=0.1,100000", "--seeds", "1,2", "--workers", "1"]
        let result = try LockstepProcess.run(line + ["--at-once", "4"])
        let ended = result.errors.split(separator: "\n").filter { $0.contains("ended with status") }
        #expect(result.status == 1 && result.output.isEmpty && !ended.isEmpty, "\(result.errors)")
        #expect(ended.allSatisfy { $0.contains("phases.generator.rate 100000, seed") }, "\(ended)")
        let again = try LockstepProcess.run(
            line.map { $0 == "phases.generator.rate=0.1,100000" ? "phases.generator.rate=0.1" : $0 })
        #expect(again.status == 0 && again.errors.contains("seed 1 is finished"), "\(again.errors)")
    }
}
