import Foundation
import Testing

/// Files and headings that a file refers to exist.
struct CitationTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path()

    /// Sources, tests, scripts and pages, without binary files and build folders.
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
                    // Cited by its path, or by the path's end where the text is near the file or the file is installed.
                    let isKnown = known.contains { path in
                        let name = path.split(separator: "/").last ?? ""
                        let isInstalled = match.output.hasPrefix("/") && match.output.hasSuffix("/\(name)")
                        // From a page's folder up: where that leads is looked at below.
                        let cited = match.output.replacing(#/^(\.\.\/)+/#, with: "")
                        return path == cited || path.hasSuffix("/\(cited)") || isInstalled
                    }
                    #expect(isKnown, "\(page):\(index + 1) cites \(match.output), which is not in the repository")
                }
            }
        }
        #expect(cited > 10, "no citation was found")
    }

    @Test("every link of a page leads to a file, or to a heading, that is there")
    func links() throws {
        let pages = try Self.pages().filter { $0.hasSuffix(".md") }
        var followed = 0
        for page in pages {
            let text = try String(contentsOfFile: Self.root + page, encoding: .utf8)
            let folder = page.split(separator: "/").dropLast().joined(separator: "/")
            for match in text.matches(of: #/\]\(([^)\s]*)\)/#) where !match.1.contains("://") {
                followed += 1
                let parts = match.1.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
                let target = parts[0].isEmpty ? page : "\(folder.isEmpty ? "" : "\(folder)/")\(parts[0])"
                let path = Self.root + target
                #expect(FileManager.default.fileExists(atPath: path), "\(page) links to \(match.1), which is not there")
                guard parts.count == 2, let linked = try? String(contentsOfFile: path, encoding: .utf8) else { continue }
                let headings = linked.split(separator: "\n").filter { $0.hasPrefix("#") }.map(Self.anchor)
                #expect(headings.contains(String(parts[1])), "\(page) links to \(match.1), and there is no such heading")
            }
        }
        #expect(followed > 20, "no link was found")
    }

    /// The anchor that GitHub makes of a heading: lower-case letters, digits, and hyphens for blanks, nothing else.
    private static func anchor(_ heading: Substring) -> String {
        let words = heading.drop { $0 == "#" }.drop { $0 == " " }.lowercased()
        return String(words.filter { $0.isLetter || $0.isNumber || $0 == " " || $0 == "-" }.map { $0 == " " ? "-" : $0 })
    }
}
