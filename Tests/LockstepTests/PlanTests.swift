import Foundation
import Runs
import Testing

/// `lockstep plan` and `digest --golden`: what a machine says of itself.
struct PlanTests {
    private static let small = [
        "plan", "--recipe", "quickstart", "--set", "data.train=40", "--set", "data.validation=20", "--minibatch", "7", "--set",
        "shards=3", "--set", "model.encoder=[48,32]", "--set", "model.decoder=[32,48]", "--set", "model.discriminator=[24]",
    ]

    @Test(
        "a row for each number of workers, also where they outnumber shards and rows",
        arguments: [[], ["--link", "1gbit"], ["--link", "100mbit", "--here", "--threads", "3"]])
    func rows(options: [String]) throws {
        let result = try LockstepProcess.run(Self.small + ["--workers", "1,2,5,64", "--json"] + options)
        #expect(result.status == 0, "\(result.errors)")
        let rows = try #require(try JSON(parsing: result.output).arrayValue)
        #expect(rows.compactMap { $0["workers"]?.doubleValue } == [1, 2, 5, 64])
        // A shard has a row of the minibatch at least.
        #expect(rows.compactMap { $0["shards"]?.doubleValue } == [3, 3, 5, 7])
        #expect(rows.allSatisfy { ($0["milliseconds"]?.doubleValue ?? 0) > 0 })
        let table = try LockstepProcess.run(Self.small + ["--workers", "1,5"] + options)
        #expect(table.output.contains("workers") && table.output.contains("* --set shards=N"), "\(table.output)")
    }

    @Test("what cannot be is refused in a sentence")
    func refused() throws {
        for (arguments, status, words) in [
            (["--workers", "0"], 64 as Int32, "no list of numbers of workers"), (["--link", "fast"], 64, "is no rate"),
            (["--latency", "-1"], 64, "--latency"), (["--threads", "0"], 64, "--threads is 0"),
            (["--threads", "9223372036854775807"], 64, "it must be 1 to 1024"),
        ] {
            let result = try LockstepProcess.run(Self.small + arguments)
            #expect(result.status == status && result.errors.contains(words), "\(arguments): \(result.status) \(result.errors)")
        }
    }

    @Test("threads that no process can have are refused wherever they are given, before anything is computed with them")
    func threads() throws {
        for command in [
            ["train"], ["resume", "latest"], ["worker", "--coordinator", "127.0.0.1:1"], ["plan"], ["chaos"],
            ["launch", "-H", "a:1"],
            ["bench", "step"], ["evaluate", "latest"],
        ] {
            for count in ["0", "1025", "9223372036854775807"] {
                let result = try LockstepProcess.run(command + ["--threads", count])
                #expect(result.status == 64 && result.errors.contains("1 to 1024"), "\(command) \(count): \(result.errors)")
            }
        }
    }

    @Test("this machine comes to the digests of the reference runs, and says so")
    func golden() throws {
        let result = try LockstepProcess.run(["digest", "--golden"])
        #expect(result.status == 0, "\(result.output)")
        let lines = result.output.split(separator: "\n")
        #expect(
            lines.map { $0.prefix(4) } == ["fp32", "bf16"] && lines.allSatisfy { $0.hasSuffix("as expected") }, "\(result.output)")
        for wrong in [["digest"], ["digest", "latest", "--golden"]] { #expect(try LockstepProcess.run(wrong).status == 64) }
    }
}
