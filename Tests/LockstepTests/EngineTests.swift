import Foundation
import Kernels
import Runs
import TestSupport
import Testing

/// What a run's `engine` and `precision` are, and that they stay so.
@Suite(.serialized)
struct EngineTests {
    private func train(_ scratch: Scratch, _ name: String, _ options: [String], level: String? = nil) throws -> (
        Configuration, String
    ) {
        let result = try LockstepProcess.run(
            ["train"] + LockstepProcess.small + options + ["--run", scratch.file(name), "--json"],
            environment: level.map { ["LOCKSTEP_LEVEL": $0] } ?? [:])
        try #require(result.status == 0, "\(options): \(result.errors)")
        let digest = try #require(try JSON(parsing: result.output)["digest"]?.stringValue)
        return (try RunFolder.open(scratch.file(name)).configuration().configuration, digest)
    }

    @Test("bf16 trains to one digest at every level, over workers and topologies, which is not that of fp32")
    func precision() throws {
        let scratch = Scratch()
        let (plain, fp32) = try train(scratch, "fp32", [])
        #expect(plain.engine == .portable && plain.precision == .fp32 && plain.kernel == "auto")
        var digests: Set<String> = []
        for (index, level) in InstructionLevel.allCases.filter(\.isAvailable).enumerated() {
            let spread = index % 2 == 0 ? ["--workers", "3", "--topology", "server"] : ["--workers", "2", "--threads", "2"]
            let (configuration, digest) = try train(scratch, "\(level)", spread + ["--precision", "bf16"], level: "\(level)")
            #expect(configuration.precision == .bf16)
            digests.insert(digest)
        }
        #expect(digests.count == 1 && !digests.contains(fp32), "\(digests)")
    }

    @Test("a run keeps its engine and its precision: resume names both sides, and a copy of its file is a run like it")
    func kept() throws {
        let scratch = Scratch()
        let (configuration, digest) = try train(scratch, "run", ["--engine", "openblas"])
        #expect(configuration.engine == .openblas && configuration.kernel != "auto")
        let text = try String(contentsOfFile: scratch.file("run") + "/config.yaml", encoding: .utf8)
        #expect(!text.contains("engine:") && !text.contains("precision:"))
        let again = try train(scratch, "again", ["--config", scratch.file("run") + "/config.yaml"])
        #expect(again.0.engine == .openblas && again.1 == digest)
        for (change, words) in [
            (["engine=portable", "kernel=auto"], "engine (openblas in the run, now portable)"),
            (["gradient_bits=12"], "gradient_bits (full in the run, now 12)"),
        ] {
            let refused = try LockstepProcess.run(
                ["resume", scratch.file("run"), "--epochs", "9"] + change.flatMap { ["--set", $0] })
            #expect(refused.status != 0 && refused.errors.contains(words), "\(refused.errors)")
        }
        let wrong = try LockstepProcess.run(["train", "--run", scratch.file("no"), "--engine", "openblas", "--precision", "bf16"])
        #expect(wrong.status == 64 && wrong.errors.contains("bf16 is impossible with the engine openblas"), "\(wrong.errors)")
    }
}
