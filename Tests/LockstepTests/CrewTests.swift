import Foundation
import Kernels
import Runs
import TestSupport
import Testing

/// How a run's processes are chosen for the machine.
struct CrewTests {
    @Test("--workers auto takes all cores of the machine, says so, and comes to the bits of any other number of workers")
    func auto() throws {
        let scratch = Scratch()
        let cores = MachineLimits.here.cores
        func train(_ name: String, _ arguments: [String], workers: String) throws -> (digest: JSON?, errors: String) {
            let result = try LockstepProcess.run(
                ["train"] + LockstepProcess.small + arguments + ["--run", scratch.file(name), "--json"],
                environment: ["LOCKSTEP_WORKERS": workers])
            #expect(result.status == 0, "\(result.errors)")
            return (try JSON(parsing: result.output)["digest"], result.errors)
        }
        let auto = try train("auto", [], workers: "auto")
        #expect(auto.errors.contains("(--workers auto)"), "\(auto.errors)")
        #expect(try train("given", [], workers: "2").digest == auto.digest)
        let narrow = try train("narrow", ["--threads", "1"], workers: "auto")
        let count = min(cores, 4)
        #expect(narrow.digest == auto.digest)
        #expect(narrow.errors.contains("\(count) worker\(count == 1 ? "" : "s") with 1 thread"), "\(narrow.errors)")
        let resumed = try LockstepProcess.run(
            ["resume", scratch.file("narrow"), "--workers", "auto", "--epochs", "3", "--json"])
        #expect(resumed.status == 0 && resumed.errors.contains("with \(cores)"), "\(resumed.errors)")
        let wrong = try LockstepProcess.run(["train", "--workers", "many"])
        #expect(wrong.status == 64 && wrong.errors.contains("write auto, N or MIN:MAX, each from 1 to 1024"), "\(wrong.errors)")
        let coordinator = try LockstepProcess.run(["coordinator", "--workers", "auto", "--run", scratch.file("far")])
        #expect(
            coordinator.status == 64 && coordinator.errors.contains("\"auto\" is no number of workers"), "\(coordinator.errors)")
    }
}
