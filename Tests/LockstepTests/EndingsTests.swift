import Foundation
import Kernels
import Runs
import TestSupport
import Testing

/// How runs end when they do not end by themselves, and what is left.
@Suite(.serialized)
struct EndingsTests {
    /// A run that would take minutes.
    private func long(
        _ scratch: Scratch, _ more: [String] = [], executable: String = LockstepProcess.path
    ) throws -> LockstepProcess {
        let run = try LockstepProcess(
            ["train"] + LockstepProcess.small + [
                "--epochs", "5000", "--run", scratch.file("run"), "--set", "evaluate.every_epochs=0",
            ] + more, executable: executable)
        let started = LockstepProcess.eventually { scratch.size(of: "run/metrics.jsonl") > 2000 || !run.process.isRunning }
        #expect(started && run.process.isRunning, "\(run.errorsSoFar)")
        return run
    }

    @Test(
        "SIGTERM, SIGINT and SIGHUP finish the step, write a checkpoint and exit 0; nothing is left running",
        arguments: [SIGTERM, SIGINT, SIGHUP])
    func signals(signal: Int32) throws {
        let scratch = Scratch()
        let run = try long(scratch)
        let family = run.family()
        #expect(family.count == 3)
        kill(run.process.processIdentifier, signal)
        let result = try run.wait()
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.errors.contains("lockstep resume"))
        #expect(family.allSatisfy { LockstepProcess.role(of: $0) == nil })
        let folder = try RunFolder.open(scratch.file("run"))
        let newest = try #require(try folder.checkpoints().newestWhole().checkpoint)
        let recorded = try MetricsReader(path: folder.metricsPath).steps.last
        #expect(newest.info.step == recorded?.step, "the checkpoint is not of the last step")
    }

    /// At exit a library frees its tables while other threads may still use them: a worker with a lying peer crashed in this way.
    @Test(
        "at the end of a process no library's own ending runs, and what was printed is whole",
        arguments: [(["recipes", "quickstart"], 0), (["nothing"], 64)])
    func withoutDestructors(arguments: [String], status: Int) throws {
        let calm = try LockstepProcess.run(arguments)
        let traced = try LockstepProcess.run(arguments, environment: ["LD_DEBUG": "files"])
        #expect(calm.status == Int32(status) && traced.status == Int32(status) && traced.output == calm.output)
        #expect(traced.errors.contains("calling init: ") && !traced.errors.contains("calling fini: "))
    }

    @Test("a run that nohup started outlives its terminal")
    func nohup() throws {
        let scratch = Scratch()
        let run = try LockstepProcess(
            [LockstepProcess.path, "train"] + LockstepProcess.small + [
                "--epochs", "5000", "--run", scratch.file("run"), "--set", "evaluate.every_epochs=0",
            ], executable: "/usr/bin/nohup")
        let steps = { scratch.size(of: "run/metrics.jsonl") }
        #expect(LockstepProcess.eventually { steps() > 2000 || !run.process.isRunning })
        kill(run.process.processIdentifier, SIGHUP)
        let before = steps()
        #expect(LockstepProcess.eventually { steps() > before + 20_000 || !run.process.isRunning } && run.process.isRunning)
        kill(run.process.processIdentifier, SIGTERM)
        let result = try run.wait()
        #expect(result.status == 0 && result.errors.contains("stopped (SIGTERM)"), "\(result.errors)")
    }

    @Test("Control-Z stops the whole run, not its supervisor alone, and fg goes on with it")
    func suspended() throws {
        let scratch = Scratch()
        let run = try long(scratch)
        let family = [run.process.processIdentifier] + run.family()
        let states = { family.map { LockstepProcess.state(of: $0) } }
        kill(run.process.processIdentifier, SIGTSTP)
        #expect(LockstepProcess.eventually { states() == ["T", "T", "T", "T"] }, "\(states())")
        kill(run.process.processIdentifier, SIGCONT)
        let before = scratch.size(of: "run/metrics.jsonl")
        #expect(LockstepProcess.eventually { scratch.size(of: "run/metrics.jsonl") > before + 20_000 }, "\(run.errorsSoFar)")
        kill(run.process.processIdentifier, SIGINT)
        let result = try run.wait()
        #expect(result.status == 0 && !result.errors.contains("kill -CONT"), "\(result.errors)")
    }

    @Test("a signal at any moment after the start ends the run as it should, or, before there is any, the command")
    func earlySignals() throws {
        let scratch = Scratch()
        var orderly = 0
        for number in 0..<16 {
            let run = try LockstepProcess(
                ["train"] + LockstepProcess.small + ["--epochs", "5000", "--run", scratch.file("run-\(number)")])
            usleep(UInt32(number) * 30_000)
            kill(run.process.processIdentifier, number.isMultiple(of: 2) ? SIGINT : SIGTERM)
            let result = try run.wait()
            if run.process.terminationReason == .exit {
                orderly += 1
                #expect(result.status == 0 && result.errors.contains("stopped (SIG"), "\(result.errors)")
            }
            #expect(!result.errors.contains("killed by"), "\(result.errors)")
        }
        #expect(orderly > 0)
    }

    @Test("a coordinator that is stopped in mid-run is told of; where the run is to end it is continued, and ends it")
    func stoppedCoordinator() throws {
        let scratch = Scratch()
        let run = try long(scratch)
        let coordinator = try #require(run.family().first { LockstepProcess.role(of: $0) == "coordinator" })
        kill(coordinator, SIGSTOP)
        let told = LockstepProcess.eventually { run.errorsSoFar.contains("`kill -CONT \(coordinator)`") }
        #expect(told, "\(run.errorsSoFar)")
        kill(run.process.processIdentifier, SIGINT)
        let result = try run.wait()
        #expect(result.status == 0 && result.errors.contains("(pid \(coordinator)) was stopped"), "\(result.errors)")
        #expect(try RunFolder.open(scratch.file("run")).checkpoints().newestWhole().checkpoint != nil)
    }

    @Test("where the coordinator is killed, what is said of the checkpoints is true")
    func killedCoordinator() throws {
        let scratch = Scratch()
        let settings = ["--max-restarts", "0", "--set", "checkpoint.every_epochs=0", "--set", "checkpoint.every_seconds=0"]
        func end(_ more: [String], _ condition: () -> Bool) throws -> LockstepProcess.Result {
            let run = try long(scratch, settings + more)
            let isReached = LockstepProcess.eventually(condition)
            #expect(isReached)
            kill(try #require(run.family().first { LockstepProcess.role(of: $0) == "coordinator" }), SIGKILL)
            return try run.wait()
        }
        let none = try end([]) { true }
        #expect(none.status == 1 && none.errors.contains("there is no checkpoint yet"), "\(none.errors)")
        try FileManager.default.removeItem(atPath: scratch.file("run"))
        let store = scratch.file("run") + "/checkpoints"
        let some = try end(["--set", "checkpoint.every_steps=5"]) {
            (try? FileManager.default.contentsOfDirectory(atPath: store))?.contains { $0.hasPrefix("step-") } ?? false
        }
        #expect(some.status == 1 && some.errors.contains("the newest checkpoint is whole (step "), "\(some.errors)")
    }

    @Test("a worker whose log cannot be opened works without it, and one line says so")
    func noLog() throws {
        let scratch = Scratch()
        let trained = try LockstepProcess.run(["train"] + LockstepProcess.small + ["--run", scratch.file("run")])
        #expect(trained.status == 0, "\(trained.errors)")
        for index in 0..<2 {
            let log = scratch.file("run") + "/worker-\(index).log"
            try? FileManager.default.removeItem(atPath: log)
            try FileManager.default.createDirectory(atPath: log, withIntermediateDirectories: false)
        }
        let resumed = try LockstepProcess.run(["resume", scratch.file("run"), "--epochs", "3", "--workers", "2"])
        #expect(resumed.status == 0, "\(resumed.errors)")
        #expect(resumed.errors.components(separatedBy: "cannot open").count == 2, "\(resumed.errors)")
    }

    @Test("a worker that the system does not start is tried again, and the run goes on")
    func noProcess() throws {
        let scratch = Scratch()
        let (path, aside) = (scratch.file("lockstep"), scratch.file("aside"))
        try Executable.copy(LockstepProcess.path, to: path)
        let run = try long(scratch, executable: path)
        try FileManager.default.moveItem(atPath: path, toPath: aside)
        let before = run.family()
        kill(try #require(before.first { LockstepProcess.role(of: $0) == "worker" }), SIGKILL)
        let told = LockstepProcess.eventually { run.errorsSoFar.contains("cannot be started: cannot start") }
        #expect(told && run.process.isRunning, "\(run.errorsSoFar)")
        try FileManager.default.moveItem(atPath: aside, toPath: path)
        let replaced = LockstepProcess.eventually {
            run.family().contains { !before.contains($0) && LockstepProcess.role(of: $0) == "worker" }
        }
        #expect(replaced, "\(run.errorsSoFar)")
        kill(run.process.processIdentifier, SIGTERM)
        let result = try run.wait()
        #expect(result.status == 0, "\(result.errors)")
    }

    @Test("a killed supervisor takes everything with it")
    func killedSupervisor() throws {
        let scratch = Scratch()
        let run = try long(scratch)
        let family = run.family()
        kill(run.process.processIdentifier, SIGKILL)
        #expect(try run.wait().status != 0)
        #expect(LockstepProcess.eventually { family.allSatisfy { LockstepProcess.role(of: $0) == nil } })
    }

    @Test("a worker that dies more often than --max-restarts allows is not replaced; with none left the run ends in words")
    func restartsEnd() throws {
        let scratch = Scratch()
        let run = try long(scratch, ["--workers", "1", "--max-restarts", "0"])
        let worker = try #require(run.family().first { LockstepProcess.role(of: $0) == "worker" })
        kill(worker, SIGKILL)
        let result = try run.wait()
        #expect(result.status == 1 && result.errors.contains("--max-restarts"), "\(result.errors)")
    }

    @Test("resume moves only the end; a setting that changes bits is refused, naming --from")
    func resumeKeepsBits() throws {
        let scratch = Scratch()
        let trained = try LockstepProcess.run(["train"] + LockstepProcess.small + ["--run", scratch.file("run")])
        #expect(trained.status == 0, "\(trained.errors)")
        let refused = try LockstepProcess.run(["resume", scratch.file("run"), "--set", "minibatch=50"])
        #expect(
            refused.status != 0 && refused.errors.contains("minibatch") && refused.errors.contains("--from"), "\(refused.errors)")
        let longer = try LockstepProcess.run(["resume", scratch.file("run"), "--epochs", "3"])
        #expect(longer.status == 0, "\(longer.errors)")
        let whole = try LockstepProcess.run(["train"] + LockstepProcess.small + ["--epochs", "3", "--run", scratch.file("whole")])
        #expect(whole.status == 0, "\(whole.errors)")
        #expect(
            try LockstepProcess.run(["digest", scratch.file("run"), "--full"]).output
                == LockstepProcess.run(["digest", scratch.file("whole"), "--full"]).output)
    }

    @Test("--from begins a new run with another run's weights, and names the tensor where the models differ")
    func from() throws {
        let scratch = Scratch()
        let first = try LockstepProcess.run(["train"] + LockstepProcess.small + ["--run", scratch.file("first")])
        #expect(first.status == 0, "\(first.errors)")
        let none = try LockstepProcess.run(
            ["train"] + LockstepProcess.small + [
                "--from", scratch.file("first"), "--steps", "1", "--seed", "5", "--run", scratch.file("second"),
            ])
        #expect(none.status == 0, "\(none.errors)")
        let cold = try LockstepProcess.run(
            ["train"] + LockstepProcess.small + ["--steps", "1", "--seed", "5", "--run", scratch.file("cold")])
        #expect(cold.status == 0, "\(cold.errors)")
        func error(_ run: String) throws -> Double {
            try #require(try MetricsReader(path: scratch.file(run) + "/metrics.jsonl").steps.first?.pixelError)
        }
        #expect(try error("second") < 0.9 * error("cold"))
        let other = try LockstepProcess.run(
            ["train"] + LockstepProcess.small + [
                "--from", scratch.file("first"), "--set", "model.encoder=[40,32]", "--run", scratch.file("third"),
            ])
        #expect(other.status == 1 && other.errors.contains("encoder.0"), "\(other.errors)")
    }

    @Test("a worker that started with another kernel takes the run's, by executing itself anew")
    func adoptsKernel() throws {
        let scratch = Scratch()
        let kernel = KernelFamily.sandybridge.isSupported ? "sandybridge" : "nehalem"
        let lead = try LockstepProcess(
            ["coordinator"] + LockstepProcess.small + [
                "--run", scratch.file("run"), "--listen", "127.0.0.1:0", "--workers", "2", "--kernel", kernel, "--json",
            ])
        let port = try #require(LockstepProcess.port(of: scratch.file("run")))
        let workers = try (0..<2).map { _ in
            try LockstepProcess(["worker", "--coordinator", "127.0.0.1:\(port)", "--threads", "1"])
        }
        let result = try lead.wait()
        #expect(result.status == 0, "\(result.errors)")
        for worker in workers {
            let ended = try worker.wait()
            #expect(ended.status == 0 && ended.errors.contains("starting anew"), "\(ended.errors)")
        }
    }

    @Test("resume --listen waits for workers of anywhere and goes on")
    func resumeListening() throws {
        let scratch = Scratch()
        let trained = try LockstepProcess.run(["train"] + LockstepProcess.small + ["--run", scratch.file("run")])
        #expect(trained.status == 0, "\(trained.errors)")
        let lead = try LockstepProcess(
            ["resume", scratch.file("run"), "--epochs", "3", "--workers", "1", "--listen", "127.0.0.1:0"])
        let port = try #require(LockstepProcess.port(of: scratch.file("run")))
        let worker = try LockstepProcess(["worker", "--coordinator", "127.0.0.1:\(port)"])
        let result = try lead.wait()
        #expect(result.status == 0, "\(result.errors)")
        #expect(try worker.wait().status == 0)
        #expect(try RunFolder.open(scratch.file("run")).checkpoints().newestWhole().checkpoint?.info.step == 36)
    }
}
