import Files
import Foundation
import Runs
import TestSupport
import Testing

/// Checks of a run folder that was changed from outside, before a run goes on with it.
@Suite struct RunFolderPartsTests {
    let scratch = Scratch()

    func makeRun() throws -> RunFolder {
        try RunFolder.begin(Configuration(), provenance: RunFolderTests.provenance, at: scratch.file("run"))
    }

    @Test("A run that was ended before its first checkpoint has all its parts, with or without records of its steps")
    func young() throws {
        let run = try makeRun()
        try run.requireParts()
        _ = try scratch.write("1 1 00000000000000ff\n", to: "run/steps.log")
        _ = try scratch.write("{\"kind\":\"event\",\"what\":\"start\",\"step\":0}\n", to: "run/metrics.jsonl")
        try run.requireParts()
        // A copy by a tool that knows no empty folders.
        try FileManager.default.removeItem(atPath: run.checkpointsPath)
        try run.requireParts()
    }

    @Test("Checkpoints that were stored and are not there are missed, and nothing is changed")
    func lost() throws {
        let run = try makeRun()
        _ = try scratch.write("20 1 00000000000000ff\n", to: "run/steps.log")
        let metrics = try scratch.write(
            "{\"kind\":\"event\",\"what\":\"checkpoint\",\"step\":20,\"bytes\":9}\n", to: "run/metrics.jsonl")
        let before = try Scratch.bytes(metrics)
        let empty = sentence { try run.requireParts() }
        #expect(empty.contains("after step 20 (metrics.jsonl says so)") && empty.contains("holds none"), "\(empty)")
        try FileManager.default.removeItem(atPath: run.checkpointsPath)
        let gone = sentence { try run.requireParts() }
        #expect(gone.contains("is gone: put the checkpoints back") && gone.contains("new run in another folder"), "\(gone)")
        #expect(try Scratch.bytes(metrics) == before)
        try FileManager.default.removeItem(atPath: metrics)
        let both = sentence { try run.requireParts() }
        #expect(both.contains("has done 20 steps (steps.log says so), and metrics.jsonl is missing as well"), "\(both)")
        #expect(try Scratch.names(run.path) == ["config.yaml", "figures", "lock", "steps.log"])
    }

    @Test("Folders of a run that are a link to nowhere, a file or a pipe are named", arguments: ["checkpoints", "figures"])
    func folders(_ name: String) throws {
        let run = try makeRun()
        let path = run.path + "/" + name
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "/nowhere/at/all")
        #expect(
            sentence { try run.requireParts() }
                == "\(path) is a symbolic link to /nowhere/at/all, where nothing is: mount or put back what it leads to.")
        if name == "figures" { #expect(sentence { try run.requireFiguresFolder() }.contains("mount or put back what it leads to")) }
        if name == "checkpoints" { #expect(sentence { _ = try run.checkpoints().steps() }.contains("Cannot list")) }
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: scratch.path)
        try run.requireParts()
        try FileManager.default.removeItem(atPath: path)
        try #require(mkfifo(path, 0o600) == 0)
        #expect(sentence { try run.requireParts() }.contains("\(path) is no folder, where the run has one"))
    }

    @Test(
        "Files of a run that are a pipe, a folder or a link to nowhere are named, without a wait",
        arguments: ["config.yaml", "generation", "identity", "metrics.jsonl", "steps.log", "lock", "coordinator.log"])
    func files(_ name: String) throws {
        let run = try makeRun()
        let path = run.path + "/" + name
        try? FileManager.default.removeItem(atPath: path)
        try #require(mkfifo(path, 0o600) == 0)
        #expect(sentence { try run.requireParts() }.contains("it is a device or a pipe, where a file is due"))
        if name == "lock" { #expect(sentence { _ = try run.lock(within: .zero) }.contains("device or a pipe")) }
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        #expect(sentence { try run.requireParts() }.contains("a folder stands there, where a file is due"))
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "/nowhere/at/all")
        let link = sentence { try run.requireParts() }
        #expect(link.contains("symbolic link"), "\(link)")
        if name == "generation" {
            #expect(sentence { _ = try run.raiseGeneration() }.contains("No such file"))
            #expect(throws: DiskError.self) { _ = try run.generation() }
        }
        if name == "config.yaml" { #expect(sentence { _ = try RunFolder.open(run.path) }.contains("where nothing is")) }
    }

    @Test("A pipe in the place of a log that is written is refused, and so is a run's own place that is a link to nowhere")
    func writing() throws {
        let pipe = scratch.file("steps.log")
        try #require(mkfifo(pipe, 0o600) == 0)
        #expect(sentence { _ = try StepsLog(path: pipe) }.contains("device or a pipe"))
        let place = scratch.file("run")
        try FileManager.default.createSymbolicLink(atPath: place, withDestinationPath: "/nowhere/at/all")
        #expect(sentence { _ = try makeRun() }.contains("is no folder, or a link that leads to none"))
    }
}
