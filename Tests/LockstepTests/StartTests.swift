import Foundation
import Runs
import TestSupport
import Testing

/// What the process that starts the command may pass on: closed descriptors, ignored signals.
@Suite struct StartTests {
    /// A run through a shell that does something first.
    private func train(_ scratch: Scratch, _ line: String, _ more: [String] = []) throws -> LockstepProcess {
        let words = ["train"] + LockstepProcess.small + ["--run", scratch.file("run")] + more
        let command = ([LockstepProcess.path] + words).map { "'\($0)'" }.joined(separator: " ")
        return try LockstepProcess(["-c", line.replacingOccurrences(of: "RUN", with: command)], executable: "/bin/sh")
    }

    @Test(
        "with standard descriptors closed a run comes to its end, and a result that arrives nowhere is a failure",
        arguments: [("<&-", 0), ("2>&-", 0), ("<&- 2>&-", 0), (">&-", 1), ("<&- >&-", 1), (">&- 2>&-", 1), ("<&- >&- 2>&-", 1)])
    func closed(how: String, status: Int32) throws {
        let scratch = Scratch()
        let result = try train(scratch, "exec RUN \(how)").wait()
        #expect(result.status == status, "\(how): \(result.errors)")
        let newest = try RunFolder.open(scratch.file("run")).checkpoints().newestWhole().checkpoint
        #expect(newest?.info.endsEpoch == true)
    }

    @Test("where the parent ignores the end of children, a run hears of its own all the same")
    func ignoredChildren() throws {
        let scratch = Scratch()
        let result = try train(scratch, "trap '' CHLD; exec RUN").wait()
        #expect(result.status == 0 && !result.output.isEmpty, "\(result.errors)")
    }

    @Test("SIGQUIT ends the command and what it started, without a report of a crash")
    func quit() throws {
        let scratch = Scratch()
        let run = try train(scratch, "exec RUN", ["--epochs", "5000", "--set", "evaluate.every_epochs=0"])
        #expect(LockstepProcess.eventually { scratch.size(of: "run/metrics.jsonl") > 2000 || !run.process.isRunning })
        let family = run.family()
        #expect(family.count == 3)
        kill(run.process.processIdentifier, SIGQUIT)
        let result = try run.wait()
        #expect(run.process.terminationReason == .uncaughtSignal && result.status == SIGQUIT)
        #expect(!result.errors.contains("rash") && !result.errors.contains("acktrac"), "\(result.errors)")
        #expect(LockstepProcess.eventually { family.allSatisfy { LockstepProcess.role(of: $0) == nil } })
    }
}
