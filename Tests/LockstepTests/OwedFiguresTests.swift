import Foundation
import Runs
import TestSupport
import Testing

/// A coordinator may be killed between its last checkpoint and that checkpoint's figures: the next one to open the run computes them from it.
@Suite(.serialized)
struct OwedFiguresTests {
    private static let drawn = LockstepProcess.small + ["--set", "figures.every_epochs=1"]

    /// Trains a run of two epochs of 12 steps.
    private func train(_ run: String, _ more: [String] = []) throws -> RunFolder {
        let result = try LockstepProcess.run(["train"] + Self.drawn + more + ["--run", run])
        #expect(result.status == 0, "\(result.errors)")
        return try RunFolder.open(run)
    }

    /// Takes away what a death after the checkpoint would have left out: the line of an epoch, and its pictures.
    private func lose(_ epoch: Int, of folder: RunFolder) throws {
        let lines = try String(contentsOfFile: folder.metricsPath, encoding: .utf8).split(separator: "\n")
        let kept = lines.filter { line in
            let object = try? JSON(parsing: String(line))
            return object?["kind"]?.stringValue != "epoch" || object?["epoch"]?.intValue != epoch
        }
        #expect(kept.count == lines.count - 1)
        try Data((kept.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: folder.metricsPath))
        try? FileManager.default.removeItem(atPath: folder.figuresPath + "/epoch-000\(epoch)")
        #expect(folder.lacksFigures(ofEpoch: epoch) && folder.lacksPictures(ofEpoch: epoch))
    }

    private func epochs(_ folder: RunFolder) throws -> [EpochMetrics] { try MetricsReader(path: folder.metricsPath).epochs }

    private func digest(_ folder: RunFolder) throws -> String { try LockstepProcess.run(["digest", folder.path]).output }

    @Test(
        "figures and pictures of the last epoch that a killed coordinator did not come to are taken by whoever opens the run next",
        arguments: [["resume"], ["coordinator", "--listen", "127.0.0.1:0", "--run"]])
    func last(_ command: [String]) throws {
        let scratch = Scratch()
        let folder = try train(scratch.file("run"))
        let (before, weights) = (try epochs(folder), try digest(folder))
        #expect(before.map(\.epoch) == [1, 2])
        try lose(2, of: folder)
        let listed = try LockstepProcess.run(["runs", scratch.path])
        #expect(listed.output.contains("24/24") && listed.output.contains("stopped"), "\(listed.output)")
        let again = try LockstepProcess.run(command + [folder.path])
        #expect(again.status == 0, "\(again.errors)")
        #expect(again.errors.contains("figures or pictures of epoch 2 are missing: they are made now"), "\(again.errors)")
        #expect(again.errors.contains("epoch 2/2, held-out images") && again.errors.contains("trained"), "\(again.errors)")
        #expect(try epochs(folder) == before && !folder.lacksPictures(ofEpoch: 2))
        #expect(try digest(folder) == weights)
        // Nothing is owed any more, and nothing is written.
        let bytes = try Data(contentsOf: URL(filePath: folder.metricsPath))
        let third = try LockstepProcess.run(["resume", folder.path])
        #expect(third.status == 0 && !third.errors.contains("are missing"), "\(third.errors)")
        #expect(try Data(contentsOf: URL(filePath: folder.metricsPath)) == bytes)
    }

    @Test("a run that ends within an epoch keeps its other lines, and gets the one of its end back")
    func withinAnEpoch() throws {
        let scratch = Scratch()
        let folder = try train(scratch.file("run"), ["--steps", "17"])
        let before = try epochs(folder)
        #expect(before.map(\.epoch) == [1, 2])
        // The pictures alone: the line stays as it is.
        try FileManager.default.removeItem(atPath: folder.figuresPath + "/epoch-0002")
        for loses in [false, true] {
            if loses { try lose(2, of: folder) }
            let again = try LockstepProcess.run(["resume", folder.path])
            #expect(again.status == 0, "\(again.errors)")
            #expect(try epochs(folder) == before && !folder.lacksPictures(ofEpoch: 2))
        }
    }

    @Test("figures of an earlier epoch are taken from its checkpoint while the run goes on, and what no checkpoint gives is named")
    func earlier() throws {
        let scratch = Scratch()
        let folder = try train(scratch.file("run"))
        let before = try epochs(folder)
        try lose(2, of: folder)
        let more = try LockstepProcess.run(["resume", folder.path, "--epochs", "3"])
        #expect(more.status == 0 && more.errors.contains("of epoch 2 are missing: they are made now"), "\(more.errors)")
        let after = try epochs(folder)
        #expect(after.map(\.epoch).sorted() == [1, 2, 3] && after.first { $0.epoch == 2 } == before.last)
        let straight = try train(scratch.file("straight"), ["--epochs", "3"])
        #expect(try epochs(straight).last == after.first { $0.epoch == 3 } && digest(straight) == digest(folder))

        try lose(3, of: folder)
        try lose(2, of: folder)
        try FileManager.default.removeItem(atPath: folder.checkpointsPath + "/step-00000024")
        let last = try LockstepProcess.run(["resume", folder.path])
        #expect(last.status == 0, "\(last.errors)")
        #expect(last.errors.contains("the held-out figures of epoch 2 are missing in metrics.jsonl"), "\(last.errors)")
        #expect(try epochs(folder).map(\.epoch) == [1, 3])
    }

    @Test("train --seeds counts a run without its last figures as unfinished, and its table has those of the last epoch")
    func seeds() throws {
        let scratch = Scratch()
        let line = ["train"] + LockstepProcess.small + ["--seeds", "1,2", "--run", scratch.file("mine")]
        let first = try LockstepProcess.run(line)
        #expect(first.status == 0, "\(first.errors)")
        try lose(2, of: RunFolder.open(scratch.file("mine-seed-2")))
        let dry = try LockstepProcess.run(line + ["--dry-run"])
        #expect(dry.output.contains("2 takes the missing figures of its end, after step 24: "), "\(dry.output)")
        let second = try LockstepProcess.run(line)
        #expect(second.status == 0 && second.output == first.output, "\(second.errors)")
    }

    @Test("a run that took no figures at its end has none in the table, whatever an earlier epoch had")
    func earlierEpoch() throws {
        let scratch = Scratch()
        let part = try LockstepProcess.run(
            ["train"] + LockstepProcess.small + ["--epochs", "1", "--seed", "2", "--run", scratch.file("mine-seed-2")])
        #expect(part.status == 0, "\(part.errors)")
        let line = ["train"] + LockstepProcess.small + ["--seeds", "2", "--run", scratch.file("mine")]
        let result = try LockstepProcess.run(line + ["--set", "evaluate.every_epochs=0"])
        #expect(result.status == 0 && result.output.hasPrefix("seed  epoch\n2         -\n"), "\(result)")
        #expect(result.errors.contains("there are no held-out figures to compare"), "\(result.errors)")
    }
}
