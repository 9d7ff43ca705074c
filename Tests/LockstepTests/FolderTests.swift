import Foundation
import Runs
import TestSupport
import Testing

/// What happens to a run whose folder is changed from outside.
@Suite(.serialized)
struct FolderTests {
    /// A run that goes on until it is told to stop, or for `epochs`.
    private static func long(_ epochs: Int = 5_000) -> [String] {
        LockstepProcess.small + [
            "--epochs", "\(epochs)", "--set", "evaluate.every_epochs=0", "--set", "checkpoint.every_epochs=20",
        ]
    }

    private func digest(_ run: String) throws -> String {
        try LockstepProcess.run(["digest", run]).output.trimmingCharacters(in: .newlines)
    }

    @Test(
        "a lock that is removed lets a second coordinator in: the first one says so and ends, its worker keeps its state, and the newest leads it on to the same weights"
    )
    func removedLock() throws {
        let scratch = Scratch()
        let run = scratch.file("run")
        let epochs = 400
        let first = try LockstepProcess(
            ["coordinator"] + Self.long(epochs) + ["--run", run, "--listen", "127.0.0.1:0", "--workers", "1"])
        let port = try #require(LockstepProcess.port(of: run))
        let worker = try LockstepProcess(["worker", "--coordinator", "127.0.0.1:\(port)", "--threads", "1"])
        #expect(LockstepProcess.eventually { scratch.size(of: "run/metrics.jsonl") > 3000 })
        try FileManager.default.removeItem(atPath: run + "/lock")
        let second = try LockstepProcess(["coordinator", "--run", run, "--listen", "127.0.0.1:0", "--workers", "1"])
        let lost = try first.wait()
        #expect(lost.status == 1, "\(lost.errors)")
        for part in [
            "another coordinator has taken the run folder", "generation 2 (", "this one is 1 (",
            "process \(second.process.processIdentifier) on host", "the workers keep their state",
        ] {
            #expect(lost.errors.contains(part), "\(lost.errors)")
        }
        #expect(LockstepProcess.eventually { worker.errorsSoFar.contains("the state is kept") }, "\(worker.errorsSoFar)")
        kill(second.process.processIdentifier, SIGTERM)
        _ = try second.wait()
        let third = try LockstepProcess(
            ["coordinator", "--run", run, "--listen", "127.0.0.1:\(port)", "--workers", "1", "--json"])
        let result = try third.wait()
        #expect(result.status == 0, "\(result.errors)")
        // The worker was never told that the run is over; so no step was repeated.
        let events = try MetricsReader(path: run + "/metrics.jsonl").events
        #expect(!events.contains { $0.what == "restart" }, "\(events.map(\.what))")
        #expect(try worker.wait().status == 0)
        let calm = try LockstepProcess.run(
            ["train"] + Self.long(epochs) + ["--run", scratch.file("calm"), "--workers", "1", "--json"])
        #expect(try JSON(parsing: calm.output)["digest"] == JSON(parsing: result.output)["digest"], "\(calm.errors)")
    }

    @Test(
        "a run folder that is removed under a run ends it within seconds, with a sentence, and nothing of it comes back",
        arguments: [false, true])
    func removed(moved: Bool) throws {
        let scratch = Scratch()
        let run = scratch.file("run")
        let train = try LockstepProcess(["train"] + Self.long() + ["--run", run])
        #expect(LockstepProcess.eventually { scratch.size(of: "run/metrics.jsonl") > 3000 || !train.process.isRunning })
        #expect(train.process.isRunning, "\(train.errorsSoFar)")
        if moved {
            try FileManager.default.moveItem(atPath: run, toPath: scratch.file("elsewhere"))
        } else {
            // A checkpoint may be written just now; what stays then is removed the second time.
            while FileManager.default.fileExists(atPath: run) { try? FileManager.default.removeItem(atPath: run) }
        }
        let result = try train.wait()
        #expect(result.status == 1, "\(result.errors)")
        #expect(
            result.errors.contains("is gone, or its file generation is") && result.errors.contains("put it back"),
            "\(result.errors)")
        #expect(!FileManager.default.fileExists(atPath: run))
        guard moved else { return }
        // Put back, it goes on.
        try FileManager.default.moveItem(atPath: scratch.file("elsewhere"), toPath: run)
        let steps = try MetricsReader(path: run + "/metrics.jsonl").steps.count
        let resumed = try LockstepProcess.run(["resume", run, "--steps", "\(steps + 200)"])
        #expect(resumed.status == 0, "\(resumed.errors)")
    }

    @Test("a folder that says nothing for a moment is looked at again, and the run goes on")
    func unreadable() throws {
        let scratch = Scratch()
        let run = scratch.file("run")
        let train = try LockstepProcess(["train"] + Self.long() + ["--run", run])
        #expect(LockstepProcess.eventually { scratch.size(of: "run/metrics.jsonl") > 3000 || !train.process.isRunning })
        let mine = try Data(contentsOf: URL(fileURLWithPath: run + "/generation"))
        try Data("\0\0\0".utf8).write(to: URL(fileURLWithPath: run + "/generation"), options: .atomic)
        #expect(LockstepProcess.eventually { train.errorsSoFar.contains("cannot be told") }, "\(train.errorsSoFar)")
        let before = scratch.size(of: "run/metrics.jsonl")
        #expect(LockstepProcess.eventually { scratch.size(of: "run/metrics.jsonl") > before + 3000 })
        try mine.write(to: URL(fileURLWithPath: run + "/generation"), options: .atomic)
        #expect(LockstepProcess.eventually { train.errorsSoFar.contains("can be read again") }, "\(train.errorsSoFar)")
        kill(train.process.processIdentifier, SIGTERM)
        #expect(try train.wait().status == 0)
    }

    @Test(
        "the highest numbers there are, at the end of steps.log, are passed over in words, and the run goes on to the same weights")
    func stepsLog() throws {
        let scratch = Scratch()
        let run = scratch.file("run")
        let first = try LockstepProcess.run(["train"] + LockstepProcess.small + ["--run", run])
        #expect(first.status == 0, "\(first.errors)")
        let log = try FileHandle(forWritingTo: URL(fileURLWithPath: run + "/steps.log"))
        try log.seekToEnd()
        try log.write(contentsOf: Data("23 18446744073709551615 0000000000000000\n9223372036854775807 7 0000000000000000\n".utf8))
        try log.close()
        let resumed = try LockstepProcess.run(["resume", run, "--epochs", "3"])
        #expect(resumed.status == 0 && resumed.errors.contains("2 such lines are passed over"), "\(resumed.errors)")
        let calm = try LockstepProcess.run(["train"] + LockstepProcess.small + ["--epochs", "3", "--run", scratch.file("calm")])
        #expect(calm.status == 0)
        #expect(try digest(run) == digest(scratch.file("calm")))
    }

    @Test(
        "a seed edited in config.yaml is refused by what goes on with the run, told by what looks at it, and put back it is as before"
    )
    func editedSeed() throws {
        let scratch = Scratch()
        let run = scratch.file("run")
        let first = try LockstepProcess.run(["train"] + LockstepProcess.small + ["--run", run])
        #expect(first.status == 0, "\(first.errors)")
        let path = run + "/config.yaml"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let edited = text.replacing(#/(?m)^seed: .*$/#, with: "seed: 4242")
        #expect(edited != text)
        try edited.write(toFile: path, atomically: true, encoding: .utf8)
        for command in [
            ["resume", run, "--epochs", "3"], ["coordinator", "--run", run, "--epochs", "3", "--listen", "127.0.0.1:0"],
            ["replay", run, "--step", "3", "--out", scratch.file("step.safetensors")],
        ] {
            let result = try LockstepProcess(command).wait()
            #expect(result.status == 1 && result.errors.contains("seed (0 there, now 4242)"), "\(command): \(result.errors)")
            #expect(result.errors.contains("put config.yaml back"))
        }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == edited)
        let looked = try LockstepProcess.run(["digest", run])
        #expect(looked.status == 0 && looked.errors.contains("are not those of its weights"), "\(looked.errors)")
        let sampled = try LockstepProcess.run(["sample", run, "--out", scratch.file("a.png")])
        #expect(sampled.status == 0 && sampled.errors.contains("seed (0 there, now 4242)"), "\(sampled.errors)")
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        let resumed = try LockstepProcess.run(["resume", run, "--epochs", "3"])
        #expect(resumed.status == 0 && !resumed.errors.contains("are not those"), "\(resumed.errors)")
    }

    @Test("a resume that is refused touches nothing in the run's folder and starts nothing")
    func refusedResume() throws {
        let scratch = Scratch()
        let run = scratch.file("run")
        let first = try LockstepProcess.run(["train"] + LockstepProcess.small + ["--run", run])
        #expect(first.status == 0, "\(first.errors)")
        // What stands in the folder, with the times of the last change: a folder's own too.
        func state() throws -> [String: [String]] {
            var all: [String: [String]] = [:]
            for name in ["."] + (FileManager.default.enumerator(atPath: run)?.compactMap { $0 as? String } ?? []) {
                let about = try FileManager.default.attributesOfItem(atPath: run + "/" + name)
                all[name] = [FileAttributeKey.size, .modificationDate, .systemFileNumber].map { "\(about[$0] ?? "")" }
            }
            return all
        }
        let before = try state()
        for refused in [["--set", "seed=3"], ["--set", "data.train=300"], ["--epochs", "3", "--set", "minibatch=30"]] {
            let result = try LockstepProcess.run(["resume", run] + refused)
            #expect(result.status == 1 && result.errors.contains("--from"), "\(refused): \(result.errors)")
            #expect(try state() == before, "\(refused)")
        }
        for step in ["12", "24"] {
            try Data("none".utf8).write(to: URL(filePath: run + "/checkpoints/step-000000\(step)/state.safetensors"))
        }
        let damaged = try state()
        let result = try LockstepProcess.run(["resume", run, "--epochs", "3"])
        #expect(result.status == 1 && result.errors.contains("is whole"), "\(result.errors)")
        #expect(try state() == damaged)
    }

    @Test("a run is its owner's alone, and less where the umask says so; no log is written through a link")
    func modes() throws {
        let scratch = Scratch()
        for (mask, folder, file) in [("022", 0o700, 0o600), ("0177", 0o600, 0o600)] as [(String, mode_t, mode_t)]
        where mask == "022" || getuid() == 0 {
            let run = scratch.file("run-\(mask)")
            let shell = Process()
            shell.executableURL = URL(fileURLWithPath: "/bin/bash")
            shell.arguments =
                ["-c", "umask \(mask); exec \"$0\" \"$@\" 2> /dev/null > /dev/null", LockstepProcess.path, "train"]
                + LockstepProcess.small + ["--set", "figures.every_epochs=1", "--run", run]
            shell.currentDirectoryURL = URL(fileURLWithPath: scratch.path)
            try shell.run()
            shell.waitUntilExit()
            #expect(shell.terminationStatus == 0)
            let names = try FileManager.default.subpathsOfDirectory(atPath: run)
            for expected in [
                "worker-0.log", "coordinator.log", "steps.log", "metrics.jsonl", "lock", "identity", "generation", "config.yaml",
            ] {
                #expect(names.contains(expected))
            }
            for name in names.map({ run + "/" + $0 }) + [run] {
                var status = stat()
                #expect(lstat(name, &status) == 0)
                let isFolder = status.st_mode & S_IFMT == S_IFDIR
                #expect(status.st_mode & 0o777 == (isFolder ? folder : file), "\(name): \(String(status.st_mode, radix: 8))")
            }
        }
        let run = scratch.file("run-022")
        try FileManager.default.removeItem(atPath: run + "/coordinator.log")
        try "mine\n".write(toFile: scratch.file("victim"), atomically: true, encoding: .utf8)
        try FileManager.default.createSymbolicLink(atPath: run + "/coordinator.log", withDestinationPath: scratch.file("victim"))
        let resumed = try LockstepProcess.run(["resume", run, "--epochs", "3"])
        #expect(resumed.status == 1 && resumed.errors.contains("a symbolic link stands there"), "\(resumed.errors)")
        #expect(try String(contentsOfFile: scratch.file("victim"), encoding: .utf8) == "mine\n")
    }

    @Test("a second coordinator that cannot have its port changes nothing, and the first one goes on, lock or no lock")
    func secondWithoutPort() throws {
        let scratch = Scratch()
        let run = scratch.file("run")
        let first = try LockstepProcess(
            ["coordinator"] + LockstepProcess.small + [
                "--run", run, "--listen", "127.0.0.1:0", "--workers", "1", "--topology", "server",
            ])
        let port = try #require(LockstepProcess.port(of: run))
        // The port of the summation server is the other one.
        let data = try #require(
            LockstepProcess.listeningPorts(of: first.process.processIdentifier).first { "\($0)" != port })
        let generation = try String(contentsOfFile: run + "/generation", encoding: .utf8)
        let configuration = try String(contentsOfFile: run + "/config.yaml", encoding: .utf8)
        try FileManager.default.removeItem(atPath: run + "/lock")
        for arguments in [
            ["coordinator", "--run", run, "--listen", "127.0.0.1:\(port)", "--epochs", "9"],
            ["resume", run, "--listen", "127.0.0.1:\(port)", "--epochs", "9"],
            ["resume", run, "--listen", "127.0.0.1:0", "--epochs", "9", "--topology", "server", "--data-port", "\(data)"],
        ] {
            let second = try LockstepProcess.run(arguments)
            #expect(second.status == 1 && second.errors.contains("Address already in use"), "\(arguments): \(second.errors)")
            #expect(try String(contentsOfFile: run + "/generation", encoding: .utf8) == generation)
            #expect(try String(contentsOfFile: run + "/config.yaml", encoding: .utf8) == configuration)
        }
        let fresh = try LockstepProcess.run(
            ["coordinator"] + LockstepProcess.small + ["--run", scratch.file("new"), "--listen", "127.0.0.1:\(port)"])
        #expect(fresh.status == 1 && !FileManager.default.fileExists(atPath: scratch.file("new")))
        let worker = try LockstepProcess(["worker", "--coordinator", "127.0.0.1:\(port)", "--threads", "1"])
        let result = try first.wait()
        #expect(result.status == 0, "\(result.errors)")
        #expect(try worker.wait().status == 0)
    }

    @Test("a run whose checkpoints are gone is not begun again: resume says what is missing and changes nothing")
    func checkpointsGone() throws {
        let scratch = Scratch()
        let run = scratch.file("run")
        #expect(try LockstepProcess.run(["train"] + LockstepProcess.small + ["--run", run]).status == 0)
        let kept = scratch.file("kept")
        try FileManager.default.moveItem(atPath: run + "/checkpoints", toPath: kept)
        let before = try (scratch.size(of: "run/metrics.jsonl"), String(contentsOfFile: run + "/generation", encoding: .utf8))
        for link in [false, true] {
            if link {
                try FileManager.default.createSymbolicLink(atPath: run + "/checkpoints", withDestinationPath: "/nowhere/at/all")
            }
            for command in [
                ["resume", run, "--epochs", "3"], ["digest", run], ["coordinator", "--run", run, "--listen", "127.0.0.1:0"],
            ] {
                let refused = try LockstepProcess.run(command)
                let part =
                    link ? "where nothing is" : "is gone: put the checkpoints back"
                #expect(refused.status == 1 && refused.errors.contains(part), "\(command): \(refused.errors)")
            }
        }
        #expect(scratch.size(of: "run/metrics.jsonl") == before.0)
        #expect(try String(contentsOfFile: run + "/generation", encoding: .utf8) == before.1)
        try FileManager.default.removeItem(atPath: run + "/checkpoints")
        try FileManager.default.createSymbolicLink(atPath: run + "/checkpoints", withDestinationPath: kept)
        let resumed = try LockstepProcess.run(["resume", run, "--epochs", "3"])
        #expect(resumed.status == 0, "\(resumed.errors)")
    }
}

/// Each run that one command starts has a token that nobody else can read.
@Suite(.serialized)
struct RunTokenTests {
    /// The token that a process inherited, if it is a secret in memory.
    private func token(of pid: Int32) -> String? {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/fd/12", encoding: .utf8) else { return nil }
        return text.trimmingCharacters(in: .newlines)
    }

    @Test(
        "a worker without the token that dials a running train is turned away, and the token stands where no other user can read it"
    )
    func train() throws {
        let scratch = Scratch()
        let run = scratch.file("run")
        let train = try LockstepProcess(
            ["train"] + LockstepProcess.small + ["--epochs", "5000", "--set", "evaluate.every_epochs=0", "--run", run])
        #expect(LockstepProcess.eventually { scratch.size(of: "run/metrics.jsonl") > 3000 || !train.process.isRunning })
        let family = train.family()
        #expect(family.count == 3, "a coordinator and two workers")
        let tokens = Set(family.compactMap(token))
        let secret = try #require(tokens.first)
        #expect(tokens.count == 1 && secret.count == 64)
        var port: String?
        for pid in family {
            let (words, variables) = try (contents("/proc/\(pid)/cmdline"), contents("/proc/\(pid)/environ"))
            #expect(!words.contains(secret) && !variables.contains(secret))
            port = words.firstRange(of: "127.0.0.1:").map { String(words[$0.upperBound...].prefix { $0.isNumber }) } ?? port
            // Nor can anybody change it.
            let file = open("/proc/\(pid)/fd/12", O_RDWR)
            #expect(write(file, "x", 1) != 1)
            close(file)
        }
        let stranger = try LockstepProcess(["worker", "--coordinator", "127.0.0.1:\(#require(port))", "--threads", "1"])
        let refused = try stranger.wait()
        #expect(refused.status == 78 && refused.errors.contains("it asks for a token"), "\(refused.errors)")
        #expect(!refused.errors.contains("view"), "it was told nothing of the run")
        // A coordinator that is started again has the same one, or its workers would not come back.
        let lead = try #require(family.first { LockstepProcess.role(of: $0) == "coordinator" })
        kill(lead, SIGKILL)
        let isBack = LockstepProcess.eventually {
            train.family().contains { $0 != lead && LockstepProcess.role(of: $0) == "coordinator" && token(of: $0) == secret }
        }
        let before = scratch.size(of: "run/metrics.jsonl")
        #expect(
            isBack && LockstepProcess.eventually { scratch.size(of: "run/metrics.jsonl") > before + 3000 }, "\(train.errorsSoFar)")
        kill(train.process.processIdentifier, SIGTERM)
        #expect(try train.wait().status == 0)
        let views = try MetricsReader(path: run + "/metrics.jsonl").events.filter { $0.what == "view" }
        for view in views { #expect(view.fields["pids"]?.arrayValue?.count == 2) }
    }

    private func contents(_ path: String) throws -> String {
        String(decoding: try #require(FileManager.default.contents(atPath: path)), as: UTF8.self)
    }

    @Test("a launch with another kernel family than this CPU's best starts: who executes itself anew still has the token")
    func launchKernel() throws {
        let scratch = Scratch()
        let shell = scratch.file("shell")
        try Executable.script("#!/bin/sh\nshift\nexec sh -c \"$*\"\n", at: shell)
        let options = LockstepProcess.small + ["--kernel", "haswell"]
        let launched = try LockstepProcess(
            ["launch", "-H", "a:2", "--ssh", shell, "--run", scratch.file("run"), "--threads", "1", "--json"] + options
        ).wait()
        #expect(launched.status == 0, "\(launched.errors)")
        let trained = try LockstepProcess.run(["train"] + options + ["--run", scratch.file("alone"), "--json"])
        #expect(try JSON(parsing: launched.output)["digest"] == JSON(parsing: trained.output)["digest"])
    }

    @Test("a worker that got its token through a pipe, and takes the run's kernel by executing itself anew, still has it")
    func workerKernel() throws {
        let scratch = Scratch()
        let run = scratch.file("run")
        try Data("the run's own token, long enough\n".utf8).write(to: URL(fileURLWithPath: scratch.file("token")))
        chmod(scratch.file("token"), 0o600)
        let lead = try LockstepProcess(
            ["coordinator"] + LockstepProcess.small + [
                "--kernel", "haswell", "--run", run, "--listen", "127.0.0.1:0", "--workers", "2", "--token-file",
                scratch.file("token"),
            ])
        let port = try #require(LockstepProcess.port(of: run))
        let scripts = [
            "cat \"$2\" | \"$0\" worker --coordinator \"$1\" --token-file /dev/stdin",
            "\"$0\" worker --coordinator \"$1\" --token-file <(cat \"$2\")",
        ]
        let workers = try scripts.map { script in
            let worker = Process()
            worker.executableURL = URL(fileURLWithPath: "/bin/bash")
            worker.arguments = ["-c", script, LockstepProcess.path, "127.0.0.1:\(port)", scratch.file("token")]
            worker.environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("OPENBLAS_") }
            worker.standardError = FileHandle.nullDevice
            try worker.run()
            return worker
        }
        let result = try lead.wait()
        #expect(result.status == 0, "\(result.errors)")
        for worker in workers {
            #expect(LockstepProcess.eventually { !worker.isRunning } && worker.terminationStatus == 0)
        }
    }

    @Test("a descriptor that holds no token is a sentence")
    func noToken() throws {
        for (descriptor, part) in [("77", "cannot be read: Bad file descriptor"), ("0", "a token needs 16")] {
            let result = try LockstepProcess.run(["worker", "--coordinator", "127.0.0.1:9", "--token-descriptor", descriptor])
            #expect(result.status == 64 && result.errors.contains(part), "\(result.errors)")
        }
    }

    @Test("a pipe in the place of a worker's log, and files that hold no token, are sentences")
    func pipes() throws {
        let scratch = Scratch()
        let run = scratch.file("run")
        #expect(try LockstepProcess.run(["train"] + LockstepProcess.small + ["--run", run]).status == 0)
        try FileManager.default.removeItem(atPath: run + "/worker-0.log")
        try #require(mkfifo(run + "/worker-0.log", 0o600) == 0)
        let resumed = try LockstepProcess(["resume", run, "--epochs", "3"]).wait()
        #expect(resumed.status == 0 && resumed.errors.contains("worker-0.log: it is a device or a pipe"), "\(resumed.errors)")
        let long = "a token that is long enough for everybody"
        let tokens = [
            ("two", "\(long)\n\(long)\n", "more than one line"), ("big", String(repeating: "a", count: 1 << 20), "more than"),
        ]
        for (name, text, _) in tokens {
            try text.write(toFile: scratch.file(name), atomically: false, encoding: .utf8)
            chmod(scratch.file(name), 0o600)
        }
        let others = [
            (run + "/worker-0.log", "it is a device, a pipe"), ("/dev/zero", "it is a device, a pipe"), (run, "it is a folder"),
        ]
        for (path, part) in tokens.map({ (scratch.file($0.0), $0.2) }) + others {
            let result = try LockstepProcess(["worker", "--coordinator", "127.0.0.1:9", "--token-file", path]).wait()
            #expect(result.status == 64 && result.errors.contains(part), "\(path): \(result.errors)")
        }
        for path in ["/dev/zero", run + "/worker-0.log"] {
            let result = try LockstepProcess(["launch", "--hostfile", path, "--check"]).wait()
            #expect(result.status != 0 && result.errors.contains("it is a device, a pipe"), "\(result.errors)")
        }
    }
}
