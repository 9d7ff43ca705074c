import Foundation
import Runs
import TestSupport
import Testing

/// The commands that lay runs beside each other, on real runs.
struct ListingTests {
    @Test("runs lists what was trained and how it ended, and compare tells what differs and draws it")
    func listAndCompare() throws {
        let scratch = Scratch()
        func lockstep(_ arguments: [String]) throws -> LockstepProcess.Result {
            try LockstepProcess.run(arguments, in: scratch.path)
        }
        let none = try lockstep(["runs"])
        #expect(none.status == 0 && none.output.isEmpty && none.errors.contains("no run is in runs"), "\(none)")
        #expect(try lockstep(["runs", "elsewhere"]).status == 1)
        #expect(try lockstep(["train"] + LockstepProcess.small + ["--run", "runs/a"]).status == 0)
        // Such a rate makes numbers that are not finite within a few steps.
        let diverged = try lockstep(
            ["train"] + LockstepProcess.small + [
                "--run", "runs/b", "--set", "phases.reconstruction.rate=1e6", "--set", "model.output=linear",
            ])
        #expect(diverged.status == 1, "\(diverged.errors)")
        let table = try lockstep(["runs"])
        let lines = table.output.split(separator: "\n").map(String.init)
        #expect(lines.count == 3 && lines[0].hasPrefix("run "), "\(table)")
        let line = { (name: String) in lines.first { $0.hasPrefix("\(name) ") } ?? "" }
        #expect(line("b").hasSuffix("diverged"), "\(table)")
        #expect(line("a").contains("24/24") && line("a").hasSuffix("finished"), "\(table)")
        let objects = try lockstep(["runs", "runs", "--json"]).output.split(separator: "\n").map { try JSON(parsing: String($0)) }
        let states = Dictionary(uniqueKeysWithValues: objects.map { ($0["run"]?.stringValue, $0["state"]?.stringValue) })
        #expect(states == ["a": "finished", "b": "diverged"])
        let trained = objects.first { $0["run"]?.stringValue == "a" }
        #expect(trained?["figure"]?["name"]?.stringValue == "energy_distance")
        let compared = try lockstep(["compare", "a", "b", "--out", "curves.png"])
        #expect(compared.status == 0 && compared.output.contains("phases.reconstruction.rate"), "\(compared)")
        #expect(!compared.output.contains("minibatch"))
        #expect(scratch.size(of: "curves.png") > 5_000)
        let same = try lockstep(["compare", "a", "a@12"])
        #expect(same.output.hasPrefix("all settings are the same") && same.output.contains("12"), "\(same)")
        #expect(try lockstep(["compare", "a"]).status == 64)
        #expect(try lockstep(["compare", "a", "b", "--out", "curves.npy"]).status == 64)
    }
}
