import Autoencoder
import Datasets
import Foundation
import Runs
import TestSupport
import Testing

/// What becomes of an evaluation's file, and of what stood there.
@Suite struct EvaluationFileTests {
    // Its folder goes with it.
    private let models: TinyModels

    init() throws { models = try TinyModels() }

    private static let weights = ["ab", "cd", "ef"].map { String(repeating: $0, count: 32) }

    private func head(
        step: UInt64 = 40, weights: Int = 0, split: DataSet.Split = .test, seed: UInt64 = 5, run: String = "mine"
    ) -> EvaluationHead {
        EvaluationHead(
            recipe: "basic", run: run, data: "idx", step: step, checkpoint: Self.weights[weights], split: split, seed: seed)
    }

    private func parzen(_ samples: Int, nats: Double = 100, sigma: Double = 0.2, isCut: Bool = false) -> EvaluationResult {
        var result = EvaluationResult(
            "parzen",
            members: [
                .init(
                    "parzen",
                    [
                        "samples": JSON(samples), "sigma": .real(sigma), "nats": .real(nats), "error": .real(2),
                        "first": ["images": JSON(1_000), "nats": .real(nats), "error": .real(2)],
                    ])
            ])
        result.isCut = isCut
        return result
    }

    private func importance(_ nats: Double, images: Int = 1_000, sigma: Double = 0.2) -> EvaluationResult {
        EvaluationResult(
            "importance",
            members: [
                .init(
                    "importance",
                    ["nats": .real(nats), "error": .real(3), "images": JSON(images), "sigma": .real(sigma)])
            ])
    }

    private func probe(_ error: Double) -> EvaluationResult {
        EvaluationResult("probe", members: [.init("probe", ["error": .real(error)])])
    }

    private func knn(_ error: Double) -> EvaluationResult {
        EvaluationResult("knn", members: [.init("knn", ["error": .real(error)])])
    }

    private func file(_ folder: RunFolder, step: UInt64 = 40, isNewest: Bool = true) -> EvaluationFile {
        EvaluationFile(folder, step: step, isNewest: isNewest, seed: 5, usualSeed: 5)
    }

    private func read(_ folder: RunFolder, _ name: String) throws -> JSON {
        try JSON(parsing: Scratch.bytes("\(folder.path)/\(name)"))
    }

    private func error(_ name: String, _ json: JSON) -> Double? { json[name]?["error"]?.doubleValue }

    @Test("a file's name says what is not as usual: an older step, other images, another seed, a part")
    func names() throws {
        let folder = try models.folder()
        let part = try #require(EvaluationPart(1, of: 4))
        for (isNewest, split, seed, name) in [
            (true, .test, 5, "evaluation"), (true, .validation, 5, "evaluation-validation"), (true, .test, 3, "evaluation-seed-3"),
            (true, .validation, 3, "evaluation-validation-seed-3"), (false, .test, 5, "evaluation-step-00000500"),
            (false, .validation, 3, "evaluation-step-00000500-validation-seed-3"),
        ] as [(Bool, DataSet.Split, UInt64, String)] {
            let file = EvaluationFile(folder, step: 500, isNewest: isNewest, split: split, seed: seed, usualSeed: 5)
            #expect(file.path == "\(folder.path)/\(name).json")
            #expect(file.path(of: part) == "\(folder.path)/\(name)-1-of-4.json")
            // Parts with other names do not belong to this file.
            try Data().write(to: URL(fileURLWithPath: file.path(of: part)))
        }
        for seed: UInt64 in [5, 3] {
            let told = sentence {
                _ = try EvaluationFile(folder, step: 500, isNewest: true, seed: seed, usualSeed: 5).parts()
            }
            #expect(told.contains("parts of the evaluation are missing") && told.contains("2/4"), "\(told)")
        }
    }

    @Test("figures join those of the same weights, images and seed, whatever the folder is called by now")
    func joins() throws {
        let folder = try models.folder()
        #expect(try file(folder).write(EvaluationReport(head: head(), results: [probe(0.5), parzen(2_000)])).isEmpty)
        let notes = try file(folder).write(EvaluationReport(head: head(run: "renamed"), results: [probe(0.25), knn(0.125)]))
        let found = try read(folder, "evaluation.json")
        #expect(notes.isEmpty && error("probe", found) == 0.25 && error("knn", found) == 0.125)
        #expect(found["parzen"]?["samples"]?.intValue == 2_000 && found["run"]?.stringValue == "renamed")
        #expect(found.members?.prefix(7).map(\.key) == EvaluationHead.keys)
    }

    @Test("parts that are merged join what stood in the file")
    func merge() throws {
        let folder = try models.folder()
        _ = try file(folder).write(EvaluationReport(head: head(), results: [probe(0.5), parzen(2_000)]))
        let part = EvaluationPartFile(
            EvaluationReport(head: head(), results: [knn(0.125)]), part: try #require(EvaluationPart(1, of: 1)), samples: 1_000,
            protocols: ["knn"])
        try file(folder).write(part)
        #expect(try file(folder).write(EvaluationPartFile.merged(file(folder).parts())).isEmpty)
        let found = try read(folder, "evaluation.json")
        #expect(error("probe", found) == 0.5 && error("knn", found) == 0.125 && found["parzen"]?["samples"]?.intValue == 2_000)
    }

    @Test("where training went on the older figures have the name of their own step, or join those of the same weights there")
    func older() throws {
        let folder = try models.folder()
        _ = try file(folder).write(EvaluationReport(head: head(), results: [probe(0.5), parzen(9_000)]))
        let notes = try file(folder, step: 80).write(
            EvaluationReport(head: head(step: 80, weights: 1), results: [probe(0.25)]))
        #expect(notes.count == 1 && notes[0].hasSuffix("and is now \(folder.path)/evaluation-step-00000040.json"), "\(notes)")
        let moved = try read(folder, "evaluation-step-00000040.json")
        #expect(error("probe", moved) == 0.5 && moved["parzen"]?["samples"]?.intValue == 9_000)
        let newer = try read(folder, "evaluation.json")
        #expect(error("probe", newer) == 0.25 && newer["parzen"] == nil)
        // The name of step 80 is there already, of the same weights.
        _ = try file(folder, step: 80, isNewest: false).write(
            EvaluationReport(head: head(step: 80, weights: 1), results: [knn(0.125), parzen(5_000), probe(0.75)]))
        let joined = try file(folder, step: 99).write(
            EvaluationReport(head: head(step: 99, weights: 2), results: [probe(0.0625)]))
        #expect(joined.count == 1 && joined[0].hasSuffix("and has joined \(folder.path)/evaluation-step-00000080.json"))
        let both = try read(folder, "evaluation-step-00000080.json")
        #expect(error("probe", both) == 0.25 && error("knn", both) == 0.125 && both["parzen"]?["samples"]?.intValue == 5_000)
    }

    @Test("what stood there of other weights of the same step, or is no evaluation, gets a free name")
    func taken() throws {
        let folder = try models.folder()
        for weights in [0, 1, 2] {
            let file = self.file(folder, isNewest: false)
            let notes = try file.write(EvaluationReport(head: head(weights: weights), results: [probe(Double(weights))]))
            #expect(notes.count == (weights == 0 ? 0 : 1))
        }
        for (name, value) in [("", 2.0), ("-older-1", 0), ("-older-2", 1)] {
            #expect(try error("probe", read(folder, "evaluation-step-00000040\(name).json")) == value, "\(name)")
        }
        try Data("not JSON".utf8).write(to: URL(fileURLWithPath: folder.path + "/evaluation.json"))
        let notes = try file(folder).write(EvaluationReport(head: head(), results: [probe(0.5)]))
        #expect(notes.count == 1 && notes[0].contains("was no evaluation, and is now "), "\(notes)")
        #expect(try Scratch.bytes(folder.path + "/evaluation-older-1.json") == Array("not JSON".utf8))
        #expect(try error("probe", read(folder, "evaluation.json")) == 0.5)
    }

    @Test("a Parzen figure gives way to one of as many samples or more, ended early or not", arguments: [true, false])
    func fewer(isCut: Bool) throws {
        let folder = try models.folder()
        func write(_ samples: Int, _ nats: Double) throws -> (notes: [String], nats: Double?) {
            let notes = try file(folder).write(
                EvaluationReport(head: head(), results: [parzen(samples, nats: nats, isCut: isCut), probe(nats)]))
            let found = try read(folder, "evaluation.json")
            #expect(error("probe", found) == nats)
            return (notes, found["parzen"]?["nats"]?.doubleValue)
        }
        #expect(try write(20_000, 1).nats == 1)
        let fewer = try write(19_000, 2)
        #expect(fewer.nats == 1 && fewer.notes.count == 1)
        #expect(
            fewer.notes.first?.contains("Parzen: the file keeps its figure of 20,000 samples, and this one is of 19,000") == true,
            "\(fewer.notes)")
        let equal = try write(20_000, 3)
        let more = try write(21_000, 4)
        #expect(equal.nats == 3 && more.nats == 4 && equal.notes.isEmpty && more.notes.isEmpty)
    }

    @Test("what an early end left out is missing where the file has not got it either")
    func missing() throws {
        let folder = try models.folder()
        _ = try file(folder).write(EvaluationReport(head: head(), results: [probe(0.5)], missing: ["knn"]))
        #expect(try read(folder, "evaluation.json")["missing"]?.arrayValue?.compactMap(\.stringValue) == ["knn"])
        _ = try file(folder).write(EvaluationReport(head: head(), results: [knn(0.5)], missing: ["importance", "probe"]))
        let found = try read(folder, "evaluation.json")
        #expect(found["missing"]?.arrayValue?.compactMap(\.stringValue) == ["importance"] && error("probe", found) == 0.5)
    }

    @Test("of a Parzen figure that is replaced no grid stays, and its calibration does")
    func grids() throws {
        let folder = try models.folder()
        let older: JSON = [
            "samples": JSON(1_000), "grid": ["coarse": ["sigma": .real(0.1)]], "calibration": ["centres": ["nats": .real(7)]],
        ]
        _ = try file(folder).write(
            EvaluationReport(head: head(), results: [EvaluationResult("parzen", members: [.init("parzen", older)])]))
        _ = try file(folder).write(EvaluationReport(head: head(), results: [parzen(200_000)]))
        let found = try read(folder, "evaluation.json")["parzen"]
        #expect(found?["grid"] == nil && found?["calibration"]?["centres"]?["nats"]?.doubleValue == 7)
    }

    @Test("importance sampling below the Parzen figure of the same images and width is told, whichever was found later")
    func loose() throws {
        let words = "importance sampling comes to less than the Parzen figure"
        func told(_ results: [EvaluationResult]) -> Bool {
            EvaluationReport(head: head(), results: results).warnings.contains { $0.hasPrefix(words) }
        }
        #expect(told([parzen(9_000), importance(94)]))
        // Within both errors, above, of other images, of another width, alone.
        #expect(!told([parzen(9_000), importance(96)]) && !told([parzen(9_000), importance(120)]))
        #expect(!told([parzen(9_000), importance(94, images: 900)]) && !told([parzen(9_000), importance(94, sigma: 0.3)]))
        #expect(!told([parzen(9_000)]) && !told([importance(94)]))
        let folder = try models.folder()
        for results in [[parzen(9_000), importance(94)], [importance(94), parzen(9_000)]] {
            try? FileManager.default.removeItem(atPath: folder.path + "/evaluation.json")
            let first = try file(folder).write(EvaluationReport(head: head(), results: [results[0]]))
            let second = try file(folder).write(EvaluationReport(head: head(), results: [results[1]]))
            #expect(first.isEmpty && second.count == 1 && second.first?.hasPrefix(words) == true, "\(second)")
            // Writing another figure does not report it again.
            #expect(try file(folder).write(EvaluationReport(head: head(), results: [probe(0.5)])).isEmpty)
        }
    }
}
