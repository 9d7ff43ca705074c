import Foundation
import Testing

/// The tables of what goes wrong, in deploy/troubleshooting.md and deploy/several-hosts.md, quote the program as it is; and no sentence of an
/// error or a warning is missing there.
struct TroubleshootingTests {
    private static let tables = "deploy/troubleshooting.md"
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path()

    @Test("what the tables quote stands in the sources", arguments: [tables, "deploy/several-hosts.md"])
    func quotes(_ document: String) throws {
        let said = try Self.sources().flatMap { $0.source.literals.map(\.text) }
        let rows = try Self.rows(of: document)
        #expect(rows.count > 20)
        for row in rows {
            for sentence in row.sentences {
                for fragment in Quote.fragments(of: sentence) {
                    let isSaid = Quote.parts(of: fragment) { part in said.contains { $0.contains(part) } }
                    #expect(isSaid, "\(document), line \(row.line): the sources do not say \"\(fragment)\"")
                }
            }
        }
    }

    @Test("every sentence that is thrown, logged as a warning or ends a run has its row in deploy/troubleshooting.md")
    func rows() throws {
        let quoted = Set(
            try Self.rows(of: Self.tables).flatMap(\.sentences).flatMap { sentence in
                Quote.withNumbers(sentence)
                    + Quote.fragments(of: sentence).flatMap { [$0] + Quote.clauses(of: $0) }.filter(Quote.isSentence)
            })
        // What the simulation finds has one row: it is told with the seed that shows it.
        for (path, source) in try Self.sources() where !path.hasPrefix("Simulation/") {
            var calls = Self.heads.flatMap { source.literals(ofCallsTo: $0) }
            if Self.errors.contains(path) { calls += source.literals.map { (0, [$0.text]) } }
            for call in calls {
                let texts = call.texts.filter { Quote.isSentence($0) }
                let isInner = texts.contains { text in Self.inner.contains { text.contains($0) } }
                let isQuoted = texts.contains { text in quoted.contains { text.contains($0) } }
                #expect(texts.isEmpty || isInner || isQuoted, "\(path):\(call.line): no row of \(Self.tables) quotes \(texts)")
            }
        }
    }

    /// What a person comes to see stands in a call that begins with one of these.
    private static let heads = [
        "throw LocalError(", "WrongHostPort(", "throw RunFolderError(", "throw CheckpointError(", "throw StateFileError(",
        "throw UsageError(",
        "throw ValidationError(", "throw ConfigurationError(", "throw HostListError(", "throw SettingsError(", "throw StateError(",
        "throw ProbeFailure(", "throw ResolutionError(", "throw Manifest.Malformed(", "throw Malformed(",
        "throw DataError.setting(", "throw DataError.labels(", "throw DataError.unknownSet(",
        "throw Self.error(", "throw error(", "throw section.failure(", "throw tooMuch(", "root.failure(", "throw StateFileError(",
        "log.warning(", "log.error(", ".log(.warning,", ".log(.error,", "note(.warning,", "warn(", "Output.complain(", "complain(",
        "fail(", "turnAway(",
        "lost(", "disconnected(", "retry(", "strangers.count(", ".failed(", ".unfit(",
        "fatalError(", "endWithout(",
        "say(", "show(", "giveUp(", "tell(",
        "notices.write(", "broken(",
        ".unreachable(",
    ]

    /// Files that hold errors and nothing else.
    private static let errors: Set<String> = [
        "Autoencoder/Replica/Decision.swift", "Wire/Messages/ControlMessage.swift", "Control/Handshake.swift",
        "Coordinator/FolderWatch.swift", "Launch/HostFact+Words.swift", "Chaos/ChaosFinding+Words.swift",
        "Membership/StreamProgress.swift", "Membership/WorkerEvents.swift",
        "Collectives/Links/LinkFailure.swift", "Collectives/Links/LinkHello.swift",
        "Kernels/KernelFamily.swift", "Kernels/MemoryRoom.swift", "Kernels/ThreadRoom.swift",
        "Runs/Checkpoints/CheckpointStore+Retention.swift",
        "Files/DiskError.swift",
        "Files/DiskNotices.swift", "Runs/RunFolder/RunFolder+SameBits.swift", "Waiting/ThreadLimit.swift",
        "Wire/ControlFrameError.swift",
        "Wire/GradientCoding.swift",
        "Wire/GradientFrameHeader+Reading.swift", "Wire/ZstdError.swift",
    ]

    /// What needs no row: sentences that only another part of the program can meet, pieces of others, and good news.
    private static let inner = [
        "a probe's nonce has 32 digits", "a thread that does nothing, when it has ended",
        "a ring was formed before this worker listened", "was already finished or abandoned",
        "calm run: ", "every host is ready", "checking ", "reading a frame", "AVX-512 with bfloat16", "buckets before its own",
    ]

    private static func sources() throws -> [(path: String, source: SwiftSource)] {
        let files = try #require(FileManager.default.enumerator(atPath: root + "Sources")).compactMap { $0 as? String }
        return try files.filter { $0.hasSuffix(".swift") && !$0.hasSuffix(".pb.swift") }.sorted().map {
            ($0, SwiftSource(try String(contentsOfFile: root + "Sources/" + $0, encoding: .utf8)))
        }
    }

    /// Rows of tables whose first column holds sentences, by the name of that column.
    private static func rows(of document: String) throws -> [(line: Int, sentences: [String])] {
        var rows: [(Int, [String])] = []
        var isTable = false
        let lines = try String(contentsOfFile: root + document, encoding: .utf8).components(separatedBy: "\n")
        for (index, line) in lines.enumerated() {
            if line.hasPrefix("| it says |") || line.hasPrefix("| sentence |") { isTable = true }
            if !line.hasPrefix("|") { isTable = false }
            guard isTable, line.hasPrefix("| ") else { continue }
            let cell = line.dropFirst(2).components(separatedBy: " | ")[0]
            let sentences = cell.components(separatedBy: "`").enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
            if !sentences.isEmpty { rows.append((index + 1, sentences)) }
        }
        return rows
    }
}

/// A sentence as a table quotes it: the program's words, with values of an example and `…` in the place of others.
private enum Quote {
    /// Fewer letters say too little to be looked for, or to tell one sentence from others.
    private static let (pieceLetters, sentenceLetters) = (8, 12)

    /// Names that examples use.
    private static let names: Set<String> = [
        "alpha", "beta", "mnist", "haswell", "skylakex", "itanium", "quickstart", "quickstrat", "frist", "minst", "seed", "hosts",
        "linear", "generator", "discriminator", "reconstruction", "MB", "GB", "kB", "min", "ms", "ahead", "SIGKILL", "SIGINT",
        "npz", "F", "runs", "model",
        "modle", "swissroll", "OpenBLAS",
    ]

    /// What the parser of the command line says.
    private static let parser = ["Error: ", "The value '"]

    /// What the operating system, SSH and the dynamic linker say.
    private static let foreign = [
        "Permission denied (publickey)", "Permission denied", "Could not resolve host", "No such file or directory",
        "No space left on device", "Connection reset by peer",
        "Connection refused", "Address already in use", "Resource temporarily unavailable", "Too many open files",
        "ssh: connect to host", "No route to host", "Host key verification failed.", "error while loading shared libraries:",
        "not found",
    ]

    /// The longest pieces of the program's own words. A short quotation is its own piece.
    static func fragments(of sentence: String) -> [String] {
        guard !parser.contains(where: sentence.hasPrefix) else { return [] }
        var text = sentence.replacing(#/worker \d+/#, with: "…")
        for words in foreign { text = text.replacingOccurrences(of: words, with: "…") }
        // What was found and what was expected are often two texts.
        text = text.replacing(#/[,;] expected /#, with: " … ")
        // So are what was tried and that it cannot be, or who ended and how.
        text = text.replacing(#/\b[Cc]annot (open|write) /#, with: " … ").replacing(#/(was|,) killed by/#, with: " … killed by")
        text = text.replacing(#/"[^"]*"/#, with: "…")
        // A word with a digit or a slash in it is a value, and so are names, of files and settings too.
        let words = text.split(separator: " ").map { word in
            let isValue = word.contains { $0.isNumber || "/_".contains($0) } || names.contains(word.filter(\.isLetter))
            return isValue || word.contains(#/\w\.\w/#) ? "…" : String(word)
        }
        let pieces = words.joined(separator: " ").split(separator: "…").map { $0.trimmingCharacters(in: marks) }
        let long = pieces.filter { $0.count(where: \.isLetter) >= pieceLetters }
        return long.isEmpty ? pieces.max { $0.count < $1.count }.map { isWord($0) ? [$0] : [] } ?? [] : long
    }

    /// Blanks, and marks at which one of the program's texts goes over into another.
    private static let marks = CharacterSet(charactersIn: " ;:,.()?")

    static func isSentence(_ text: String) -> Bool { text.contains(" ") && text.count(where: \.isLetter) >= sentenceLetters }

    private static func isWord(_ text: String) -> Bool { text.count(where: \.isLetter) >= 5 }

    /// Where one sentence is made of several: its parts between marks.
    static func clauses(of fragment: String) -> [String] {
        fragment.split { ";:()".contains($0) }.map { $0.trimmingCharacters(in: marks) }.filter(isWord)
    }

    /// The parts of a sentence with their numbers, for limits that stand in the sources.
    static func withNumbers(_ sentence: String) -> [String] {
        sentence.split { "…;:,()".contains($0) }.map { $0.trimmingCharacters(in: marks) }.filter {
            $0.count(where: \.isLetter) >= 10
        }
    }

    /// Whether `isSaid` holds for the fragment, or for each of its clauses.
    static func parts(of fragment: String, _ isSaid: (String) -> Bool) -> Bool {
        if isSaid(fragment) { return true }
        let clauses = clauses(of: fragment)
        return clauses != [fragment] && !clauses.isEmpty && clauses.allSatisfy(isSaid)
    }
}
