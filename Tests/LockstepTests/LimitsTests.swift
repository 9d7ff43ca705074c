import Foundation
import Runs
import TestSupport
import Testing

/// Resources that the system refuses or withdraws: memory, the current folder, a port, a file; and what is said before a run begins.
@Suite struct LimitsTests {
    /// A command through a shell that does something first; RUN stands for the command.
    private func shell(_ line: String, _ arguments: [String]) throws -> LockstepProcess.Result {
        let command = ([LockstepProcess.path] + arguments).map { "'\($0)'" }.joined(separator: " ")
        return try LockstepProcess(["-c", line.replacingOccurrences(of: "RUN", with: command)], executable: "/bin/sh").wait()
    }

    @Test("where the limit on address space is too low, each command that multiplies says so at once, and leaves nothing behind")
    func addressSpace() throws {
        let scratch = Scratch()
        let run = scratch.file("run")
        let low = "ulimit -v 220000; exec RUN"
        let train = try shell(low, ["train"] + LockstepProcess.small + ["--run", run])
        #expect(train.status == 1 && train.errors.contains("RLIMIT_AS is set to 22"), "\(train.errors)")
        #expect(train.errors.contains("ulimit -v unlimited), or take fewer --threads"), "\(train.errors)")
        #expect(!FileManager.default.fileExists(atPath: run), "\(train.errors)")
        #expect(try LockstepProcess.run(["train"] + LockstepProcess.small + ["--run", run]).status == 0)
        let out = scratch.file("out")
        for command in [
            ["encode", run, "--split", "test", "--out", out + ".npy"], ["evaluate", run], ["sample", run, "--out", out + ".png"],
            ["replay", run, "--step", "3", "--out", out + ".safetensors"], ["bench", "gemm", "--rows", "8", "--width", "8"],
            ["bench", "allreduce"],
            ["coordinator", "--run", run, "--listen", "127.0.0.1:0", "--epochs", "3"], ["agent"],
        ] {
            let result = try shell(low, command)
            #expect(result.status == 1 && result.errors.contains("RLIMIT_AS"), "\(command): \(result.errors)")
            // None of them has that flag.
            #expect(!result.errors.contains("--threads"), "\(command): \(result.errors)")
        }
    }

    @Test("a resume without room on the disk or in the address space says so, and has changed nothing")
    func resumed() throws {
        let scratch = Scratch()
        let run = scratch.file("run")
        #expect(try LockstepProcess.run(["train"] + LockstepProcess.small + ["--run", run]).status == 0)
        let before = try String(contentsOfFile: run + "/config.yaml", encoding: .utf8)
        let result = try shell("ulimit -v 220000; exec RUN", ["resume", run, "--epochs", "2000000000"])
        #expect(result.status == 1 && result.errors.contains("of address space more"), "\(result.errors)")
        #expect(result.errors.contains("the run comes to") && result.errors.contains("make room"), "\(result.errors)")
        #expect(try String(contentsOfFile: run + "/config.yaml", encoding: .utf8) == before)
    }

    @Test("a worker that has no room for its products ends with a sentence, which the coordinator says too")
    func worker() throws {
        let scratch = Scratch()
        let lead = try LockstepProcess(
            ["coordinator"] + LockstepProcess.small + ["--run", scratch.file("run"), "--listen", "127.0.0.1:0"])
        let port = try #require(LockstepProcess.port(of: scratch.file("run")))
        let result = try shell("ulimit -v 220000; exec RUN", ["worker", "--coordinator", "127.0.0.1:\(port)", "--threads", "1"])
        #expect(result.status == 1 && result.errors.contains("RLIMIT_AS"), "\(result.errors)")
        #expect(LockstepProcess.eventually { lead.errorsSoFar.contains("RLIMIT_AS") }, "\(lead.errorsSoFar)")
        kill(lead.process.processIdentifier, SIGTERM)
        #expect(try lead.wait().status == 0)
    }

    @Test("where the current folder was deleted, no command takes a path below / for one below it")
    func deletedFolder() throws {
        let scratch = Scratch()
        for arguments in [["train"] + LockstepProcess.small, ["inspect", "latest"], ["doctor", "--quick"]] {
            let result = try shell("mkdir \(scratch.file("gone")); cd \(scratch.file("gone")); rmdir ../gone; exec RUN", arguments)
            #expect(result.status == 1 && result.errors.contains("the current folder cannot be told"), "\(result.errors)")
            #expect(result.errors.contains("cd") && result.output.isEmpty)
        }
    }

    @Test("a port for gradients that is taken is refused before the run's folder is made")
    func dataPort() throws {
        let scratch = Scratch()
        let first = try LockstepProcess(
            ["coordinator"] + LockstepProcess.small + ["--run", scratch.file("first"), "--listen", "127.0.0.1:0"])
        let port = try #require(LockstepProcess.port(of: scratch.file("first")))
        let second = try LockstepProcess.run(
            ["coordinator"] + LockstepProcess.small + [
                "--run", scratch.file("second"), "--listen", "127.0.0.1:0", "--topology", "server", "--data-port", port,
            ], in: scratch.file("."))
        #expect(second.status == 1 && second.errors.contains(port), "\(second.errors)")
        #expect(!FileManager.default.fileExists(atPath: scratch.file("second")))
        kill(first.process.processIdentifier, SIGTERM)
        #expect(try first.wait().status == 0)
    }

    @Test("a dry run looks at the weights to begin with, and says which workers would have nothing to do")
    func dryRun() throws {
        let scratch = Scratch()
        let none = try LockstepProcess.run(["train"] + LockstepProcess.small + ["--dry-run", "--from", scratch.file("none")])
        #expect(none.status == 1 && none.errors.contains("There is no run"), "\(none.errors)")
        let eight = try LockstepProcess.run(["train"] + LockstepProcess.small + ["--dry-run", "--workers", "8"])
        #expect(eight.status == 0 && eight.output.contains("4 of the 8 workers will have no shard"), "\(eight.output)")
        #expect(eight.output.contains("--set shards=8"))
        let three = try LockstepProcess.run(["train"] + LockstepProcess.small + ["--dry-run", "--workers", "3"])
        #expect(three.output.contains("3 workers share 4 shards unevenly"), "\(three.output)")
        #expect(three.output.contains("--workers 2 is as fast; --set shards=6 gives all of them as many"))
        let two = try LockstepProcess.run(["train"] + LockstepProcess.small + ["--dry-run", "--workers", "2"])
        #expect(!two.output.contains("unevenly") && !two.output.contains("as fast"), "\(two.output)")
        let used = try LockstepProcess.run(
            ["train"] + LockstepProcess.small + ["--dry-run", "--workers", "8", "--set", "shards=8"])
        #expect(used.status == 0 && !used.output.contains("no shard"), "\(used.output)")
        let json = try LockstepProcess.run(["train"] + LockstepProcess.small + ["--dry-run", "--workers", "5", "--json"])
        #expect(try JSON(parsing: json.output)["spares"]?.unsignedValue == 1)
    }

    @Test("a dry run of a minibatch beyond the data counts the images that there are, and measures few of them")
    func dryRunOfLargeMinibatch() throws {
        func work(_ minibatch: String) throws -> Double {
            let dry = try LockstepProcess.run(
                ["train"] + LockstepProcess.small + ["--minibatch", minibatch, "--epochs", "2", "--dry-run", "--json"])
            let json = try JSON(parsing: dry.output)
            // The operations of a lane, which do not depend on the machine's load.
            return try #require(json["seconds"]?.doubleValue) * #require(json["gigaflops"]?.doubleValue)
        }
        let (fitting, beyond) = (try work("400"), try work("1000000"))
        #expect(abs(beyond / fitting - 1) < 1e-9, "\(fitting) \(beyond)")
    }

    @Test("a dry run that is executed anew for its kernel says what it says once")
    func dryRunSaidOnce() throws {
        let scratch = Scratch()
        let run = scratch.file("run")
        #expect(try LockstepProcess.run(["train"] + LockstepProcess.small + ["--run", run]).status == 0)
        let store = try RunFolder.open(run).checkpoints()
        let newest = try #require(try store.newestWhole().checkpoint)
        try Data("cut short".utf8).write(to: URL(fileURLWithPath: newest.statePath))
        let dry = try LockstepProcess.run(
            ["train"] + LockstepProcess.small + ["--from", run, "--kernel", "nehalem", "--dry-run"])
        #expect(dry.status == 0, "\(dry.errors)")
        #expect(dry.errors.components(separatedBy: "passed over a checkpoint").count == 2, "\(dry.errors)")
    }

    @Test("spares are told before the run begins, and train to the same weights")
    func spares() throws {
        let scratch = Scratch()
        var digests: [String] = []
        for workers in [2, 6] {
            let run = scratch.file("run-\(workers)")
            let result = try LockstepProcess.run(["train"] + LockstepProcess.small + ["--workers", "\(workers)", "--run", run])
            #expect(result.status == 0, "\(result.errors)")
            #expect(result.errors.contains("2 of the 6 workers will have no shard") == (workers == 6), "\(result.errors)")
            digests.append(try LockstepProcess.run(["digest", run]).output)
            // A worker's number in words is that of its log.
            let log = try String(contentsOfFile: run + "/coordinator.log", encoding: .utf8)
            for number in 0..<workers {
                #expect(
                    log.contains("worker \(number) (host") && FileManager.default.fileExists(atPath: run + "/worker-\(number).log"))
            }
            #expect(!log.contains("worker \(workers) (host"), "\(log)")
        }
        #expect(digests[0] == digests[1] && digests[0].count == 65)
        // A run that exists keeps its shards.
        let dry = try LockstepProcess.run(
            ["coordinator"] + LockstepProcess.small + ["--dry-run", "--run", scratch.file("run-2"), "--workers", "8"])
        #expect(dry.status == 0 && dry.output.contains("a new run with --set shards=8"), "\(dry.errors) \(dry.output)")
    }

    @Test("a configuration comes through a pipe; a path that leads nowhere, or an empty file, is a wrong value")
    func configuration() throws {
        let scratch = Scratch()
        let path = scratch.file("mine.yaml")
        try "epochs: 1\nseed: 41\n".write(toFile: path, atomically: false, encoding: .utf8)
        let arguments = ["--set", "data.train=400", "--set", "data.validation=100", "--dry-run"]
        for (line, config) in [("cat \(path) | RUN", "/dev/stdin"), ("cat \(path) | RUN 3<&0", "/dev/fd/3")] {
            let result = try shell(line, ["train", "--config", config] + arguments)
            #expect(result.status == 0 && result.output.contains("seed: 41"), "\(result.errors)")
        }
        try "".write(toFile: scratch.file("empty.yaml"), atomically: false, encoding: .utf8)
        for (config, part) in [
            ("none.yaml", "this file cannot be read"), ("empty.yaml", "this file is empty"), (".", "cannot be read"),
        ] {
            let result = try LockstepProcess.run(["train", "--config", scratch.file(config)] + arguments)
            #expect(result.status == 64 && result.errors.contains(part), "\(config): \(result.status) \(result.errors)")
        }
    }

    @Test("an empty config.yaml, and what stands in the place of the checkpoints, are told in sentences")
    func spoiltParts() throws {
        let scratch = Scratch()
        let run = scratch.file("run")
        #expect(try LockstepProcess.run(["train"] + LockstepProcess.small + ["--run", run]).status == 0)
        let whole = try Data(contentsOf: URL(fileURLWithPath: run + "/config.yaml"))
        try Data().write(to: URL(fileURLWithPath: run + "/config.yaml"))
        let empty = try LockstepProcess.run(["resume", run, "--epochs", "3"])
        #expect(
            empty.status == 1 && empty.errors.contains("this file is empty") && empty.errors.contains("lockstep inspect"),
            "\(empty.errors)")
        try whole.write(to: URL(fileURLWithPath: run + "/config.yaml"))
        try FileManager.default.removeItem(atPath: run + "/checkpoints")
        try Data().write(to: URL(fileURLWithPath: run + "/checkpoints"))
        let digest = try LockstepProcess.run(["digest", run])
        #expect(digest.status == 1 && digest.errors.contains("checkpoints is no folder, where the run has one"), "\(digest.errors)")
    }

    @Test("a chaos that is interrupted says where its folders are")
    func chaos() throws {
        let scratch = Scratch()
        let chaos = try LockstepProcess(
            ["chaos"] + LockstepProcess.small.filter { $0 != "--epochs" && $0 != "2" } + [
                "--models", "0", "--workers", "2", "--run", scratch.file("chaos"),
            ])
        #expect(LockstepProcess.eventually { scratch.size(of: "chaos/calm/metrics.jsonl") > 500 || !chaos.process.isRunning })
        kill(chaos.process.processIdentifier, SIGINT)
        let result = try chaos.wait()
        #expect(result.status != 0 && result.errors.contains("the run folders are in \(scratch.file("chaos"))"), "\(result.errors)")
    }
}
