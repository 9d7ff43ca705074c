import Foundation
import Kernels
import Runs
import TestSupport
import Testing

/// `launch`, `doctor` and `agent`, with a remote shell that stays on this machine.
@Suite(.serialized)
struct LaunchTests {
    /// A remote shell: its first argument is the host, the rest is for that host's shell. `before` is run first.
    private func shell(_ scratch: Scratch, before: String = "", filter: String = "") throws -> String {
        let path = scratch.file("shell-\(UUID().uuidString)")
        let run = filter.isEmpty ? "exec sh -c \"$*\"" : "sh -c \"$*\" | \(filter)"
        try Executable.script("#!/bin/sh\nhost=$1; shift\n\(before)\n\(run)\n", at: path)
        return path
    }

    private func launch(_ arguments: [String]) -> [String] { ["launch"] + arguments + LockstepProcess.small }

    @Test("a launch over two hosts comes to the weights of a run on one, names host and worker in each line, leaves nothing")
    func sameBits() throws {
        let scratch = Scratch()
        let trained = try LockstepProcess.run(["train"] + LockstepProcess.small + ["--run", scratch.file("alone")])
        #expect(trained.status == 0, "\(trained.errors)")
        // Neither the greeting of a login shell nor a window title that it leaves on the line may disturb.
        let shell = try shell(scratch, before: "echo \"welcome to $host\"; echo \"  {\"; printf '\\033]0;%s {\\007' \"$host\"")
        let result = try LockstepProcess.run(
            launch(["-H", "a:2,kim@b:1", "--ssh", "\"\(shell)\"", "--run", scratch.file("run"), "--threads", "1", "--json"]))
        #expect(result.status == 0, "\(result.errors)")
        let digest = try LockstepProcess.run(["digest", scratch.file("alone")]).output.trimmingCharacters(in: .newlines)
        #expect(try JSON(parsing: result.output)["digest"]?.stringValue == digest, "\(result.output)")
        for prefix in ["[a/0] ", "[a/1] ", "[b/0] "] {
            #expect(result.errors.split(separator: "\n").contains { $0.hasPrefix(prefix) }, "\(result.errors)")
        }
        let served = try LockstepProcess.run(
            launch([
                "-H", "a:2,kim@b:1", "--ssh", "\"\(shell)\"", "--run", scratch.file("served"), "--threads", "1", "--json",
                "--topology", "server", "--servers", "2",
            ]))
        #expect(served.status == 0 && served.errors.contains("3 workers, 2 summation servers"), "\(served.errors)")
        #expect(try JSON(parsing: served.output)["digest"]?.stringValue == digest, "\(served.output)")
        for prefix in ["[a/server] ", "[b/server] "] {
            #expect(served.errors.split(separator: "\n").contains { $0.hasPrefix(prefix) }, "\(served.errors)")
        }
        let longer = try LockstepProcess.run([
            "launch", "-H", "a:1", "--ssh", shell, "--resume", scratch.file("run"), "--epochs", "3", "--topology", "server",
        ])
        #expect(longer.status == 0 && longer.errors.contains("going on from"), "\(longer.errors)")
    }

    @Test(
        "a signal ends a launch with a checkpoint and 0; a killed launch takes everything with it", arguments: [SIGTERM, SIGKILL])
    func signals(signal: Int32) throws {
        let scratch = Scratch()
        let run = try LockstepProcess(
            launch(["-H", "a:1,b:1", "--ssh", shell(scratch), "--run", scratch.file("run")]) + [
                "--epochs", "5000", "--set", "evaluate.every_epochs=0",
            ])
        let started = LockstepProcess.eventually { scratch.size(of: "run/metrics.jsonl") > 2000 || !run.process.isRunning }
        #expect(started && run.process.isRunning, "\(run.errorsSoFar)")
        let family = run.family()
        #expect(family.count >= 5, "a coordinator, two agents, two workers")
        kill(run.process.processIdentifier, signal)
        let result = try run.wait()
        #expect((result.status == 0) == (signal == SIGTERM), "\(result.errors)")
        #expect(LockstepProcess.eventually { family.allSatisfy { LockstepProcess.role(of: $0) == nil } })
    }

    @Test("Control-Z stops the coordinator with the launch, and fg goes on with both")
    func suspended() throws {
        let scratch = Scratch()
        let run = try LockstepProcess(
            launch(["-H", "a:1", "--ssh", shell(scratch), "--run", scratch.file("run")]) + [
                "--epochs", "5000", "--set", "evaluate.every_epochs=0",
            ])
        #expect(LockstepProcess.eventually { scratch.size(of: "run/metrics.jsonl") > 2000 || !run.process.isRunning })
        let coordinator = try #require(run.family().first { LockstepProcess.role(of: $0) == "coordinator" })
        let states = { [run.process.processIdentifier, coordinator].map { LockstepProcess.state(of: $0) } }
        kill(run.process.processIdentifier, SIGTSTP)
        #expect(LockstepProcess.eventually { states() == ["T", "T"] }, "\(states())")
        kill(run.process.processIdentifier, SIGCONT)
        let before = scratch.size(of: "run/metrics.jsonl")
        #expect(LockstepProcess.eventually { scratch.size(of: "run/metrics.jsonl") > before + 20_000 }, "\(run.errorsSoFar)")
        kill(run.process.processIdentifier, SIGTERM)
        let result = try run.wait()
        #expect(result.status == 0, "\(result.errors)")
    }

    @Test("a host that is not ready is told in a sentence, the status is 1, and nothing was started")
    func notReady() throws {
        let scratch = Scratch()
        let other = #"sed -u 's/"library":"[^"]*"/"library":"OpenBLAS 0.0.1"/'"#
        let products = #"sed -u 's/"fingerprint":"[^"]*"/"fingerprint":"0"/'"#
        let cases: [(shell: String, sentence: String)] = [
            (
                try shell(scratch, before: "echo 'connect: No route to host' >&2; exit 255"),
                "a cannot be reached: connect: No route"
            ),
            (
                try shell(scratch, before: "echo 'lockstep: not found' >&2; exit 127"),
                "a cannot start lockstep: lockstep: not found"
            ),
            (
                try shell(scratch, before: #"echo '{"hello":{"_0":{"build":"0.0.1+old","new":1}}}'; exec cat"#),
                "a has build 0.0.1+old, this host"
            ),
            (
                try shell(scratch, before: #"printf '> {"hello":{"_0":{"build":"0.0.1+old","new":1}}}\n'; exec cat"#),
                "a has build 0.0.1+old, this host"
            ),
            (
                "false",
                "a: the command that reaches it ended (exit status 1) before lockstep there spoke and said nothing; it was that of `false a "
            ),
            (
                try shell(scratch, before: #"printf '\033]0;title\007No entry today'; exit 3"#),
                #"(exit status 3) before lockstep there spoke; there came "\u{1b}]0;title\u{7}No entry today"; it was that"#
            ),
            (try shell(scratch, filter: other), "a has OpenBLAS 0.0.1, this host OpenBLAS"),
            (try shell(scratch, filter: products), "a: its products differ"),
        ]
        for (shell, sentence) in cases {
            let result = try LockstepProcess.run(
                launch(["-H", "a:1", "--ssh", shell, "--run", scratch.file("run"), "--engine", "openblas"]))
            #expect(result.status == 1 && result.errors.contains(sentence), "\(sentence): \(result.errors)")
            #expect(result.errors.contains("nothing was started"))
            #expect(!FileManager.default.fileExists(atPath: scratch.file("run")))
        }
        for more in [["--engine", "openblas", "--allow-mixed-kernels"], []] {
            let accepted = try LockstepProcess.run(
                launch(["-H", "a:1", "--ssh", shell(scratch, filter: products), "--check"] + more))
            #expect(accepted.status == 0, "\(accepted.errors)")
        }
    }

    @Test(
        "what a shell leaves on a line before any word of the agent hides none, and what a host says reaches no terminal as it is")
    func anyBytes() throws {
        let scratch = Scratch()
        let disturbed = try shell(
            scratch,
            before: "printf '\\033]0;a\\007' >&2; (for n in 1 2 3 4 5 6 7 8 9 10; do printf '>'; sleep 0.05; done) & printf '$ '")
        let result = try LockstepProcess.run(launch(["-H", "a:1", "--ssh", disturbed, "--check"]))
        #expect(result.status == 0 && result.errors.contains("every host is ready"), "\(result.errors)")
        #expect(!result.errors.contains("\u{1b}") && !result.errors.contains("\u{7}"))
    }

    @Test("a family that is exported, or another than the best one, starts a launch like any other")
    func otherKernels() throws {
        let scratch = Scratch()
        let kernel = KernelFamily.sandybridge.isSupported ? "sandybridge" : "nehalem"
        let arguments = launch([
            "-H", "a:1", "--ssh", try shell(scratch), "--threads", "1", "--json", "--epochs", "1", "--engine", "openblas",
        ])
        for (name, more, environment) in [
            ("asked", ["--kernel", kernel], [:]), ("exported", [], ["OPENBLAS_CORETYPE": kernel.uppercased()]),
        ] {
            let run = scratch.file(name)
            let result = try LockstepProcess.run(arguments + more + ["--run", run], environment: environment)
            #expect(result.status == 0, "\(name): \(result.errors)")
            let used = try RunFolder.open(run).configuration().configuration.kernel
            #expect(used == (more.isEmpty ? KernelFamily.detect().rawValue : kernel))
        }
    }

    @Test("a coordinator takes its kernel before it makes anything: one run folder, and it listens")
    func oneFolder() throws {
        let scratch = Scratch()
        let kernel = KernelFamily.sandybridge.isSupported ? "sandybridge" : "nehalem"
        let lead = try LockstepProcess(
            ["coordinator"] + LockstepProcess.small + ["--kernel", kernel, "--listen", "127.0.0.1:0"], in: scratch.path)
        #expect(LockstepProcess.eventually { lead.errorsSoFar.contains("listening on") || !lead.process.isRunning })
        lead.process.terminate()
        let result = try lead.wait()
        let folders = try FileManager.default.contentsOfDirectory(atPath: scratch.file("runs")).filter { $0 != "latest" }
        #expect(folders.count == 1, "\(folders) \(result.errors)")
        #expect(result.errors.contains(", which this machine alone reaches; for workers on other hosts give --listen 0.0.0.0:"))
    }

    @Test("what a command tells before it takes the run's kernel it does not tell again")
    func toldOnce() throws {
        let scratch = Scratch()
        let kernel = KernelFamily.sandybridge.isSupported ? "sandybridge" : "nehalem"
        let run = scratch.file("run")
        let trained = try LockstepProcess.run(["train"] + LockstepProcess.small + ["--kernel", kernel, "--run", run])
        #expect(trained.status == 0, "\(trained.errors)")
        let newest = try #require(RunFolder.open(run).checkpoints().newestWhole().checkpoint)
        let file = try #require(FileHandle(forWritingAtPath: newest.statePath))
        try file.truncate(atOffset: 100)
        let sampled = try LockstepProcess.run(["sample", run, "--count", "4", "--out", scratch.file("x.png")])
        let told = sampled.errors.components(separatedBy: "passed over a checkpoint").count - 1
        #expect(sampled.status == 0 && told == 1, "\(sampled.errors)")
    }

    @Test("a coordinator that is dialled by a name is told with the address that the name stands for")
    func dialledByName() throws {
        let result = try LockstepProcess.run([
            "worker", "--coordinator", "localhost:1", "--connect-timeout", "1s", "--threads", "1",
        ])
        let words = result.errors
        #expect(result.status == 1, "\(words)")
        #expect(words.contains("refused at 127.0.0.1") || words.contains("refused at ::1"), "\(words)")
    }

    @Test(
        "without a loopback interface that is up nothing is begun, and it is said how to bring it up",
        .enabled(if: geteuid() == 0, "only root makes a network namespace"))
    func noLoopback() throws {
        let scratch = Scratch()
        let run = scratch.file("run")
        for arguments in [
            ["train"] + LockstepProcess.small + ["--run", run],
            ["coordinator"] + LockstepProcess.small + ["--run", run, "--listen", "127.0.0.1:0"],
            ["worker", "--coordinator", "127.0.0.1:7700"], ["doctor", "--run", run],
        ] {
            let result = try LockstepProcess(
                ["-n", LockstepProcess.path] + arguments, in: scratch.path, executable: "/usr/bin/unshare"
            ).wait()
            #expect(result.status == 1, "\(arguments[0])")
            #expect((result.errors + result.output).contains("bring it up with `ip link set lo up`"), "\(result.errors)")
            #expect(!FileManager.default.fileExists(atPath: run))
        }
    }

    @Test(
        "wrong use is told before anybody is dialled",
        arguments: [
            ([], "-H a:4"), (["-H", "a:0"], "1 to 256"), (["-H", "a", "--hostfile", "f"], "not with both"),
            (["-H", "a:2", "--workers", "3"], "--workers 3"), (["-H", "a", "--ssh", "no-such-shell-here"], "no-such-shell-here"),
            (["-H", "a", "--hostfile", "/nowhere"], "both"), (["--hostfile", "/nowhere"], "/nowhere"),
            (["-H", "a", "--resume", "x", "--run", "y"], "one of them"), (["-H", "a", "--ssh", "ssh 'x"], "quote"),
        ] as [([String], String)])
    func usage(arguments: [String], part: String) throws {
        let result = try LockstepProcess.run(launch(arguments))
        #expect(result.status == 64 && result.errors.contains(part), "\(result.status) \(result.errors)")
    }

    @Test("the doctor looks at this machine, at hosts and between them, and ends with 1 where a run would not begin")
    func doctor() throws {
        let scratch = Scratch()
        let alone = try LockstepProcess.run(["doctor", "--run", scratch.file("run")])
        #expect(alone.status == 0 && alone.output.contains("fsync") && alone.output.contains("fingerprint"), "\(alone.errors)")
        #expect(alone.output.contains("the reference runs come to their digests (fp32 "), "\(alone.output)")
        let hosts = try LockstepProcess.run(
            ["doctor", "-H", "a,b", "--ssh", shell(scratch), "--run", scratch.file("run"), "--json"])
        #expect(hosts.status == 0, "\(hosts.output)")
        let report = try JSON(parsing: hosts.output)
        #expect(report["hosts"]?.arrayValue?.count == 3 && report["pairs"]?.arrayValue?.count == 6)
        for pair in report["pairs"]?.arrayValue ?? [] {
            #expect(report["hosts"]?.arrayValue?.allSatisfy { $0["missed_references"]?.arrayValue?.isEmpty == true } == true)
            #expect(pair["address"]?.stringValue != nil && (pair["bytes_per_second_there"]?.doubleValue ?? 0) > 0, "\(pair.text)")
        }
        #expect(report["ready"]?.boolValue == true)
        let gone = try LockstepProcess.run(
            ["doctor", "-H", "a,b", "--ssh", shell(scratch, before: "[ $host = a ] || exit 255"), "--quick"])
        #expect(gone.status == 1 && gone.output.contains("PROBLEM  b cannot be reached"), "\(gone.output)")
    }

    @Test("an agent says who it is, passes over what it does not understand, tells how a worker ended, and ends with its input")
    func agent() throws {
        let scratch = Scratch()
        let input = scratch.file("requests")
        let start = #"{"id":7,"request":{"start":{"slot":3,"arguments":["worker","--no-such-flag"],"token":"secret\n"}}}"#
        let listen = #"{"id":8,"request":{"listen":{"port":0,"nonce":"short"}}}"#
        try "nonsense\n{}\n\(listen)\n\(start)\n".write(toFile: input, atomically: true, encoding: .utf8)
        let agent = try AgentProcess(input: input)
        let words = try agent.words { $0.contains { $0["ended"] != nil } && $0.contains { $0["failed"] != nil } }
        #expect(words.first?["hello"]?["_0"]?["build"]?.stringValue?.isEmpty == false)
        #expect(words.first { $0["failed"] != nil }?["failed"]?["id"]?.intValue == 8)
        #expect(words.contains { $0["output"]?["line"]?.stringValue?.contains("--coordinator") == true })
        let ended = words.first { $0["ended"] != nil }?["ended"]
        #expect(ended?["slot"]?.intValue == 3 && ended?["_1"]?["status"]?.intValue == 64, "\(ended?.text ?? "nothing")")
        #expect(try agent.endInput() == 0)
    }
}

/// `lockstep agent` with a pipe for its input.
private final class AgentProcess {
    private let process = Process()
    private let requests = Pipe()
    private let answers = Pipe()

    init(input: String) throws {
        process.executableURL = URL(fileURLWithPath: LockstepProcess.path)
        process.arguments = ["agent"]
        process.standardInput = requests
        process.standardOutput = answers
        try process.run()
        try requests.fileHandleForWriting.write(contentsOf: Data(contentsOf: URL(fileURLWithPath: input)))
    }

    /// What it says until `enough` holds or it ends.
    func words(until enough: ([JSON]) -> Bool) throws -> [JSON] {
        var text = Data()
        var words: [JSON] = []
        while !enough(words) {
            let more = answers.fileHandleForReading.availableData
            guard !more.isEmpty else { return words }
            text += more
            words = try text.split(separator: 10).filter { text.last == 10 || $0 != text.split(separator: 10).last }
                .map { try JSON(parsing: Array($0)) }
        }
        return words
    }

    func endInput() throws -> Int32 {
        try requests.fileHandleForWriting.close()
        process.waitUntilExit()
        return process.terminationStatus
    }
}
