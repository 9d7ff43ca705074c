import Files
import Foundation
import Runs
import Synchronization
import TestSupport
import Testing

@Suite struct RunFolderTests {
    let scratch = Scratch()
    var runs: String { scratch.file("runs") }
    static let now = Date(timeIntervalSince1970: 1_767_323_045)

    func makeRun(_ name: String, at directory: String? = nil) throws -> RunFolder {
        var configuration = Configuration()
        configuration.name = name
        return try RunFolder.begin(configuration, provenance: Self.provenance, at: directory, under: runs, now: Self.now)
    }

    static let provenance = Provenance(
        commit: "abc", dataIdentity: "def", kernel: "haswell", commandLine: ["lockstep", "train"], now: now)

    @Test("A run is named by its recipe and the time, and a second one of that second has a number")
    func names() throws {
        #expect(try makeRun("quickstart").name == "quickstart-20260102-030405")
        #expect(try makeRun("quickstart").name == "quickstart-20260102-030405-2")
        #expect(try makeRun("quickstart").path == runs + "/quickstart-20260102-030405-3")
    }

    @Test("A new run has folders for checkpoints and figures")
    func layout() throws {
        let run = try makeRun("a")
        #expect(try Scratch.names(run.path) == ["checkpoints", "config.yaml", "figures", "lock"])
        #expect(run.workerLogPath(3) == run.path + "/worker-3.log")
    }

    @Test("A folder that exists is refused and resume is named")
    func exists() throws {
        let directory = scratch.file("mine")
        _ = try makeRun("a", at: directory)
        #expect(
            sentence { _ = try makeRun("a", at: directory) }
                == "The run folder \(directory) exists already; go on with it by `lockstep resume \(directory)`, or name another with --run."
        )
    }

    @Test("A folder that holds other things is refused, and nothing in it is touched")
    func othersFolder() throws {
        let directory = scratch.file("photos")
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        _ = try scratch.write("x", to: "photos/a.jpg")
        #expect(
            sentence { _ = try makeRun("a", at: directory) }
                == "\(directory) exists already and is no run: it holds other things and no config.yaml; name another folder with --run."
        )
        #expect(try Scratch.names(directory) == ["a.jpg"])
    }

    @Test("What was made for a run that could not begin is taken away, and nothing else")
    func withdrawn() throws {
        let run = try makeRun("a")
        #expect(!run.hasBegun)
        run.withdraw(keepingFolder: false)
        #expect(!RunFolder.exists(run.path))
        let volume = scratch.file("volume-of-its-own")
        try FileManager.default.createDirectory(atPath: volume + "/lost+found", withIntermediateDirectories: true)
        let mounted = try makeRun("a", at: volume)
        try Data().write(to: URL(fileURLWithPath: mounted.workerLogPath(0)))
        mounted.withdraw(keepingFolder: true)
        #expect(try Scratch.names(volume) == ["lost+found"])
        #expect(RunFolder.isBlank(volume))
        for part in ["metrics.jsonl", "steps.log", "worker-0.log"] {
            let begun = try makeRun("b")
            try Data("x".utf8).write(to: URL(fileURLWithPath: begun.path + "/" + part))
            #expect(begun.hasBegun, "\(part)")
            begun.withdraw(keepingFolder: false)
            #expect(RunFolder.exists(begun.path + "/" + part))
        }
    }

    @Test("latest is given back to the run it stood for")
    func latestGivenBack() throws {
        let (first, second) = (try makeRun("a"), try makeRun("b"))
        try first.markLatest(under: runs)
        let before = RunFolder.latestTarget(under: runs)
        try second.markLatest(under: runs)
        // The leftover of a process with this number that died in between.
        #expect(symlink("nowhere", runs + "/.latest-\(getpid())") == 0)
        second.giveLatestBack(to: before, under: runs)
        #expect(try RunFolder.open("latest", under: runs).path == first.path)
        first.giveLatestBack(to: nil, under: runs)
        #expect(RunFolder.latestTarget(under: runs) == nil)
    }

    @Test("latest stays where another run has taken it since", arguments: [nil, "a-20260102-030405"])
    func latestTaken(before: String?) throws {
        let (first, second) = (try makeRun("b"), try makeRun("c", at: scratch.file("elsewhere")))
        try first.markLatest(under: runs)
        try second.markLatest(under: runs)
        first.giveLatestBack(to: before, under: runs)
        #expect(RunFolder.latestTarget(under: runs) == second.path)
        second.giveLatestBack(to: first.name, under: runs)
        #expect(RunFolder.latestTarget(under: runs) == first.name)
    }

    @Test(
        "a file system that gives no lock is told in a whole sentence, and a true one",
        arguments: [
            (ENOLCK, "the file server gives no lock"), (EOPNOTSUPP, "has no locks"), (ENOSYS, "has no locks"),
            (EINVAL, "has no locks"),
        ])
    func noLocks(code: Int32, part: String) {
        let sentence = "\(RunFolder.noLock("/mnt/run/lock", code))"
        #expect(sentence.hasPrefix("/mnt/run/lock cannot be locked") && sentence.contains(part) && sentence.contains("local disk"))
        #expect(!sentence.contains("a device or a pipe") && sentence.hasSuffix("."), "\(sentence)")
    }

    @Test("A blank folder is taken: a fresh volume, or what a process left that died at the beginning")
    func blank() throws {
        let directory = scratch.file("volume")
        try FileManager.default.createDirectory(atPath: directory + "/lost+found", withIntermediateDirectories: true)
        try FileManager.default.createDirectory(atPath: directory + "/checkpoints", withIntermediateDirectories: true)
        _ = try scratch.write("name:", to: "volume/config.yaml.partial")
        #expect(RunFolder.isBlank(directory))
        let run = try makeRun("a", at: directory)
        #expect(try run.configuration().configuration.name == "a")
        #expect(!RunFolder.isBlank(directory))
        #expect(!RunFolder.isBlank(scratch.file("absent")))
    }

    @Test(
        "Wherever the beginning of a run fails, nothing is left; a process that dies there leaves a folder that is taken next time")
    func failedBeginning() throws {
        let directory = scratch.file("run")
        let all = FaultyDisk(.nothing)
        func begin(_ faults: FaultyDisk) throws {
            _ = try RunFolder.begin(
                Configuration(), provenance: Self.provenance, at: directory, under: runs, now: Self.now, disk: faults.disk)
        }
        try begin(all)
        try FileManager.default.removeItem(atPath: directory)
        for operation in 1...all.count {
            #expect(throws: DiskError.self) { try begin(FaultyDisk(.fails(operation: operation, code: ENOSPC, written: 0.5))) }
            #expect(try Scratch.names(scratch.path) == [], "operation \(operation)")
            try? begin(FaultyDisk(.dies(after: operation)))
            if !RunFolder.exists(directory + "/config.yaml") { try begin(FaultyDisk(.nothing)) }
            #expect(try RunFolder.open(directory, under: runs).configuration().configuration == Configuration())
            try FileManager.default.removeItem(atPath: directory)
        }
    }

    @Test("What dying processes left is swept from the folder, its pictures and its checkpoints, and nothing else")
    func sweep() throws {
        let run = try makeRun("a", at: scratch.file("run"))
        try FileManager.default.createDirectory(atPath: run.figuresPath + "/epoch-0001", withIntermediateDirectories: false)
        try FileManager.default.createDirectory(
            atPath: run.checkpointsPath + "/.partial-step-00000002", withIntermediateDirectories: false)
        let left = ["metrics.jsonl.partial", "figures/codes.png.partial", "figures/epoch-0001/codes.png.partial"]
        for name in left + ["metrics.jsonl", "figures/codes.png"] { _ = try scratch.write("x", to: "run/" + name) }
        #expect(try run.sweep() == (left + ["checkpoints/.partial-step-00000002"]).map { run.path + "/" + $0 })
        #expect(try run.sweep() == [])
        #expect(try Scratch.names(run.figuresPath) == ["codes.png", "epoch-0001"])
    }

    @Test("A run is found by its path, its name and as the latest, which gives its own name")
    func resolve() throws {
        let first = try makeRun("first")
        try first.markLatest(under: runs)
        #expect(try RunFolder.open(first.path, under: runs) == first)
        #expect(try RunFolder.open(first.path + "/", under: runs) == first)
        #expect(try RunFolder.open("first-20260102-030405", under: runs) == first)
        #expect(try RunFolder.open("latest", under: runs).name == first.name)
        let second = try makeRun("second", at: scratch.file("elsewhere"))
        try second.markLatest(under: runs)
        #expect(try RunFolder.open("latest", under: runs).name == "elsewhere")
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: runs + "/latest") == second.path)
        #expect(try Scratch.names(runs) == ["first-20260102-030405", "latest"])
    }

    @Test("A run that is not there is answered with the nearest name or the way on")
    func unknown() throws {
        _ = try makeRun("quickstart")
        #expect(
            sentence { _ = try RunFolder.open("quickstart-20260102-030406", under: runs) }
                == "There is no run quickstart-20260102-030406, neither as a path nor under \(runs); the nearest name is quickstart-20260102-030405."
        )
        #expect(
            sentence { _ = try RunFolder.open("latest", under: runs) }
                == "There is no \(runs)/latest, since no run was started from this folder; give a run's path or name.")
        #expect(
            sentence { _ = try RunFolder.open("", under: runs) }
                == "The name of the run is empty; give a run's folder, its name under \(runs), or latest.")
        let lost = try makeRun("lost")
        let checkpoint = try lost.checkpoints().write(CheckpointTests.info(5), produce: CheckpointTests.produce)
        try Data().write(to: URL(fileURLWithPath: lost.configurationPath))
        #expect(
            sentence { _ = try lost.configuration() }.hasPrefix(
                "\(lost.configurationPath): this file is empty, and settings are due; the file was changed"))
        try FileManager.default.removeItem(atPath: lost.configurationPath)
        #expect(
            sentence { _ = try RunFolder.open(lost.path, under: runs) }.contains(
                "has checkpoints and no config.yaml: put the file back as it was (the checkpoint has the settings, see `lockstep inspect \(checkpoint.path)`)"
            ))
        #expect(
            sentence { _ = try RunFolder.open(scratch.path, under: runs) }
                == "\(scratch.path) is not a run: it holds no config.yaml; RUN is a run's folder, its name under \(runs), or latest."
        )
    }

    @Test("RUN and RUN@STEP are told apart, and a name that ends like a step is a name")
    func reference() throws {
        let run = try makeRun("a")
        #expect(try RunReference(parsing: run.path, under: runs) == RunReference(run: run.path, step: nil))
        #expect(try RunReference(parsing: run.name + "@40", under: runs) == RunReference(run: run.name, step: 40))
        #expect(try RunReference(parsing: "latest@40", under: runs) == RunReference(run: "latest", step: 40))
        #expect(try RunReference(parsing: "user@host/run", under: runs) == RunReference(run: "user@host/run", step: nil))
        #expect(
            sentence { _ = try RunReference(parsing: run.name + "@x", under: runs) }
                == "\(run.name)@x names no step of \(run.name): a step is a whole number, as in \(run.name)@500.")
        try FileManager.default.createDirectory(atPath: runs + "/b@7", withIntermediateDirectories: true)
        #expect(try RunReference(parsing: "b@7", under: runs) == RunReference(run: "b@7", step: nil))
    }

    @Test("One process holds a run, the error names it, and a released lock can be taken again")
    func lock() throws {
        let run = try makeRun("a")
        let lock = try run.lock()
        let text = sentence { _ = try run.lock(within: .milliseconds(50)) }
        #expect(text.hasPrefix("The run \(run.path) is in use by process \(getpid()) on host \(Provenance.hostName()) since 20"))
        #expect(text.hasSuffix("; stop that process, or wait until it is done."))
        lock.release()
        let again = try run.lock()
        again.release()
        again.release()
    }

    @Test("A holder that lives on is not waited for", .timeLimit(.minutes(15)))
    func livingHolder() throws {
        let run = try makeRun("a")
        let lock = try run.lock()
        defer { lock.release() }
        #expect(sentence { _ = try run.lock(within: .seconds(3600)) }.contains("is in use by process \(getpid())"))
    }

    @Test("Who only looks whether a run is free leaves the holder's name as it is")
    func unnamedLock() throws {
        let run = try makeRun("a")
        try run.lock().release()
        let before = try Scratch.text(run.path + "/lock")
        let file = try FileManager.default.attributesOfItem(atPath: run.path + "/lock")[.modificationDate] as? Date
        let lock = try run.lock(named: false)
        #expect(throws: RunLocked.self) { try run.lock(within: .zero) }
        lock.release()
        #expect(try Scratch.text(run.path + "/lock") == before)
        #expect(try FileManager.default.attributesOfItem(atPath: run.path + "/lock")[.modificationDate] as? Date == file)
    }

    @Test("A lock whose file was removed holds off nobody, so whoever locks takes the file that is there")
    func replacedLock() throws {
        let run = try makeRun("a")
        let first = try run.lock()
        try FileManager.default.removeItem(atPath: run.path + "/lock")
        let second = try run.lock(within: .zero)
        #expect(sentence { _ = try run.lock(within: .zero) }.contains("in use by process"))
        // A process that waited for the first one's file gets that file when it is no longer the lock.
        first.release()
        #expect(throws: RunLocked.self) { try run.lock(within: .zero) }
        second.release()
        try run.lock(within: .zero).release()
    }

    @Test("A lock that is removed while somebody waits for it is not taken by its old file")
    func replacedWhileWaiting() throws {
        let run = try makeRun("a")
        // Without a name: whose process lives on is not waited for.
        try Data().write(to: URL(fileURLWithPath: run.path + "/lock"))
        let held = try run.lock(named: false)
        let taken = Mutex<(lock: RunLock?, isLocked: Bool)>((nil, false))
        let waiter = Thread {
            let lock = try? run.lock(within: .seconds(800))
            taken.withLock { $0 = (lock, true) }
        }
        waiter.start()
        // By now it has the old file open; if not, the test would still pass, but show less.
        usleep(200_000)
        try FileManager.default.removeItem(atPath: run.path + "/lock")
        let newer = try run.lock(within: .zero, named: false)
        held.release()
        usleep(200_000)
        #expect(taken.withLock { !$0.isLocked }, "a lock on the removed file was taken for the run's")
        newer.release()
        let deadline = Date().addingTimeInterval(800)
        while taken.withLock({ !$0.isLocked }), Date() < deadline { usleep(5_000) }
        #expect(taken.withLock { $0.lock != nil })
        #expect(throws: RunLocked.self) { try run.lock(within: .zero) }
        taken.withLock { $0.lock?.release() }
    }

    @Test("A generation is a number that rises and a name that is another each time, and is on disk")
    func generation() throws {
        let run = try makeRun("a")
        #expect(try run.generation() == nil)
        let first = try run.raiseGeneration()
        let second = try run.raiseGeneration()
        #expect(first.number == 1 && second.number == 2 && first.name != second.name)
        #expect(try run.generation() == second)
        #expect(try run.raiseGeneration(above: 1).number == 3)
        #expect(try run.raiseGeneration(above: 40).number == 41)
        // Versions before wrote the number alone.
        try Data("7\n".utf8).write(to: URL(fileURLWithPath: run.path + "/generation"))
        #expect(try run.generation() == Generation(number: 7, name: 0))
        #expect(try run.raiseGeneration().number == 8)
    }

    @Test("A generation that is damaged, or cannot be raised, is a sentence")
    func damagedGeneration() throws {
        let run = try makeRun("a")
        for above in [UInt64.max, UInt64.max - 1, Plausible.count] {
            #expect(sentence { _ = try run.raiseGeneration(above: above) }.contains("cannot be raised above \(above)"))
        }
        for text in [
            "", "x", "18446744073709551615\n", "1099511627776\n", "-1", "4 00c0ffee\n", "4 00c0ffee00c0ffee 1\n",
            "4 +0c0ffee00c0ffee\n",
        ] {
            try Data(text.utf8).write(to: URL(fileURLWithPath: run.path + "/generation"))
            #expect(sentence { _ = try run.raiseGeneration() }.contains("holds no number that can be raised"), "\(text)")
        }
        try Data(repeating: 0x31, count: 65).write(to: URL(fileURLWithPath: run.path + "/generation"))
        #expect(sentence { _ = try run.raiseGeneration() }.contains("no such file has more than 64"))
    }

    @Test("Of a line that is longer than any only the beginning is read, and the lines after it count")
    func longLines() throws {
        let record = StepRecord(step: 3, view: 1, chain: 9)
        let long = [UInt8](repeating: 0x20, count: 3 << 20) + [0x0A]
        let path = try scratch.write(long + Array(record.line.utf8) + Array("4 1".utf8), to: "steps.log")
        #expect(try StepsLog.read(path) == [record])
        let metrics = try MetricsReader(path: path)
        #expect(metrics.passedOver.map(\.line) == [1, 2] && metrics.steps.isEmpty)
    }

    @Test("A damaged identity is named, not taken for another run's")
    func damagedIdentity() throws {
        let run = try makeRun("a")
        let identity = try run.identity()
        #expect(try run.identity() == identity)
        for text in ["", "xyz\n", String(repeating: "1", count: 65)] {
            try Data(text.utf8).write(to: URL(fileURLWithPath: run.path + "/identity"))
            #expect(sentence { _ = try run.identity() }.contains("/identity"))
        }
    }

    @Test("What tells a run from every other is made once, kept, and differs from a run's of the same name and settings")
    func identity() throws {
        let run = try makeRun("a")
        let identity = try run.identity()
        #expect(!identity.isEmpty && identity.allSatisfy(\.isHexDigit))
        #expect(try run.identity() == identity)
        #expect(try RunFolder.open(run.path).identity() == identity)
        #expect(try makeRun("a").identity() != identity)
    }

    @Test("The configuration of a run reads back with what made it")
    func configuration() throws {
        let run = try makeRun("a")
        let (configuration, provenance) = try run.configuration()
        var expected = Configuration()
        expected.name = "a"
        #expect(configuration == expected)
        #expect(provenance?.commit == "abc")
        #expect(provenance?.data == "def")
        #expect(provenance?.created == "2026-01-02T03:04:05Z")
    }
}

@Suite struct StepsLogTests {
    let scratch = Scratch()
    static let records = [
        StepRecord(step: 1, view: 1, chain: 0), StepRecord(step: 2, view: 1, chain: .max),
        StepRecord(step: 12_345, view: 3, chain: 0xABC),
    ]

    @Test("Records read back, also when the log was closed in between")
    func roundTrip() throws {
        let path = scratch.file("steps.log")
        #expect(try StepsLog.read(path) == [])
        for record in Self.records {
            let log = try StepsLog(path: path)
            try log.append(record)
            try log.close()
        }
        #expect(try StepsLog.read(path) == Self.records)
        #expect(try Scratch.text(path) == "1 1 0000000000000000\n2 1 ffffffffffffffff\n12345 3 0000000000000abc\n")
    }

    @Test("A last line cut anywhere is passed over, and cut away before more is written")
    func tornTail() throws {
        let whole = "1 1 0000000000000000\n2 1 ffffffffffffffff\n"
        for length in 0...whole.utf8.count {
            let path = try scratch.write(String(whole.prefix(length)), to: "steps.log")
            let complete = length == whole.utf8.count ? 2 : length >= 21 ? 1 : 0
            #expect(try StepsLog.read(path) == Array(Self.records.prefix(complete)))
            let log = try StepsLog(path: path)
            try log.append(Self.records[2])
            try log.close()
            #expect(try StepsLog.read(path) == Array(Self.records.prefix(complete)) + [Self.records[2]])
        }
    }

    @Test("A torn line longer than a piece of the file is cut as well")
    func longTornTail() throws {
        let path = try scratch.write("1 1 0000000000000000\n" + String(repeating: "9", count: 200_000), to: "steps.log")
        #expect(try StepsLog.read(path) == [Self.records[0]])
        try StepsLog(path: path).close()
        #expect(try Scratch.text(path) == "1 1 0000000000000000\n")
    }

    @Test("A line that is no record, as a power cut may leave, is passed over")
    func malformed() throws {
        let path = try scratch.write("1 1 0000000000000000\n\0\0\0\0\n2 1 zz\n2 1 ffffffffffffffff\n", to: "steps.log")
        #expect(try StepsLog.read(path) == Array(Self.records.prefix(2)))
    }
}
