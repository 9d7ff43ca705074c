import Foundation
import Kernels
import Runs
import TestSupport
import Testing

/// A run survives any interruption, and its weights are the same as without it.
@Suite(.serialized)
struct DeathsTests {
    /// Long enough to be interrupted, with rates that never fall to nothing: every step changes bits.
    private static let options =
        LockstepProcess.small + ["--epochs", "40"]
        + ["reconstruction", "discriminator", "generator"].flatMap { ["--set", "phases.\($0).schedule={kind: constant}"] }

    /// The digest of the whole state after the calm run: computed once, never committed (it belongs to a kernel family).
    private static let calm: String = {
        do {
            let scratch = Scratch()
            let result = try LockstepProcess.run(["train"] + options + ["--run", scratch.file("calm"), "--workers", "1"])
            try #require(result.status == 0, "\(result.errors)")
            return try LockstepProcess.run(["digest", scratch.file("calm"), "--full"]).output
        } catch { return "no reference: \(error)" }
    }()

    private static let steps = 480

    private func start(_ scratch: Scratch, _ more: [String]) throws -> LockstepProcess {
        try LockstepProcess(["train"] + Self.options + ["--run", scratch.file("run")] + more)
    }

    private func children(_ run: LockstepProcess, _ role: String) -> [Int32] {
        LockstepProcess.children(of: run.process.processIdentifier).filter { LockstepProcess.role(of: $0) == role }
    }

    /// Waits until the metrics have grown by so many bytes (a step's line has about 500).
    private func progress(_ scratch: Scratch, _ run: LockstepProcess, bytes: Int) -> Bool {
        let goal = scratch.size(of: "run/metrics.jsonl") + bytes
        return LockstepProcess.eventually { scratch.size(of: "run/metrics.jsonl") > goal || !run.process.isRunning }
    }

    private func check(_ scratch: Scratch, _ run: LockstepProcess) throws -> String {
        let result = try run.wait()
        #expect(result.status == 0, "\(result.errors)")
        #expect(try LockstepProcess.run(["digest", scratch.file("run"), "--full"]).output == Self.calm, "\(result.errors)")
        // Every step once, in order: the metrics are complete even if their writer was killed.
        let steps = try MetricsReader(path: scratch.file("run") + "/metrics.jsonl").steps.map(\.step)
        #expect(steps == Array(1...UInt64(Self.steps)))
        return result.errors
    }

    @Test(
        "killed in turn, the run ends at the calm digest with every step in its records",
        arguments: [
            ("worker worker worker", "ring"), ("worker two worker", "server"), ("coordinator worker coordinator", "ring"),
            ("both coordinator", "server"), ("workers worker", "ring"), ("everyone two", "server"),
        ])
    func killed(plan: String, topology: String) throws {
        let scratch = Scratch()
        let run = try start(
            scratch,
            ["--workers", "3", "--topology", topology, "--max-restarts", "100", "--set", "checkpoint.every_steps=40"])
        let seed = UInt64.random(in: 0..<1_000_000)
        var random = SplitMix(seed: seed)
        var (dead, leads): ([Int32], [Int32]) = ([], [])
        for victims in plan.split(separator: " ") {
            #expect(progress(scratch, run, bytes: 15_000 + Int.random(in: 0..<3_000, using: &random)))
            let workers = children(run, "worker").shuffled(using: &random)
            let coordinators = children(run, "coordinator")
            let chosen: [Int32] =
                switch victims {
                case "worker": Array(workers.prefix(1))
                case "two": Array(workers.prefix(2))
                case "coordinator": coordinators
                case "both": coordinators + workers.prefix(1)
                case "workers": workers
                default: coordinators + workers
                }
            for pid in chosen { kill(pid, SIGKILL) }
            dead += chosen
            leads += chosen.filter(coordinators.contains)
        }
        let words = try check(scratch, run)
        let log = try String(contentsOfFile: scratch.file("run") + "/coordinator.log", encoding: .utf8)
        #expect(!dead.isEmpty && words.contains("view"), "seed \(seed): \(words)")
        // What a killed coordinator had seen of other deaths is unknown.
        if leads.isEmpty { #expect(dead.allSatisfy { log.contains("pid \($0)") }, "seed \(seed): \(log)") }
    }

    @Test(
        "summation servers are killed one after the other and all together: the run goes on without, and the digest is the calm run's"
    )
    func servers() throws {
        let scratch = Scratch()
        let run = try start(
            scratch, ["--workers", "2", "--topology", "server", "--servers", "2", "--max-restarts", "100"])
        let seed = UInt64.random(in: 0..<1_000_000)
        var random = SplitMix(seed: seed)
        for count in [1, 2, 1] {
            #expect(progress(scratch, run, bytes: 15_000))
            let victims =
                (count == 1 ? [] : children(run, "coordinator")) + children(run, "server").shuffled(using: &random).prefix(count)
            for pid in victims { kill(pid, SIGKILL) }
            // They come back, also those that died while there was no coordinator.
            #expect(LockstepProcess.eventually { Set(children(run, "server")).subtracting(victims).count == 2 }, "seed \(seed)")
        }
        let words = try check(scratch, run)
        #expect(words.contains("2 workers, 2 summation servers") && words.contains("lost summation server"), "\(words)")
        let deaths = try MetricsReader(path: scratch.file("run") + "/metrics.jsonl").events.filter { $0.what == "server_death" }
        #expect(!deaths.isEmpty, "\(words)")
    }

    @Test("a stopped worker is given up by name, the others go on, and it comes back; the digest is the calm run's")
    func stopped() throws {
        let scratch = Scratch()
        let run = try start(scratch, ["--workers", "3", "--epochs", "40"])
        #expect(progress(scratch, run, bytes: 10_000))
        let worker = try #require(children(run, "worker").first)
        kill(worker, SIGSTOP)
        let log = scratch.file("run") + "/coordinator.log"
        let named = LockstepProcess.eventually {
            (try? String(contentsOfFile: log, encoding: .utf8))?.contains("silent") ?? false
        }
        #expect(named && run.errorsSoFar.contains("pid \(worker)"), "\(run.errorsSoFar)")
        kill(worker, SIGCONT)
        _ = try check(scratch, run)
    }

    @Test("workers keep their state while the coordinator is stopped, and go on with it when it wakes")
    func stoppedCoordinator() throws {
        let scratch = Scratch()
        let run = try start(scratch, ["--workers", "2"])
        #expect(progress(scratch, run, bytes: 10_000))
        let coordinator = try #require(children(run, "coordinator").first)
        kill(coordinator, SIGSTOP)
        let log = scratch.file("run") + "/worker-0.log"
        let named = LockstepProcess.eventually {
            (try? String(contentsOfFile: log, encoding: .utf8))?.contains("silent") ?? false
        }
        #expect(named)
        kill(coordinator, SIGCONT)
        _ = try check(scratch, run)
    }

    @Test("a worker joins a run under way, another leaves when it is asked to: the digest is the calm run's")
    func joinsAndLeaves() throws {
        let scratch = Scratch()
        let lead = try LockstepProcess(
            ["coordinator"] + Self.options + ["--run", scratch.file("run"), "--listen", "127.0.0.1:0", "--workers", "1"])
        let port = try #require(LockstepProcess.port(of: scratch.file("run")))
        func worker() throws -> LockstepProcess {
            try LockstepProcess(["worker", "--coordinator", "127.0.0.1:\(port)", "--threads", "1"])
        }
        let first = try worker()
        #expect(progress(scratch, lead, bytes: 15_000))
        let second = try worker()
        let joined = LockstepProcess.eventually { lead.errorsSoFar.contains("2 workers from") }
        #expect(joined, "\(lead.errorsSoFar)")
        #expect(progress(scratch, lead, bytes: 10_000))
        kill(first.process.processIdentifier, SIGTERM)
        #expect(try first.wait().status == 0)
        _ = try check(scratch, lead)
        #expect(try second.wait().status == 0)
        #expect(try isDismissed(scratch, port: port), "a coordinator of a run that is over tells a worker so")
    }

    /// Whether a worker is dismissed by a coordinator that is started again after the end. That coordinator listens only for a moment, so a busy
    /// machine may need several tries.
    private func isDismissed(_ scratch: Scratch, port: String) throws -> Bool {
        let late = try LockstepProcess(["worker", "--coordinator", "127.0.0.1:\(port)", "--threads", "1"])
        defer { kill(late.process.processIdentifier, SIGKILL) }
        for _ in 0..<10 where late.process.isRunning {
            let lead = try LockstepProcess.run(
                ["coordinator", "--run", scratch.file("run"), "--listen", "127.0.0.1:\(port)", "--workers", "1"])
            #expect(lead.status == 0 && lead.errors.contains("has come to its end"), "\(lead.errors)")
            #expect(!lead.errors.contains("listening on"), "\(lead.errors)")
        }
        let ended = try late.wait()
        return ended.status == 0 && ended.errors.contains("the run is over")
    }
}
