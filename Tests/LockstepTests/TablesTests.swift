import Foundation
import Runs
import TestSupport
import Testing

private let mnist: String? = {
    guard let folder = ProcessInfo.processInfo.environment["LOCKSTEP_DATA"] else { return nil }
    return FileManager.default.fileExists(atPath: "\(folder)/mnist/train-images-idx3-ubyte.gz") ? folder : nil
}()

/// `deploy/tables`: the rows of the paper's tables, made from nothing by one command.
@Suite(.serialized)
struct TablesTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    private static let tables = root.appending(path: "deploy/tables")

    private func start(_ arguments: [String], in scratch: Scratch) throws -> LockstepProcess {
        try LockstepProcess(
            ["python3", "-B", Self.tables.appending(path: "tables.py").path()] + arguments, in: scratch.path,
            executable: "/usr/bin/env")
    }

    @Test("every row's recipes are there, and every tuned recipe has a row")
    func rows() throws {
        let listed = try start(["--list"], in: Scratch()).wait()
        #expect(listed.status == 0, "\(listed.errors)")
        let recipes = listed.output.split(separator: "\n").flatMap { $0.split(separator: " ").dropFirst().map(String.init) }
        #expect(recipes.count > 15)
        for recipe in Set(recipes) { _ = try Recipes.named(recipe) }
        let tuned = Recipes.all.map(\.name).filter { $0.hasPrefix("best/") }
        #expect(!tuned.isEmpty && Set(tuned).isSubset(of: recipes))
    }

    @Test("a row that is none, no place for runs and a trial to publish are refused")
    func refused() throws {
        let scratch = Scratch()
        for (arguments, words) in [
            (["--runs", "r", "--row", "semi"], "there is no row 'semi'; there are semi-100, "), ([], "--runs says where"),
            (["--runs", "r", "--try", "--publish", "README.md"], "no result to publish"),
        ] {
            let result = try start(arguments, in: scratch).wait()
            #expect(result.status == 2 && result.errors.contains(words) && result.output.isEmpty, "\(result.errors)")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).isEmpty)
    }

    @Test("the README's table is the one in deploy/tables, and of its rows")
    func published() throws {
        let readme = try String(contentsOf: Self.root.appending(path: "README.md"), encoding: .utf8)
        let parts = readme.components(separatedBy: "<!-- the table: ")
        #expect(parts.count == 3)
        let text = try String(contentsOf: Self.tables.appending(path: "table.md"), encoding: .utf8)
        #expect(parts[1] == "begin -->\n\n\(text)\n")
        let json = try JSON(parsing: try String(contentsOf: Self.tables.appending(path: "table.json"), encoding: .utf8))
        for row in try #require(json["rows"]?.arrayValue) {
            #expect(text.contains("| `\(try #require(row["row"]?.stringValue))` |"))
        }
    }

    @Test(
        "a row is trained, measured and written; stopped in its middle it goes on, and what is finished is passed over",
        .enabled(if: mnist != nil, "needs the MNIST files: set LOCKSTEP_DATA to their folder"))
    func row() throws {
        let scratch = Scratch()
        let line = [
            "--lockstep", LockstepProcess.path, "--runs", scratch.file("tables"), "--data", try #require(mnist), "--try", "--row",
            "reduction-100",
        ]
        let first = try start(line, in: scratch)
        let run = "tables/try/reduction-100-seed-1"
        #expect(LockstepProcess.eventually { first.errorsSoFar.contains("  step ") || !first.process.isRunning })
        kill(first.process.processIdentifier, SIGTERM)
        let stopped = try first.wait()
        #expect(
            stopped.status == 0 && stopped.output.isEmpty && stopped.errors.contains("stopped in row reduction-100"),
            "\(stopped.errors)")
        let whole = try start(line, in: scratch).wait()
        #expect(whole.status == 0 && whole.errors.contains("seed 1 goes on"), "\(whole.errors)")
        #expect(whole.output.contains("| `reduction-100` |") && whole.output.contains("6.08 %"), "\(whole.output)")
        let again = try start(line, in: scratch).wait()
        #expect(again.status == 0 && again.output == whole.output, "\(again.errors)")
        #expect(again.errors.contains("seed 1 is finished") && !again.errors.contains("$ lockstep evaluate"), "\(again.errors)")

        // What the table says, against the run itself.
        let entries = try #require(
            try JSON(parsing: String(contentsOfFile: scratch.file("tables/try/table.json"), encoding: .utf8))["rows"]?.arrayValue)
        let entry = try #require(entries.first)
        let digest = try LockstepProcess.run(["digest", scratch.file(run)]).output.trimmingCharacters(in: .newlines)
        #expect(entry["digests"]?.arrayValue?.first?.arrayValue?.first?.stringValue == digest)
        let report = try JSON(parsing: String(contentsOfFile: scratch.file("\(run)/evaluation.json"), encoding: .utf8))
        #expect(
            try #require(entry["values"]?.arrayValue?.first?.arrayValue?.first?.doubleValue)
                == report["reduction"]?["error"]?.doubleValue)
    }
}
