import Autoencoder
import Foundation
import Runs
import Synchronization
import TestSupport
import Testing
import Waiting

/// The driver of an evaluation: threads, progress, an early end, parts.
@Suite struct EvaluationSessionTests {
    @Test("figures are the same, bit for bit, for any number of threads", arguments: [Variant.basic, .semiSupervised])
    func threads(variant: Variant) throws {
        let models = try TinyModels()
        let only = EvaluationProtocols.names.filter { $0 != "quadrature" }
        let reports = try [1, 2, 3].map { try TinyModels.report(models.subject(variant, only: only, threads: $0)) }
        #expect(reports[0].json().text == reports[1].json().text && reports[0].text == reports[1].text)
        #expect(reports[0].json().text == reports[2].json().text)
    }

    /// A session that is asked for the end at the n-th word of its progress in one figure.
    private func stopped(_ subject: EvaluationSubject, in name: String, after count: Int) throws -> EvaluationSession {
        let place = Mutex<(session: EvaluationSession?, words: Int)>((nil, 0))
        let session = EvaluationSession(subject, protocols: EvaluationProtocols.all) { progress in
            guard progress.name == name else { return }
            let toStop = place.withLock { state -> EvaluationSession? in
                state.words += 1
                return state.words == count ? state.session : nil
            }
            toStop?.stop()
        }
        place.withLock { $0.session = session }
        defer { place.withLock { $0.session = nil } }
        try session.run()
        return session
    }

    @Test("ended in the middle it keeps what it has, names what is missing, and a Parzen window is of the samples it came to")
    func early() throws {
        let models = try TinyModels()
        let session = try stopped(models.subject(.basic, samples: 30_000), in: "parzen", after: 8)
        let report = EvaluationReport(session, head: TinyModels.head(session.subject))
        #expect(report.results.map(\.name).contains("manifold") && report.results.last?.name == "parzen")
        #expect(report.missing == ["calibration", "importance", "quadrature"] && !report.isWhole)
        let samples = try #require(report.json()["parzen"]?["samples"]?.intValue)
        #expect(samples > 0 && samples < 30_000 && samples % 1_000 == 0)
        let fewer = try TinyModels.report(models.subject(.basic, samples: samples, only: ["parzen"]))
        #expect(fewer.json()["parzen"] == report.json()["parzen"])
        #expect(report.warnings.contains { $0.contains("were asked for") } && report.warnings.contains { $0.contains("missing: ") })
        #expect(report.json()["missing"]?.arrayValue?.count == 3)
        let first = try stopped(models.subject(.basic), in: "reconstruction", after: 1)
        #expect(first.found.results.count <= 1 && first.found.results.map(\.name) + first.found.missing == first.applicable)
    }

    @Test("progress goes from 0 towards 1, never back, with one thread; it fits the terminal and tells the time that is left")
    func progress() throws {
        let models = try TinyModels()
        let heard = Mutex<[EvaluationProgress]>([])
        let session = EvaluationSession(
            try models.subject(.basic, only: ["codes", "parzen"]), protocols: try EvaluationProtocols.named(["codes", "parzen"])
        ) { progress in heard.withLock { $0.append(progress) } }
        try session.run()
        let words = heard.withLock { $0 }
        let shares = words.map(\.done)
        #expect(shares == shares.sorted() && shares.allSatisfy { (0...1).contains($0) } && shares.count > 10)
        let last = try #require(words.last)
        #expect(last.name == "parzen" && last.remaining != nil)
        #expect(last.render(width: 200).hasPrefix("evaluating ") && last.render(width: 200).contains(" left: parzen"))
        #expect(last.render(width: 12).count == 12 && last.render(width: 0).isEmpty)
    }

    private func part(_ models: TinyModels, _ number: Int, of count: Int, samples: Int = 7_300, seed: UInt64 = 5) throws
        -> EvaluationPartFile
    {
        let subject = try models.subject(
            .vae, samples: samples, seed: seed, only: EvaluationProtocols.names.filter { $0 != "quadrature" },
            part: EvaluationPart(number, of: count), threads: number % 2 + 1)
        let session = EvaluationSession(subject, protocols: try EvaluationProtocols.named(subject.options.only))
        try session.run()
        return EvaluationPartFile(
            EvaluationReport(session, head: TinyModels.head(subject)), part: try #require(subject.options.part),
            samples: samples, protocols: session.applicable)
    }

    @Test("parts that hosts share come together to the bits of the whole, by way of their files", arguments: [1, 3])
    func parts(count: Int) throws {
        let models = try TinyModels()
        let only = EvaluationProtocols.names.filter { $0 != "quadrature" }
        let whole = try TinyModels.report(models.subject(.vae, samples: 7_300, only: only))
        let file = EvaluationFile(try models.folder(), step: 40, isNewest: true, seed: 5, usualSeed: 5)
        let parts = try (1...count).map { try part(models, $0, of: count) }
        for part in parts.reversed() { try file.write(part) }
        let read = try file.parts()
        #expect(read == parts)
        let merged = try EvaluationPartFile.merged(read)
        #expect(merged.json().text == whole.json().text && merged.text == whole.text && merged.isWhole)
        if count > 1 {
            let works = parts.map { $0.results.map(\.name).filter { $0 != "parzen" } }
            #expect(works.allSatisfy { !$0.isEmpty } && works.flatMap(\.self).count == whole.results.count - 1)
        }
    }

    @Test("parts that are missing, damaged, of another evaluation or of another division are told in a sentence")
    func wrongParts() throws {
        let models = try TinyModels()
        let folder = try models.folder()
        let file = EvaluationFile(folder, step: 40, isNewest: true, seed: 5, usualSeed: 5)
        func told() -> String { sentence { _ = try EvaluationPartFile.merged(file.parts()) } }
        #expect(told().contains("there is no part of an evaluation to merge"))
        let parts = try (1...2).map { try part(models, $0, of: 2) }
        try file.write(parts[0])
        #expect(told().contains("parts of the evaluation are missing") && told().contains(": 2/2;"), "\(told())")
        let path = file.path(of: parts[1].part)
        try file.write(parts[1])
        #expect(told() == "no error")
        let whole = try Scratch.bytes(path)
        for change in 0..<40 {
            var bytes = whole
            let place = bytes.count * change / 40
            bytes[place] = bytes[place] == 0x31 ? 0x32 : 0x31
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            #expect(told().contains("is damaged, or no part 2 of 2 of an evaluation"), "byte \(place): \(told())")
        }
        for bytes in [
            Array(whole.prefix(whole.count / 2)), [], Array("{}".utf8), try Scratch.bytes(file.path(of: parts[0].part)),
        ] as [[UInt8]] {
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            #expect(told().contains("is damaged, or no part 2 of 2"), "\(told())")
        }
        try file.write(part(models, 2, of: 2, seed: 6))
        #expect(told().contains("are of two evaluations: seed 5 and seed 6"), "\(told())")
        try file.write(part(models, 2, of: 2, samples: 8_000))
        #expect(told().contains("7300 samples and 8000 samples"), "\(told())")
        try file.write(parts[1])
        let others = try #require(EvaluationPart(1, of: 3))
        try FileManager.default.copyItem(atPath: path, toPath: file.path(of: others))
        #expect(told().contains("of several divisions, into 2 and 3"), "\(told())")
        try FileManager.default.removeItem(atPath: file.path(of: others))
        // Another step's parts are not this one's.
        let older = EvaluationFile(folder, step: 7, isNewest: false, seed: 5, usualSeed: 5)
        #expect(sentence { _ = try older.parts() }.contains("there is no part of an evaluation"))
        #expect(older.path(of: others).hasSuffix("/evaluation-step-00000007-1-of-3.json"))
    }

    @Test("a part that was ended before its time is not merged, and the sentence names it")
    func cutPart() throws {
        let models = try TinyModels()
        let subject = try models.subject(.basic, samples: 30_000, part: EvaluationPart(1, of: 1))
        let session = try stopped(subject, in: "parzen", after: 8)
        let cut = EvaluationPartFile(
            EvaluationReport(session, head: TinyModels.head(subject)), part: try #require(subject.options.part), samples: 30_000,
            protocols: session.applicable)
        #expect(sentence { _ = try EvaluationPartFile.merged([cut]) }.contains("part 1 of 1 was ended before it had all of parzen"))
    }

    @Test("parts are written I/N, from 1")
    func partNames() {
        #expect(EvaluationPart(parsing: "2/4") == EvaluationPart(2, of: 4))
        for text in ["", "2", "0/4", "5/4", "2/4/1", "a/b", "1/0", "-1/4", "1/99999999999999999999", "1/10001"] {
            #expect(EvaluationPart(parsing: text) == nil, "\(text)")
        }
    }
}
