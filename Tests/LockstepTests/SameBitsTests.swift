import Foundation
import Kernels
import Runs
import TestSupport
import Testing

/// Promise 1: the digest of the weights is one, however the run was spread and whatever happened to it.
@Suite(.serialized)
struct SameBitsTests {
    /// What the calm run with one worker gives: computed once, never committed (it belongs to a kernel family).
    private static let reference: String = {
        do {
            let scratch = Scratch()
            return try calm(scratch, ["--workers", "1", "--threads", "1"])
        } catch { return "no reference: \(error)" }
    }()

    private static func calm(_ scratch: Scratch, _ spread: [String], name: String = "run") throws -> String {
        let result = try LockstepProcess.run(["train"] + LockstepProcess.small + spread + ["--run", scratch.file(name), "--json"])
        try #require(result.status == 0, "\(spread): \(result.errors)")
        let json = try JSON(parsing: result.output)
        guard case .string(let digest)? = json["digest"] else { throw Missing(what: "digest in \(result.output)") }
        return digest
    }

    struct Missing: Error, CustomStringConvertible {
        let what: String
        var description: String { "no \(what)" }
    }

    @Test(
        "one digest over workers, threads, topologies and compressions",
        arguments: [
            ["--workers", "1", "--threads", "2"], ["--workers", "2", "--threads", "1"],
            ["--workers", "2", "--threads", "2", "--topology", "server"], ["--workers", "3", "--compression", "zstd"],
            ["--workers", "3", "--topology", "server", "--compression", "off"], ["--workers", "4", "--compression", "off"],
            ["--workers", "4", "--topology", "server", "--compression", "zstd"], ["--workers", "5", "--compression", "auto"],
            ["--workers", "2", "--compression", "entropy"], ["--workers", "3", "--topology", "server", "--servers", "2"],
        ])
    func spread(_ options: [String]) throws {
        let scratch = Scratch()
        let digest = try Self.calm(scratch, options)
        #expect(digest.count == 64)
        #expect(digest == Self.reference)
    }

    @Test("portable products: one digest at every level of the CPU, over workers and topologies, and it is this one")
    func portable() throws {
        let scratch = Scratch()
        let levels = InstructionLevel.allCases.filter(\.isAvailable)
        for (index, level) in levels.enumerated() {
            let spread = index % 2 == 0 ? ["--workers", "2"] : ["--workers", "3", "--topology", "server", "--threads", "2"]
            let result = try LockstepProcess.run(
                ["train"] + LockstepProcess.small + spread + ["--engine", "portable", "--run", scratch.file("\(level)"), "--json"],
                environment: ["LOCKSTEP_LEVEL": "\(level)"])
            try #require(result.status == 0, "\(level): \(result.errors)")
            #expect(try JSON(parsing: result.output)["digest"]?.stringValue == Self.portable, "\(level)")
        }
        let folder = try RunFolder.open(scratch.file("\(levels[0])")).configuration()
        #expect(folder.configuration.engine == .portable && folder.configuration.kernel == "auto")
        #expect(folder.provenance?.kernel == "portable")
    }

    @Test("an engine of no kernel families has none, and a level that there is not is named")
    func portableRefusals() throws {
        let scratch = Scratch()
        let train = ["train"] + LockstepProcess.small + ["--engine", "portable", "--run", scratch.file("run")]
        let kernel = try LockstepProcess.run(train + ["--kernel", "haswell"])
        #expect(kernel.status == 64 && kernel.errors.contains("haswell is impossible with the engine portable"), "\(kernel.errors)")
        let gemm = try LockstepProcess.run(["bench", "gemm", "--engine", "portable", "--kernel", "haswell"])
        #expect(gemm.status == 64 && gemm.errors.contains("--kernel is a family of openblas"), "\(gemm.errors)")
        let level = try LockstepProcess.run(train, environment: ["LOCKSTEP_LEVEL": "avx3"])
        #expect(level.status == 64 && level.errors.contains("LOCKSTEP_LEVEL is \"avx3\""), "\(level.errors)")
        let engine = try LockstepProcess.run(["train", "--engine", "blas", "--run", scratch.file("run")])
        #expect(engine.status == 64 && engine.errors.contains("engine: \"blas\" is none of portable, openblas"), "\(engine.errors)")
    }

    /// The digest on any CPU.
    private static let portable = "ac3125129c968b30afb32a5f22b3ae0d4297c6e2d60efac3ba44cafc06ad4836"

    /// Small and odd sizes, unlike the recipe's: few outputs a product, shards of different sizes, a last minibatch that
    /// leaves shards empty. Compared with the search over settings (`make settings`), processes add the division of the images.
    @Test(
        "models of every width, odd shards, a short last minibatch: one digest over processes, and replay agrees",
        arguments: [
            ["model.encoder=[64]", "model.decoder=[64]", "model.discriminator=[400]", "data.train=430", "minibatch=100"],
            [
                "model.encoder=[1,333]", "model.decoder=[65,7,1]", "model.discriminator=[3,17]", "data.train=297", "shards=5",
                "minibatch=37",
            ],
            [
                "model.encoder=[1000]", "model.decoder=[31,401]", "model.discriminator=[1]", "data.train=300", "shards=7",
                "minibatch=151",
            ],
        ])
    func models(_ settings: [String]) throws {
        let scratch = Scratch()
        let options = settings.flatMap { ["--set", $0] }
        let alone = try Self.calm(scratch, options + ["--workers", "1", "--threads", "1"], name: "alone")
        let spreads = [
            ["--workers", "1", "--threads", "2"], ["--workers", "2", "--threads", "1"],
            ["--workers", "3", "--threads", "2", "--topology", "server"],
        ]
        for (index, spread) in spreads.enumerated() {
            #expect(try Self.calm(scratch, options + spread, name: "spread\(index)") == alone, "\(settings), \(spread)")
        }
        let replay = try LockstepProcess.run([
            "replay", scratch.file("alone"), "--step", "3", "--out", scratch.file("3.safetensors"),
        ])
        #expect(replay.status == 0 && replay.errors.contains("the sums are the run's own, bit for bit"), "\(replay.errors)")
    }

    @Test("bytes leave before the backward pass has ended, and raw counts what fp32 would be")
    func early() throws {
        let scratch = Scratch()
        // Wide enough for several buckets a phase: a phase of one bucket has nothing to overlap.
        _ = try Self.calm(
            scratch,
            ["--workers", "2", "--compression", "off", "--set", "model.encoder=[300,200]", "--set", "model.decoder=[200,300]"])
        let steps = try MetricsReader(path: scratch.file("run") + "/metrics.jsonl").steps
        #expect(steps.count == 24)
        #expect(steps.reduce(0) { $0 + $1.wireEarly } > 0)
        #expect(steps.allSatisfy { $0.wireRaw > 0 && $0.wireSent > 0 && $0.workers == 2 })
    }

    /// Everything is killed when the metrics file has reached a random size: any moment of a step, of a checkpoint, of
    /// the start. Then the run goes on, spread in another way.
    @Test("everything killed at a random byte of the metrics and resumed elsewhere ends at the calm digest", arguments: 0..<4)
    func killedAndResumed(round: Int) throws {
        let scratch = Scratch()
        let seed = UInt64.random(in: 0..<100_000)
        let limit = Int(seed % 9_000)
        let spreads = [
            ["--workers", "2"], ["--workers", "3", "--topology", "server"], ["--workers", "4", "--compression", "zstd"],
            ["--workers", "1", "--threads", "2"],
        ]
        let started = try LockstepProcess(
            ["train"] + LockstepProcess.small + spreads[round] + [
                "--run", scratch.file("run"), "--set", "checkpoint.every_steps=3",
            ])
        let reached = LockstepProcess.eventually {
            scratch.size(of: "run/metrics.jsonl") > limit || !started.process.isRunning
        }
        #expect(reached, "the metrics did not reach \(limit) bytes")
        let everything = started.family() + [started.process.processIdentifier]
        for pid in everything { kill(pid, SIGKILL) }
        _ = try started.wait()
        let gone = LockstepProcess.eventually { everything.allSatisfy { LockstepProcess.role(of: $0) == nil } }
        #expect(gone, "processes outlived the kill")
        let resumed = try LockstepProcess.run(["resume", scratch.file("run")] + spreads[(round + 1) % 4])
        #expect(resumed.status == 0, "killed at \(limit) bytes: \(resumed.errors)")
        let digest = try LockstepProcess.run(["digest", scratch.file("run")]).output
        #expect(digest == Self.reference + "\n", "killed at \(limit) bytes of the metrics, \(spreads[round])")
        let steps = try MetricsReader(path: scratch.file("run") + "/metrics.jsonl").steps.map(\.step)
        #expect(steps == Array(1...24), "a step is missing or twice in the metrics")
    }

    @Test("fewer gradient bits, another seed or another number of shards are other runs; --full differs from the plain digest")
    func otherRuns() throws {
        let scratch = Scratch()
        var seen: Set<String> = [Self.reference]
        for (index, change) in [["--gradient-bits", "24"], ["--gradient-bits", "16"], ["--seed", "1"], ["--set", "shards=3"]]
            .enumerated()
        {
            let two = try Self.calm(scratch, change + ["--workers", "2"], name: "two\(index)")
            let three = try Self.calm(scratch, change + ["--workers", "3", "--topology", "server"], name: "three\(index)")
            #expect(two == three, "\(change)")
            #expect(seen.insert(two).inserted, "\(change) changed nothing")
        }
        let full = try LockstepProcess.run(["digest", scratch.file("two0"), "--full"]).output
        #expect(full.count == 65 && !seen.contains(String(full.dropLast())))
    }
}
