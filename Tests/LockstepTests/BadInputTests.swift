import Foundation
import Runs
import TestSupport
import Testing

/// Mistakes of users: one sentence that names the fault and what to do, the documented exit status, nothing lost.
@Suite(.serialized)
struct BadInputTests {
    @Test(
        "wrong flags, keys and values exit 64 and name the nearest right one",
        arguments: [
            (["train", "--recipe", "quickstrat"], "quickstart"), (["train", "--set", "model.cod=3"], "code"),
            (["train", "--set", "minibatch=zero"], "minibatch"), (["train", "--kernel", "itanium"], "haswell"),
            (["train", "--gradient-bits", "7"], "24"), (["train", "--workers", "0"], "1 to 1024"),
            (["train", "--workers", "1000000"], "1 to 1024"), (["worker", "--coordinator", "127.0.0.1:0"], "port 0"),
            (["worker", "--coordinator", ":7700", "--insecure"], "nobody can dial"),
            (["worker", "--coordinator", "127.0.0.1:7", "--advertise", "é"], "HOST:PORT"),
            (["simulate", "--seed", "18446744073709551615"], "less"), (["simulate", "--seed", "5", "--seeds", "3"], "--seeds"),
            (["simulate", "--seed", "5", "--from", "3"], "--from"),
            (["simulate", "--seeds", "18446744073709551615"], "at most"),
            (["bench", "allreduce", "--elements", "9223372036854775807"], "--elements"),
            (["bench", "allreduce", "--repeats", "9223372036854775807"], "--repeats"),
            (["bench", "codec", "--after", "9223372036854775807"], "--after"),
            (["train", "--topology", "star"], "ring"),
            (["train", "--set", "prior={kind: swiss-roll}", "--set", "model.code=3"], "code"),
            (["worker", "--coordinator", "nowhere"], "HOST:PORT"), (["train", "--data.set"], "data.set"),
            (["coordinator", "--threads", "2"], "worker"),
            (
                ["train", "--dry-run", "--recipe", "semi-supervised", "--set", "labels.minibatch=200000"],
                "lower minibatch or labels.minibatch"
            ),
        ])
    func usage(_ arguments: [String], _ word: String) throws {
        let result = try LockstepProcess.run(arguments)
        #expect(result.status == 64, "\(arguments): \(result.errors)")
        #expect(result.errors.contains(word), "\(arguments): \(result.errors)")
        #expect(result.output.isEmpty)
    }

    @Test(
        "a slip in a name is answered with the nearest one there is",
        arguments: [
            (["trian"], "lockstep train"), (["help", "trian"], "lockstep train"), (["data", "ftech"], "lockstep data fetch"),
            (["bench", "gem"], "lockstep bench gemm"), (["x"], "coordinator"),
            (["recipes", "mnist-gausian-2d"], "mnist-gaussian-2d"),
            (["train", "--recipe", "mnist-gausian-2d"], "mnist-gaussian-2d"),
            (["train", "--config", "mnist-gausian-2d"], "--recipe mnist-gaussian-2d"),
            (["train", "mnist-gausian-2d"], "--recipe mnist-gaussian-2d"),
            (["data", "fetch", "mnits"], "mnist"), (["data", "verify", "mints"], "mnist"),
            (["train", "--set", "data.set=mnits"], "mnist"),
        ])
    func slips(_ arguments: [String], _ name: String) throws {
        let result = try LockstepProcess.run(arguments)
        #expect(result.status == 64 && result.errors.contains(name), "\(arguments): \(result.errors)")
        #expect(result.output.isEmpty)
    }

    @Test(
        "names that are right go to the parser, its own and the hidden ones too",
        arguments: [
            [], ["help"], ["help", "train"], ["--version"], ["data"], ["data", "list"], ["bench", "step", "--help"],
            ["agent", "--help"],
        ])
    func noSlips(_ arguments: [String]) throws {
        let result = try LockstepProcess.run(arguments)
        #expect(result.status == 0 && !result.output.isEmpty, "\(arguments): \(result.errors)")
    }

    @Test(
        "of an option that is given twice the last value counts, and a line says so; the same value twice, and two keys, are nothing",
        arguments: [
            (["--seed", "1", "--seed=3"], ["--seed is given more than once, of which the last one counts: 3, and not 1"], 3),
            (
                ["--set", "seed=1", "--set", "seed=2"],
                ["--set seed is given more than once, of which the last one counts: 2, and not 1"], 2
            ),
            (["--seed", "4", "--seed", "4"], [], 4), (["--set", "epochs=2", "--set", "seed=5"], [], 5),
            (["--seed", "6", "--dry-run"], [], 6),
        ] as [([String], [String], UInt64)])
    func twice(_ arguments: [String], _ sentences: [String], _ seed: UInt64) throws {
        let scratch = Scratch()
        let line = ["train", "--recipe", "quickstart", "--dry-run", "--kernel", "nehalem"] + arguments
        let result = try LockstepProcess.run(line, in: scratch.path)
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.errors.split(separator: "\n").filter { $0.contains("more than once") }.map(String.init) == sentences)
        #expect(try Configuration.read(yaml: result.output, file: "dry run").seed == seed)
    }

    @Test("errors in a file name file, line and key")
    func file() throws {
        let scratch = Scratch()
        try "name: mine\nminibatch: 100\nmodle: {code: 2}\n".write(
            toFile: scratch.file("mine.yaml"), atomically: true, encoding: .utf8)
        let result = try LockstepProcess.run(["train", "--config", scratch.file("mine.yaml")])
        #expect(result.status == 64)
        for part in ["mine.yaml", "line 3", "modle", "model"] { #expect(result.errors.contains(part), "\(result.errors)") }
    }

    @Test("what an error quotes of a file, an argument or a name reaches the terminal as text of one line")
    func quoted() throws {
        let scratch = Scratch()
        let wild = "\u{1b}]0;title\u{7}\u{202e}\u{9b}31m"
        try "\"\(wild)\": 3\n".write(toFile: scratch.file("mine.yaml"), atomically: true, encoding: .utf8)
        var said = ""
        for arguments in [
            ["train", "--config", scratch.file("mine.yaml")], ["train", "--set", "model.\(wild)=3"],
            ["digest", "no\(wild)\nsuch run"],
        ] {
            let result = try LockstepProcess.run(arguments)
            #expect(result.status != 0)
            let controls = result.errors.dropLast().unicodeScalars.filter {
                [.control, .format].contains($0.properties.generalCategory)
            }
            #expect(controls.isEmpty, "\(result.errors)")
            said += result.errors
        }
        #expect(said.contains("\\u{1b}"), "\(said)")
    }

    @Test("missing data names the folders looked in and how to get it")
    func missingData() throws {
        let scratch = Scratch()
        let result = try LockstepProcess.run(
            ["train", "--recipe", "mnist-gaussian-2d", "--data", scratch.path], in: scratch.path)
        #expect(result.status == 1)
        #expect(result.errors.contains("lockstep data fetch mnist") && result.errors.contains(scratch.path), "\(result.errors)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).isEmpty)
    }

    @Test("train refuses a folder that exists and names resume; a run that is not there is named")
    func existing() throws {
        let scratch = Scratch()
        let arguments = ["train"] + LockstepProcess.small + ["--steps", "2", "--run", scratch.file("run")]
        #expect(try LockstepProcess.run(arguments).status == 0)
        let digest = try LockstepProcess.run(["digest", scratch.file("run")]).output
        let again = try LockstepProcess.run(arguments)
        #expect(again.status == 1 && again.errors.contains("lockstep resume"), "\(again.errors)")
        #expect(try LockstepProcess.run(["digest", scratch.file("run")]).output == digest)
        let none = try LockstepProcess.run(["digest", scratch.file("other")])
        #expect(none.status == 1 && none.errors.contains("other"))
    }

    @Test(
        "an address that cannot be is told why, by every command that takes one",
        arguments: [
            ("10.79.0.10:99999", "ports are 0 to 65535"), ("alpha", "is no HOST:PORT"),
            ("[fe80::7:10]:7701", "[fe80::7:10%eth0]:7701"),
        ])
    func addresses(text: String, words: String) throws {
        let scratch = Scratch()
        for command in [
            ["coordinator", "--insecure", "--run", scratch.file("run"), "--listen"], ["worker", "--insecure", "--coordinator"],
            ["resume", "run", "--insecure", "--listen"],
        ] {
            let result = try LockstepProcess.run(command + [text], in: scratch.path)
            #expect(result.status == 64 && result.errors.contains(words), "\(command): \(result.errors)")
        }
        #expect(!FileManager.default.fileExists(atPath: scratch.file("run")))
    }

    @Test("a name needs a token unless it stands for loopback alone; one that nobody knows cannot be listened on")
    func names() throws {
        let scratch = Scratch()
        let worker = try LockstepProcess.run([
            "worker", "--coordinator", "LOCALHOST:1", "--connect-timeout", "1s", "--threads", "1",
        ])
        #expect(worker.status == 1 && worker.errors.contains("no coordinator at "), "\(worker.errors)")
        let lead = ["coordinator"] + LockstepProcess.small + ["--run", scratch.file("run"), "--listen", "no-such-name.invalid:0"]
        let alone = try LockstepProcess.run(lead)
        #expect(alone.status == 64 && alone.errors.contains("--token-file"), "\(alone.errors)")
        let unknown = try LockstepProcess.run(lead + ["--insecure"])
        #expect(unknown.errors.contains("the name no-such-name.invalid cannot be resolved"), "\(unknown.errors)")
        #expect(unknown.status != 0 && !FileManager.default.fileExists(atPath: scratch.file("run")))
    }

    @Test("a coordinator off loopback without --insecure is refused, and so is a worker toward one")
    func insecure() throws {
        let scratch = Scratch()
        let lead = try LockstepProcess.run(
            ["coordinator"] + LockstepProcess.small + ["--run", scratch.file("run"), "--listen", "0.0.0.0:0"])
        #expect(lead.status != 0 && lead.errors.contains("--insecure"), "\(lead.errors)")
        let worker = try LockstepProcess.run(["worker", "--coordinator", "192.0.2.1:7700", "--connect-timeout", "1s"])
        #expect(worker.status != 0 && worker.errors.contains("--insecure"), "\(worker.errors)")
    }

    @Test("a port in use is named")
    func portInUse() throws {
        let scratch = Scratch()
        let first = try LockstepProcess(
            ["coordinator"] + LockstepProcess.small + ["--run", scratch.file("first"), "--listen", "127.0.0.1:0"])
        let port = try #require(LockstepProcess.port(of: scratch.file("first")))
        let second = try LockstepProcess.run(
            ["coordinator"] + LockstepProcess.small + ["--run", scratch.file("second"), "--listen", "127.0.0.1:\(port)"])
        #expect(second.status == 1 && second.errors.contains(port) && second.errors.contains("--listen"), "\(second.errors)")
        let locked = try LockstepProcess.run(["coordinator", "--run", scratch.file("first"), "--listen", "127.0.0.1:0"])
        #expect(locked.status == 1 && locked.errors.contains("\(first.process.processIdentifier)"), "\(locked.errors)")
        kill(first.process.processIdentifier, SIGTERM)
        #expect(try first.wait().status == 0)
    }

    @Test("a worker that finds no coordinator says so at each try, and exits 1 after --connect-timeout")
    func unreachable() throws {
        let result = try LockstepProcess.run(["worker", "--coordinator", "127.0.0.1:1", "--connect-timeout", "900ms"])
        #expect(result.status == 1)
        #expect(result.errors.contains("trying again") && result.errors.contains("--connect-timeout"), "\(result.errors)")
        // Without an end of its own it tries for ten minutes, at least every other second.
        #expect(result.errors.split(separator: "\n").count { $0.contains("trying again") } < 20, "\(result.errors)")
    }

    @Test("coordinator and workers started by hand make the same weights as train")
    func byHand() throws {
        let scratch = Scratch()
        let lead = try LockstepProcess(
            ["coordinator"] + LockstepProcess.small + [
                "--run", scratch.file("run"), "--listen", "127.0.0.1:0", "--workers", "2", "--topology", "server", "--json",
            ])
        let port = try #require(LockstepProcess.port(of: scratch.file("run")))
        let workers = try (0..<3).map { _ in
            try LockstepProcess(["worker", "--coordinator", "127.0.0.1:\(port)", "--threads", "1", "--connect-timeout", "3s"])
        }
        let result = try lead.wait()
        #expect(result.status == 0, "\(result.errors)")
        // One worker is more than was asked for; it takes part as soon as it comes, unless the short run is over by then.
        let endings = try workers.map { try $0.wait() }
        #expect(endings.count { $0.status == 0 } >= 2, "\(endings.map(\.errors))")
        #expect(endings.allSatisfy { $0.status == 0 || $0.errors.contains("--connect-timeout") }, "\(endings.map(\.errors))")
        let trained = try LockstepProcess.run(["train"] + LockstepProcess.small + ["--run", scratch.file("train"), "--json"])
        #expect(try JSON(parsing: trained.output)["digest"] == JSON(parsing: result.output)["digest"])
        let again = try LockstepProcess.run(
            ["coordinator", "--run", scratch.file("run"), "--listen", "127.0.0.1:0", "--set", "seed=4"])
        #expect(again.status == 1 && again.errors.contains("seed"), "\(again.errors)")
    }
}
