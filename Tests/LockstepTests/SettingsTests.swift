import Foundation
import Kernels
import Runs
import TestSupport
import Testing

/// Every setting does something: those of the arithmetic change the weights, the others something that can be seen.
@Suite(.serialized)
struct SettingsTests {
    private func digest(_ scratch: Scratch, _ name: String, _ more: [String]) throws -> String {
        let result = try LockstepProcess.run(
            ["train"] + LockstepProcess.small + ["--steps", "4", "--set", "evaluate.every_epochs=0", "--run", scratch.file(name)]
                + more)
        try #require(result.status == 0, "\(more): \(result.errors)")
        return try LockstepProcess.run(["digest", scratch.file(name), "--full"]).output
    }

    @Test("each setting of the arithmetic changes the training state")
    func arithmetic() throws {
        let changes = [
            "cost=cross-entropy", "model.output=linear", "model.initialisation=he", "model.code=3", "prior.std=4",
            "prior={kind: uniform, low: -1, high: 1}", "prior={kind: mixture}", "prior={kind: mixture, distance: 2}",
            "prior={kind: swiss-roll}", "prior={kind: swiss-roll, thickness: 0.2}", "noise.input=0.2",
            "posterior={kind: gaussian}", "posterior={kind: universal}", "posterior={kind: universal, width: 3}",
            "posterior={kind: universal, width: 3, std: 2}", "norm.encoder=batch", "data.train=432", "norm.encoder=shard",
            "norm.heads=batch",
            "norm.decoder=batch", "dropout.input=0.2", "dropout.hidden=0.2", "noise.discriminator=0.2",
            "weights.reconstruction=0.5",
            "average=0.9",
            "phases.generator.rate=0.05", "phases.discriminator.momentum=0.5", "phases.reconstruction.schedule.warm_up=1",
            "phases.reconstruction.schedule={kind: cosine, from: 0, to: 1}",
            "phases.reconstruction.schedule={kind: steps, at: [1], factor: 0.5}",
            "phases.generator={optimizer: adam, rate: 0.001}", "phases.generator={optimizer: adam, rate: 0.001, beta1: 0.5}",
            "shards=2", "gradient_bits=16", "data.train=390", "seed=9",
        ]
        let scratch = Scratch()
        var seen = [try digest(scratch, "base", []): "the defaults"]
        for (index, change) in changes.enumerated() {
            // Ten steps are an epoch and more, so that what acts from the second epoch on acts.
            var more: [String] = []
            if change.contains("schedule={kind: steps") { more = ["--steps", "14"] }
            // Whole minibatches only: a shard of the last would have one row.
            if change.hasSuffix("=shard") { more = ["--set", "data.train=432"] }
            let state = try digest(scratch, "\(index)", ["--set", change] + more)
            #expect(seen[state] == nil, "\(change) gives the state of \(seen[state] ?? "")")
            seen[state] = change
        }
        // The flag of the small recipe stands above --set.
        let smaller = try digest(scratch, "smaller", ["--minibatch", "30"])
        #expect(seen[smaller] == nil, "--minibatch 30 gives the state of \(seen[smaller] ?? "")")
        let base = try digest(scratch, "base14", ["--steps", "14"])
        #expect(seen[base] == nil, "a step schedule that changes nothing")
    }

    @Test("settings of the run's course are seen in its folder, and leave the weights alone")
    func course() throws {
        let scratch = Scratch()
        let base = try digest(scratch, "base", [])
        #expect(
            try digest(
                scratch, "often",
                [
                    "--set", "checkpoint={every_steps: 1, keep: 2}", "--set", "figures.every_epochs=1", "--set", "threads=2",
                    "--workers", "2:3",
                ])
                == base)
        let folder = try RunFolder.open(scratch.file("often"))
        #expect(try folder.checkpoints().steps() == [3, 4])
        #expect(FileManager.default.fileExists(atPath: folder.figuresPath + "/samples.png"))
    }

    @Test("with evaluation and figures at 0 a run has neither, not even at its end")
    func neither() throws {
        let scratch = Scratch()
        _ = try digest(scratch, "run", [])
        let folder = try RunFolder.open(scratch.file("run"))
        #expect(try MetricsReader(path: folder.metricsPath).epochs.isEmpty)
        let figures = FileManager.default.enumerator(atPath: folder.figuresPath)?.compactMap { $0 as? String } ?? []
        #expect(figures.filter { $0.hasSuffix(".png") }.isEmpty)
        #expect(try folder.checkpoints().steps() == [4])
    }

    @Test("--threads gives each worker so many compute threads")
    func threads() throws {
        let scratch = Scratch()
        let run = try LockstepProcess(
            ["train"] + LockstepProcess.small + [
                "--epochs", "5000", "--threads", "3", "--workers", "1", "--run", scratch.file("run"),
            ])
        defer { kill(run.process.processIdentifier, SIGKILL) }
        func computeThreads() -> Int {
            guard let worker = run.family().first(where: { LockstepProcess.role(of: $0) == "worker" }),
                let tasks = try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(worker)/task")
            else { return 0 }
            return tasks.count { task in
                let name = try? String(contentsOfFile: "/proc/\(worker)/task/\(task)/comm", encoding: .utf8)
                return name?.hasPrefix("compute") == true
            }
        }
        // The engine's own thread is the first of the three.
        #expect(LockstepProcess.eventually { computeThreads() == 2 }, "\(computeThreads()) threads")
    }

    @Test(
        "--kernel pins a family, which every process then has",
        .enabled(if: KernelFamily.haswell.isSupported, "this CPU has no AVX2"))
    func kernel() throws {
        let scratch = Scratch()
        _ = try digest(scratch, "pinned", ["--kernel", "haswell"])
        let log = try String(contentsOfFile: scratch.file("pinned") + "/coordinator.log", encoding: .utf8)
        #expect(log.contains("kernel haswell") && !log.contains("kernel skylakex"), "\(log)")
        let configuration = try RunFolder.open(scratch.file("pinned")).configuration().configuration
        #expect(configuration.kernel == "haswell" && configuration.engine == .openblas)
    }

    @Test(
        "bench measures the peak with the kernels that its workers have, whatever the environment asks for",
        .enabled(if: KernelFamily.haswell.isSupported, "this CPU has no better family than the environment's"))
    func benchKernel() throws {
        let small = [
            "--set", "model={encoder: [32], decoder: [32], discriminator: [16]}", "--set", "data.train=400", "--set",
            "data.validation=100",
        ]
        let step = try LockstepProcess.run(
            ["bench", "step", "--json", "--steps", "14", "--workers", "1", "--engine", "openblas"] + small,
            environment: ["OPENBLAS_CORETYPE": "NEHALEM"])
        #expect(step.status == 0, "\(step.errors)")
        let measured = try JSON(parsing: step.output)
        let best = KernelFamily.detect().rawValue
        #expect(measured["kernel"]?.stringValue == best && measured["peak_kernel"]?.stringValue == best, "\(step.output)")
        let products = try LockstepProcess.run(
            ["bench", "gemm", "--rows", "8", "--width", "64", "--json", "--engine", "openblas"],
            environment: ["OPENBLAS_CORETYPE": "NEHALEM"])
        #expect(try JSON(parsing: products.output)["kernel"]?.stringValue == best, "\(products.errors)")
        let pinned = try LockstepProcess.run([
            "bench", "gemm", "--rows", "8", "--width", "64", "--engine", "openblas", "--kernel", "nehalem",
        ])
        #expect(pinned.output.hasPrefix("openblas, fp32, kernel nehalem"), "\(pinned.output) \(pinned.errors)")
    }

    @Test(
        "an agent answers with this CPU's family, whatever a shell profile has set",
        .enabled(if: KernelFamily.haswell.isSupported, "this CPU has no better family than the environment's"))
    func agentKernel() throws {
        let result = try LockstepProcess.run(["doctor", "--quick"], environment: ["OPENBLAS_CORETYPE": "NEHALEM"])
        #expect(
            result.output.contains(", kernel \(KernelFamily.detect().rawValue), fingerprint "), "\(result.output) \(result.errors)")
    }

    @Test("a measurement that is stopped says how many steps it has, and names no folder that is gone by then")
    func stoppedBench() throws {
        let bench = try LockstepProcess(["bench", "step", "--steps", "1000000", "--workers", "1", "--set", "data.train=400"])
        #expect(LockstepProcess.eventually { bench.errorsSoFar.contains("step 1/") }, "\(bench.errorsSoFar)")
        kill(bench.process.processIdentifier, SIGTERM)
        let result = try bench.wait()
        #expect(result.errors.contains("stopped; ") && result.errors.contains(" measured"), "\(result.errors)")
        #expect(!result.errors.contains("lockstep resume"), "\(result.errors)")
    }

    @Test("--data-port is where a worker listens, --advertise what it is known by", .timeLimit(.minutes(15)))
    func ports() throws {
        let scratch = Scratch()
        let lead = try LockstepProcess(
            ["coordinator"] + LockstepProcess.small + ["--run", scratch.file("run"), "--listen", "127.0.0.1:0", "--workers", "2"])
        let port = try #require(LockstepProcess.port(of: scratch.file("run")))
        // Nobody listens at the address that the second gives: the first cannot dial it, and says which address it tried.
        let first = try LockstepProcess(["worker", "--coordinator", "127.0.0.1:\(port)", "--threads", "1"])
        let second = try LockstepProcess(
            ["worker", "--coordinator", "127.0.0.1:\(port)", "--threads", "1", "--advertise", "127.0.0.1:9"])
        let result = try lead.wait()
        // After the second time the summation server stands in for the ring, and the run goes on.
        #expect(result.status == 0)
        #expect(result.errors.contains("127.0.0.1:9") && result.errors.contains("--topology server"), "\(result.errors)")
        for worker in [first, second] { #expect(try worker.wait().status == 0) }
    }
}
