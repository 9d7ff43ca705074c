import Foundation
import Runs
import TestSupport
import Testing

/// `lockstep chaos` on a small run: real processes are killed and cut off while it goes on.
@Suite(.serialized)
struct ChaosTests {
    /// Rates that never fall to 0, so that every step changes every weight.
    private static let small: [String] =
        LockstepProcess.small + [
            "--epochs", "100000", "--set", "evaluate.every_epochs=0", "--set", "checkpoint.every_epochs=20", "--schedule",
            "\(UInt64.random(in: 0..<1_000_000))",
        ]

    @Test("ten kills, cuts and coordinator's deaths cost no step, and the digest stays", arguments: ["ring"])
    func digestStays(topology: String) throws {
        let scratch = Scratch()
        let arguments =
            ["chaos"] + Self.small + [
                "--workers", "3", "--topology", topology, "--faults", "10", "--every", "0.2:0.6", "--calm", "3s", "--kinds",
                "kill,cut,coordinator", "--models", "0", "--run", scratch.file("chaos"), "--json",
            ]
        let result = try LockstepProcess(arguments).wait()
        #expect(result.status == 0, "\(arguments): \(result.output) \(result.errors)")
        let verdict = try JSON(parsing: result.output.trimmingCharacters(in: .whitespacesAndNewlines))
        #expect(verdict["right"]?.boolValue == true)
        #expect((verdict["faults"]?.intValue ?? 0) >= 10)
        #expect((verdict["kills"]?.intValue ?? 0) >= 10)
        #expect(verdict["digests_equal"]?.intValue == verdict["runs"]?.intValue)
        #expect(verdict["steps_lost"]?.intValue == 0)
        #expect(verdict["digest"]?.stringValue?.count == 64)
        #expect(!FileManager.default.fileExists(atPath: scratch.file("chaos")), "the run folders stay though all is well")
    }

    @Test("connections that lose, swallow or carry little cost no step, and each kind is counted")
    func linksAreSpoilt() throws {
        let scratch = Scratch()
        let arguments =
            ["chaos"] + Self.small + [
                "--workers", "3", "--topology", "ring", "--faults", "8", "--every", "0.2:0.6", "--calm", "4s", "--kinds",
                "loss,swallow,slow", "--models", "0", "--run", scratch.file("chaos"), "--json",
            ]
        let result = try LockstepProcess(arguments).wait()
        #expect(result.status == 0, "\(arguments): \(result.output) \(result.errors)")
        let verdict = try JSON(parsing: result.output.trimmingCharacters(in: .whitespacesAndNewlines))
        #expect(verdict["links_refused"]?.stringValue == nil)
        guard case .object(let kinds) = verdict["kinds"] else {
            Issue.record("no kinds in \(result.output)")
            return
        }
        let spoilt = kinds.filter { kind in ["lost", "swallowed", "slow"].contains { kind.key.contains($0) } }
        #expect(spoilt.compactMap(\.value.intValue).reduce(0, +) >= 8)
    }

    @Test("without a fault there is no verdict")
    func noFaultNoVerdict() throws {
        let scratch = Scratch()
        let result = try LockstepProcess(
            ["chaos"] + Self.small + [
                "--workers", "2", "--minutes", "0.001", "--calm", "500ms", "--models", "0", "--run", scratch.file("chaos"),
                "--json",
            ]
        ).wait()
        #expect(result.status == 1)
        let verdict = try JSON(parsing: result.output.trimmingCharacters(in: .whitespacesAndNewlines))
        #expect(verdict["right"]?.boolValue == false)
        let troubles = (verdict["troubles"]?.arrayValue ?? []).compactMap(\.stringValue)
        #expect(troubles.contains { $0.contains("that is no verdict") }, "\(troubles)")
        let findings = (verdict["findings"]?.arrayValue ?? []).compactMap { $0["finding"]?.stringValue }
        #expect(findings.contains { ["no_fault", "no_step"].contains($0) } && findings.count == troubles.count, "\(findings)")
    }

    @Test("models are drawn, and each has a calm run of its own to be compared with")
    func drawnModels() throws {
        let scratch = Scratch()
        let arguments =
            ["chaos"] + Self.small + [
                "--workers", "2", "--topology", "ring", "--faults", "14", "--every", "0.1:0.2", "--calm", "1s", "--kinds", "kill",
                "--models", "1", "--run", scratch.file("chaos"), "--json", "--keep",
            ]
        let result = try LockstepProcess(arguments).wait()
        #expect(result.status == 0, "\(arguments): \(result.output) \(result.errors)")
        let verdict = try JSON(parsing: result.output.trimmingCharacters(in: .whitespacesAndNewlines))
        #expect(verdict["models"]?.intValue == 2)
        #expect((verdict["runs"]?.intValue ?? 0) >= 2, "one run only: nothing was compared with the second model's calm run")
        let configurations = try ["calm", "calm-2"].map {
            try String(contentsOfFile: scratch.file("chaos/\($0)/config.yaml"), encoding: .utf8)
        }
        #expect(configurations[0] != configurations[1])
    }

    @Test("a chaos that is interrupted or killed leaves no process behind", arguments: [SIGINT, SIGKILL])
    func nothingStays(signal: Int32) throws {
        let scratch = Scratch()
        let chaos = try LockstepProcess(
            ["chaos"] + Self.small + [
                "--workers", "2", "--minutes", "10", "--calm", "2s", "--models", "0", "--run", scratch.file("chaos"),
            ])
        let started = LockstepProcess.eventually {
            scratch.size(of: "chaos/1-ring/metrics.jsonl") > 2000 || !chaos.process.isRunning
        }
        #expect(started && chaos.process.isRunning, "\(chaos.errorsSoFar)")
        let family = chaos.family()
        #expect(family.count >= 3)
        kill(chaos.process.processIdentifier, signal)
        let result = try chaos.wait()
        #expect(result.status == (signal == SIGINT ? 130 : SIGKILL), "\(result.errors)")
        #expect(LockstepProcess.eventually { family.allSatisfy { LockstepProcess.role(of: $0) == nil } })
    }

    @Test(
        "flags that cannot be are refused before anything starts",
        arguments: [
            ["--faults", "0"], ["--minutes", "1", "--faults", "5"], ["--kinds", "kill,fire"], ["--every", "2:1"],
            ["--workers", "0"], ["--topology", "star"], ["--models", "-1"],
        ])
    func refused(flags: [String]) throws {
        #expect(try LockstepProcess.run(["chaos"] + flags).status == 64)
    }
}
