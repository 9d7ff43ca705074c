import Foundation
import Testing

/// deploy/metrics.md lists the events of `metrics.jsonl` with their keys.
struct EventListTests {
    @Test("every event that is written is listed, and so is each of its keys")
    func listed() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let text = try String(contentsOf: root.appending(path: "deploy/metrics.md"), encoding: .utf8)
        let section = try #require(text.components(separatedBy: "## Events").last)
        let quoted = Set(section.components(separatedBy: "`").enumerated().filter { $0.offset % 2 == 1 }.map(\.element))
        let coordinator = root.appending(path: "Sources/Coordinator").path()
        var written: Set<String> = []
        for file in try FileManager.default.contentsOfDirectory(atPath: coordinator) where file.hasSuffix(".swift") {
            let source = SwiftSource(try String(contentsOfFile: coordinator + "/" + file, encoding: .utf8))
            // The membership's notes stand in a file of their own, and all of its literals are names or keys.
            if file == "RunNote+JSON.swift" { written.formUnion(source.literals.map(\.text)) }
            written.formUnion(source.literals(ofCallsTo: ".event(").flatMap(\.texts))
        }
        #expect(written.count > 20 && written.isSuperset(of: ["death", "pids", "generation", "failure"]))
        #expect(written.subtracting(quoted).isEmpty, "\(written.subtracting(quoted).sorted()) are not in deploy/metrics.md")
    }
}
