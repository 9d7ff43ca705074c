import Foundation
import Runs
import TestSupport
import Testing

/// `lockstep evaluate`, as a person types it.
@Suite(.serialized)
struct EvaluateTests {
    /// A folder with a finished run named "run" whose label head is taught, and checkpoints of steps 12 and 24.
    private static let trained: Result<Scratch, any Error> = Result {
        let scratch = Scratch()
        let sizes = [
            "data.train=400", "data.validation=100", "model.encoder=[24]", "model.decoder=[24]", "model.discriminator=[16]",
            "figures.every_epochs=0", "evaluate.every_epochs=1", "checkpoint.every_epochs=1",
        ].flatMap { ["--set", $0] }
        let result = try LockstepProcess.run(
            ["train", "--recipe", "semi-supervised", "--minibatch", "50", "--epochs", "2", "--run", scratch.file("run")] + sizes)
        try #require(result.status == 0, "\(result.errors)")
        return scratch
    }

    private func lockstep(_ arguments: [String]) throws -> LockstepProcess.Result {
        try LockstepProcess.run(arguments, in: Self.trained.get().path)
    }

    private func file(_ name: String) throws -> JSON {
        try JSON(parsing: String(contentsOfFile: Self.trained.get().path + "/run/" + name, encoding: .utf8))
    }

    private static let quick = "reconstruction,codes,classification,parzen"

    @Test("it prints a table and writes evaluation.json, whose figures are those that --json prints")
    func table() throws {
        try? FileManager.default.removeItem(atPath: Self.trained.get().path + "/run/evaluation.json")
        let result = try lockstep(["evaluate", "run", "--only", Self.quick, "--samples", "2000"])
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output.hasPrefix("run, step 16, on test images of glyphs, seed 0\n"), "\(result.output)")
        for words in ["classification error", "one class for all: ", "parzen, 2,000 samples", "prior to prior: "] {
            #expect(result.output.contains(words), "\(words): \(result.output)")
        }
        #expect(result.errors.contains("written to "))
        let written = try file("evaluation.json")
        #expect(written["recipe"]?.stringValue == "semi-supervised" && written["split"]?.stringValue == "test")
        #expect(written["parzen"]?["samples"]?.intValue == 2_000 && written["codes"]?["holes"]?.doubleValue != nil)
        let printed = try JSON(
            parsing: lockstep(["evaluate", "run", "--only", Self.quick, "--samples", "2000", "--threads", "1", "--json"]).output)
        #expect(printed == written)
    }

    @Test("of several runs a name that there is not is told before any is evaluated")
    func slip() throws {
        try? FileManager.default.removeItem(atPath: Self.trained.get().path + "/run/evaluation.json")
        let result = try lockstep(["evaluate", "run", "nosuch", "--only", "reconstruction"])
        #expect(result.status != 0 && result.output.isEmpty && result.errors.contains("nosuch"), "\(result.errors)")
        #expect(throws: (any Error).self) { try file("evaluation.json") }
    }

    @Test("validation figures are those of the epoch's line, and a checkpoint that is not the newest has a file of its own")
    func validation() throws {
        let before = try? file("evaluation.json")
        let result = try lockstep(
            ["evaluate", "run@8", "--split", "validation", "--only", "reconstruction,classification", "--json"])
        #expect(result.status == 0, "\(result.errors)")
        let found = try file("evaluation-step-00000008-validation.json")
        #expect(try found == JSON(parsing: result.output) && found["step"]?.unsignedValue == 8)
        let after = try? file("evaluation.json")
        #expect(after == before)
        let metrics = try MetricsReader(path: Self.trained.get().path + "/run/metrics.jsonl")
        let epoch = try #require(metrics.epochs.first { $0.epoch == 1 })
        #expect(found["classification"]?["error"]?.doubleValue == epoch.classificationError)
        #expect(found["reconstruction"]?.doubleValue == epoch.reconstruction)
    }

    @Test("parts that are merged are the evaluation, bit for bit; a part that is missing is named")
    func parts() throws {
        let flags = ["--only", Self.quick, "--samples", "3500"]
        #expect(try lockstep(["evaluate", "run"] + flags + ["--seed", "9"]).status == 0)
        let whole = try file("evaluation-seed-9.json")
        let first = try lockstep(["evaluate", "run"] + flags + ["--seed", "9", "--part", "1/2"])
        #expect(first.status == 0 && first.output.hasSuffix("/run/evaluation-seed-9-1-of-2.json\n"), "\(first.errors)")
        let early = try lockstep(["evaluate", "run", "--merge", "--seed", "9"])
        #expect(early.status == 1 && early.errors.contains("parts of the evaluation are missing in"), "\(early.errors)")
        #expect(try lockstep(["evaluate", "run"] + flags + ["--seed", "9", "--part", "2/2"]).status == 0)
        try FileManager.default.removeItem(atPath: Self.trained.get().path + "/run/evaluation-seed-9.json")
        let merged = try lockstep(["evaluate", "run", "--merge", "--seed", "9", "--json"])
        #expect(merged.status == 0, "\(merged.errors)")
        #expect(try file("evaluation-seed-9.json").text == whole.text && JSON(parsing: merged.output) == whole)
    }

    @Test("of several figures that are named one that the model lacks is noted, and the others are found")
    func lacking() throws {
        let result = try lockstep(["evaluate", "run", "--only", "iwae,reconstruction", "--seed", "4"])
        #expect(result.status == 0 && result.output.contains("reconstruction"), "\(result.errors)")
        #expect(result.errors.contains("note: --only iwae: this model has no lower bound"), "\(result.errors)")
        #expect(try file("evaluation-seed-4.json")["reconstruction"]?.doubleValue != nil)
        let help = try lockstep(["evaluate", "--help"]).output.split { $0.isWhitespace }.joined(separator: " ")
        #expect(help.contains("values: validation, test;") && !help.contains("train, validation"), "\(help)")
    }

    @Test("Control-C ends a long one with what it has, in the table and in the file", arguments: [SIGINT, SIGTERM])
    func interrupted(signal: Int32) throws {
        let folder = try Self.trained.get().path
        try? FileManager.default.removeItem(atPath: folder + "/run/evaluation.json")
        let run = try LockstepProcess(
            ["evaluate", "run", "--only", "reconstruction,parzen", "--samples", "10000000"], in: folder)
        let begun = LockstepProcess.eventually { run.errorsSoFar.contains(" left: parzen") || !run.process.isRunning }
        #expect(begun && run.process.isRunning, "\(run.errorsSoFar)")
        kill(run.process.processIdentifier, signal)
        let result = try run.wait()
        #expect(result.status == 0 && result.errors.contains("stopped (SIG"), "\(result.errors)")
        #expect(result.output.contains("reconstruction") && result.errors.contains("note: "), "\(result)")
        let written = try file("evaluation.json")
        #expect(written["reconstruction"]?.doubleValue != nil)
        // There is no value yet where it was ended while widths were chosen.
        #expect(written["parzen"]?["samples"]?.intValue ?? 1 < 10_000_000)
    }

    @Test("flags that cannot be are refused, and a name that misses one by a letter is told the nearest")
    func refused() throws {
        for (arguments, words) in [
            (["--only", "parsen"], "did you mean parzen?"), (["--only", ","], "--only names no figure"),
            (["--only", "iwae"], "--only iwae: this model has no lower bound"), (["--samples", "0"], "it must be 1 to 10000000"),
            (["--samples", "10000001"], "it must be 1 to 10000000"), (["--split", "train"], "The value 'train' is invalid"),
            (["--threads", "0"], "it must be 1 to"), (["--part", "3/2"], "write which part of how many"),
            (["--merge", "--part", "1/2"], "--merge takes parts as they are"),
        ] {
            let result = try lockstep(["evaluate", "run"] + arguments)
            #expect(result.status == 64 && result.errors.contains(words) && result.output.isEmpty, "\(arguments): \(result.errors)")
        }
    }
}
