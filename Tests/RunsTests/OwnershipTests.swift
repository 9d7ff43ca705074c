import Files
import Foundation
import Runs
import TestSupport
import Testing

/// A run folder is its coordinator's as long as the file in it says so, and its owner's alone.
@Suite struct OwnershipTests {
    private let scratch = Scratch()

    private func makeRun() throws -> RunFolder {
        try RunFolder.begin(Configuration(), provenance: RunFolderTests.provenance, at: scratch.file("run"))
    }

    @Test("The folder is its coordinator's until another raises the generation, or it is gone")
    func ownership() throws {
        let run = try makeRun()
        let first = try run.raiseGeneration()
        #expect(run.ownership(of: first) == .ours)
        let second = try run.raiseGeneration()
        #expect(run.ownership(of: first) == .taken(by: second) && run.ownership(of: second) == .ours)
        // In a copy the number is the same, and only the name differs.
        #expect(run.ownership(of: Generation(number: second.number, name: second.name ^ 1)) == .taken(by: second))
        try FileManager.default.moveItem(atPath: run.path, toPath: scratch.file("elsewhere"))
        #expect(run.ownership(of: second) == .gone)
        try FileManager.default.moveItem(atPath: scratch.file("elsewhere"), toPath: run.path)
        #expect(run.ownership(of: second) == .ours)
        try FileManager.default.removeItem(atPath: run.path + "/generation")
        #expect(run.ownership(of: second) == .gone)
    }

    @Test("What says nothing is neither ours nor another's")
    func unreadable() throws {
        let run = try makeRun()
        let mine = try run.raiseGeneration()
        func ownership(with text: String) throws -> Ownership {
            try Data(text.utf8).write(to: URL(fileURLWithPath: run.path + "/generation"))
            return run.ownership(of: mine)
        }
        for text in ["", "1 zz", "\0\0\0\0", String(repeating: "1", count: 65)] {
            guard case .unreadable(let error) = try ownership(with: text) else {
                Issue.record("\"\(text)\" was understood")
                continue
            }
            #expect(error.problem.contains("/generation"))
        }
        try FileManager.default.removeItem(atPath: run.path + "/generation")
        try FileManager.default.createDirectory(atPath: run.path + "/generation", withIntermediateDirectories: false)
        guard case .unreadable = run.ownership(of: mine) else {
            Issue.record("a folder was understood")
            return
        }
    }

    @Test("Nothing makes a folder anew that was removed: neither a checkpoint, nor a picture, nor a record")
    func nothingComesBack() throws {
        let run = try makeRun()
        let store = run.checkpoints()
        try FileManager.default.removeItem(atPath: run.path)
        let info = CheckpointInfo(step: 1, epoch: 1, endsEpoch: false, identity: "")
        #expect(throws: DiskError.self) { _ = try store.begin(info) }
        #expect(throws: DiskError.self) { _ = try StepsLog(path: run.stepsLogPath) }
        #expect(throws: DiskError.self) { _ = try run.raiseGeneration() }
        #expect(throws: DiskError.self) { _ = try run.lock(within: .zero) }
        #expect(!RunFolder.exists(run.path))
    }

    @Test("The folder and what is written into it is its owner's alone, the parents are not, and what exists keeps its mode")
    func modes() throws {
        let mask = umask(0o022)
        umask(mask)
        let run = try RunFolder.begin(Configuration(), provenance: RunFolderTests.provenance, at: scratch.file("a/b/run"))
        _ = try run.raiseGeneration()
        _ = try run.identity()
        try StepsLog(path: run.stepsLogPath).close()
        try MetricsWriter(path: run.metricsPath).close()
        EventFileWriter(directory: run.path).close()
        let info = CheckpointInfo(step: 1, epoch: 1, endsEpoch: false, identity: "")
        _ = try run.checkpoints().write(info, produce: CheckpointTests.produce)
        let names = try FileManager.default.subpathsOfDirectory(atPath: run.path).map { run.path + "/" + $0 } + [run.path]
        #expect(names.count >= 12)
        for name in names {
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: name, isDirectory: &isFolder)
            #expect(mode(name) == (isFolder.boolValue ? 0o700 : 0o600) & ~mask, "\(name)")
        }
        #expect(mode(scratch.file("a/b")) == 0o777 & ~mask)
        // A user shares a run by its modes: they stay when a file is replaced.
        for (name, chosen) in [(run.path, 0o750), (run.metricsPath, 0o640), (run.configurationPath, 0o644)] as [(String, mode_t)] {
            chmod(name, chosen)
        }
        try MetricsWriter(path: run.metricsPath, resumingAt: 0, epochsDone: 0).close()
        var longer = Configuration()
        longer.epochs = 99
        try run.update(to: longer)
        #expect(mode(run.path) == 0o750 && mode(run.metricsPath) == 0o640 && mode(run.configurationPath) == 0o644)
        // The umask decides who may read a result.
        try Safetensors.write(SafetensorsTests.tensors, metadata: [:], to: scratch.file("result"))
        #expect(mode(scratch.file("result")) == 0o666 & ~mask)
    }

    private func mode(_ path: String) -> mode_t {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode & 0o7777 : 0
    }

    @Test("No record is written through a link that somebody put into the folder, and the error says so")
    func links() throws {
        let run = try makeRun()
        let victim = try scratch.write("mine\n", to: "victim")
        for path in [run.stepsLogPath, run.metricsPath, run.path + "/lock"] {
            try? FileManager.default.removeItem(atPath: path)
            try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: victim)
        }
        #expect(sentence { _ = try StepsLog(path: run.stepsLogPath) }.contains("a symbolic link stands there"))
        #expect(sentence { _ = try MetricsWriter(path: run.metricsPath) }.contains("a symbolic link stands there"))
        #expect(sentence { _ = try run.lock(within: .zero) }.contains("a symbolic link stands there"))
        // The temporary name of a file that is replaced is known beforehand.
        try FileManager.default.createSymbolicLink(atPath: run.path + "/generation.partial", withDestinationPath: victim)
        #expect(sentence { _ = try run.raiseGeneration() }.contains("a symbolic link stands there"))
        #expect(try Scratch.text(victim) == "mine\n")
    }
}

/// The settings a run's checkpoints were made with are compared with those it is to go on with.
@Suite struct EditedConfigurationTests {
    private let scratch = Scratch()

    /// A run with a checkpoint of these settings, and the state's metadata as they are in a real one.
    private func run(
        _ configuration: Configuration, metadata: String? = nil, digest: String? = nil
    ) throws -> (folder: RunFolder, checkpoint: Checkpoint) {
        let folder = try RunFolder.begin(configuration, provenance: RunFolderTests.provenance, at: scratch.file("run"))
        let info = CheckpointInfo(step: 40, epoch: 1, endsEpoch: false, identity: digest ?? configuration.identityDigest)
        let checkpoint = try folder.checkpoints().write(info) { writer in
            let stream = try SafetensorsStream(
                SafetensorsTests.tensors, metadata: ["configuration": metadata ?? configuration.yaml()])
            for piece in stream { try writer.write(piece) }
        }
        return (folder, checkpoint)
    }

    @Test("A key that changes bits and was edited is named with both values; one that changes none is no matter")
    func edited() throws {
        let made = Configuration()
        let (folder, checkpoint) = try run(made)
        try folder.requireCheckpoints(of: made)
        var longer = made
        longer.epochs = 77
        longer.checkpoint.keep = 9
        try folder.requireCheckpoints(of: longer)
        #expect(folder.otherSettings(of: checkpoint, than: longer) == nil)
        var edited = made
        edited.seed = 3
        edited.minibatch = 50
        let text = sentence { try folder.requireCheckpoints(of: edited) }
        for part in [
            "the checkpoint after step 40", "seed (0 there, now 3)", "minibatch (100 there, now 50)", "put config.yaml back",
            "--from",
        ] {
            #expect(text.contains(part), "\(text)")
        }
        #expect(!text.contains("epochs ("))
    }

    @Test("Settings that cannot be read are others; a digest of fewer keys with the same settings is not")
    func unreadable() throws {
        let made = Configuration()
        let (folder, _) = try run(made, metadata: "seed: [1")
        var edited = made
        edited.seed = 3
        #expect(sentence { try folder.requireCheckpoints(of: edited) }.contains("which cannot be read"))
        try FileManager.default.removeItem(atPath: folder.path)
        // As an older version wrote it, which knew fewer settings.
        let (again, older) = try run(made, digest: String(repeating: "0", count: 64))
        try again.requireCheckpoints(of: made)
        #expect(again.otherSettings(of: older, than: made) == nil)
        #expect(again.otherSettings(of: older, than: edited)?.contains("seed") == true)
    }

    @Test("A step that the run has not done and does not come to is none to repeat")
    func beyondTheEnd() throws {
        var made = Configuration()
        made.steps = 8
        let (folder, _) = try run(made)
        // Its checkpoint is that of step 40: the run's end was moved to before it.
        try folder.requireStep(40, of: made, trainingImages: 1000)
        #expect(
            sentence { try folder.requireStep(41, of: made, trainingImages: 1000) }.hasSuffix(
                "ends with step 40, so there is no step 41 to repeat; name one up to 40."))
        made.steps = 100
        try folder.requireStep(100, of: made, trainingImages: 1000)
        #expect(sentence { try folder.requireStep(101, of: made, trainingImages: 1000) }.contains("ends with step 100"))
    }

    @Test("A damaged checkpoint from before a change that is allowed keeps nobody from going on: its settings are nobody's word")
    func damaged() throws {
        let made = Configuration()
        let (folder, checkpoint) = try run(made)
        var changed = made
        changed.seed = 3
        #expect(folder.otherSettings(of: checkpoint, than: changed)?.contains("seed (0 there, now 3)") == true)
        let bytes = try Scratch.bytes(checkpoint.statePath)
        var flipped = bytes
        flipped[bytes.count - 1] ^= 1
        var unreadable = bytes
        unreadable[8] ^= 0x20
        for damaged in [Array(bytes.prefix(20)), unreadable, flipped] {
            try Data(damaged).write(to: URL(fileURLWithPath: checkpoint.statePath))
            #expect(folder.otherSettings(of: checkpoint, than: changed) == nil)
            try folder.requireCheckpoints(of: changed)
        }
    }
}

/// Numbers in files of the run folder that no run can reach.
@Suite struct ImplausibleNumberTests {
    private let scratch = Scratch()

    @Test(
        "A step or a view that no run comes to is passed over and told, and the records around it count",
        arguments: [
            "9223372036854775807 1 0000000000000000", "2 18446744073709551615 0000000000000000",
            "18446744073709551615 18446744073709551615 ffffffffffffffff", "1099511627777 1 0000000000000000",
        ])
    func stepsLog(line: String) throws {
        let path = try scratch.write("1 1 0000000000000000\n\(line)\n2 1 ffffffffffffffff\n\(line)\n", to: "steps.log")
        let (records, passedOver) = try StepsLog.look(path)
        #expect(records == Array(StepsLogTests.records.prefix(2)))
        #expect(
            passedOver?.description.hasPrefix(
                "\(path), line 2: no run writes such a record of a step; 2 such lines are passed over") == true)
        #expect(try StepsLog.look(scratch.write("1 1 0000000000000000\n2 1", to: "steps.log")).passedOver == nil)
    }

    @Test("A manifest, a state or a metric of more than any run has is refused in words")
    func others() throws {
        let identity = String(repeating: "0", count: 64)
        for (step, epoch, bytes) in [(UInt64.max, 1, 1), (1 << 62, 1, 1), (1, .max, 1), (1, -1, 1), (1, 1, .max), (1, 1, -1)]
            as [(UInt64, Int, Int)]
        {
            let info = CheckpointInfo(step: step, epoch: epoch, endsEpoch: true, identity: identity)
            let manifest = Manifest(info: info, bytes: bytes, sha256: identity)
            do {
                _ = try Manifest(parsing: Array(manifest.text.utf8))
                Issue.record("\(step), \(epoch), \(bytes) was taken")
            } catch let error as Manifest.Malformed {
                #expect(error.reason.contains("no run comes to"))
            }
        }
        for (step, epoch, applied) in [
            ("18446744073709551615", "1", "3"), ("1", "-1", "3"), ("1", "1", "18446744073709551615"),
            ("1", "9223372036854775807", "3"),
        ] {
            let bytes = try SafetensorsStream(
                [], metadata: ["step": step, "epoch": epoch, "applied": applied, "chain": "0", "configuration": ""]
            ).flatMap { $0 }
            let reader = try SafetensorsReader(bytes: bytes, name: "state")
            #expect(sentence { _ = try StateFile.position(of: reader) }.contains("no run comes to"))
        }
        let line = MetricsTests.step(4).json.text
        let path = try scratch.write(
            line + "\n" + line.replacingOccurrences(of: "\"step\":4", with: "\"step\":18446744073709551615") + "\n",
            to: "metrics.jsonl")
        let metrics = try MetricsReader(path: path)
        #expect(metrics.steps.map(\.step) == [4] && metrics.passedOver.map(\.line) == [2])
        // Lines of steps that are not done yet are removed when the run goes on.
        try MetricsWriter(path: path, resumingAt: 4, epochsDone: 0).close()
        #expect(try MetricsReader(path: path).passedOver.isEmpty)
    }

    @Test("A run has no more steps than can be counted, whatever its settings say")
    func lastStep() {
        var configuration = Configuration()
        configuration.epochs = .max
        #expect(configuration.lastStep(trainingImages: 60_000) == Plausible.count)
        configuration.steps = .max
        #expect(configuration.lastStep(trainingImages: 60_000) == Plausible.count)
        configuration.steps = 7
        #expect(configuration.lastStep(trainingImages: 60_000) == 7)
    }
}
