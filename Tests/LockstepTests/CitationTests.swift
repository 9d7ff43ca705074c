import Foundation
import Testing

/// What a file sends its reader to is there to be read.
struct CitationTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path()

    /// Sources, tests, scripts and pages; what is read as bytes, and folders of builds, are none.
    private static func pages() throws -> [String] {
        let kinds = [".swift", ".c", ".h", ".def", ".proto", ".py", ".sh", ".md", ".service", ".yml"]
        let folders = try ["Sources", "Tests", "deploy"].flatMap { folder in
            try #require(FileManager.default.enumerator(atPath: root + folder)).compactMap {
                ($0 as? String).map { "\(folder)/\($0)" }
            }
        }
        return (["README.md", "Makefile", "Package.swift"] + folders).filter { path in
            kinds.contains { path.hasSuffix($0) } || path == "Makefile"
        }
    }

    @Test("no file cites a Markdown page that is not in the repository")
    func markdown() throws {
        let pages = try Self.pages()
        #expect(pages.count > 400, "the files were not found under \(Self.root)")
        let known = pages.filter { $0.hasSuffix(".md") }
        var cited = 0
        for page in pages {
            let text = try String(contentsOfFile: Self.root + page, encoding: .utf8)
            for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
                for match in line.matches(of: #/[\w\/.-]*\w\.md\b/#) {
                    cited += 1
                    // By its path, or by its end where the text stands beside it or where it is installed.
                    let isKnown = known.contains { path in
                        let name = path.split(separator: "/").last ?? ""
                        let isInstalled = match.output.hasPrefix("/") && match.output.hasSuffix("/\(name)")
                        return path == match.output || path.hasSuffix("/\(match.output)") || isInstalled
                    }
                    #expect(isKnown, "\(page):\(index + 1) cites \(match.output), which is not in the repository")
                }
            }
        }
        #expect(cited > 10, "no citation was found")
    }
}
