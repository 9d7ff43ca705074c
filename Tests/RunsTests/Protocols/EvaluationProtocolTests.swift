import Autoencoder
import Datasets
import Foundation
import Runs
import TestSupport
import Testing

/// Which protocols a variant has, and that they find something which is written by the names that are documented.
@Suite struct EvaluationProtocolTests {
    private static let encoding = ["reconstruction", "codes", "probe", "knn", "manifold", "memorised", "parzen", "calibration"]
    private static let density = ["importance", "quadrature"]

    struct Case: Sendable, CustomTestStringConvertible {
        let variant: Variant
        let names: [String]
        var sets: [String] = []
        var testDescription: String { "\(variant) \(sets)" }
    }

    private static let cases = [
        Case(variant: .basic, names: encoding + density),
        Case(variant: .basic, names: encoding, sets: ["prior={kind: swiss-roll}"]),
        Case(variant: .basic, names: encoding + ["importance"], sets: ["model.code=3"]),
        Case(variant: .vae, names: encoding + density + ["elbo", "iwae"]),
        Case(variant: .gan, names: ["samples", "memorised", "parzen", "calibration", "quadrature"]),
        Case(
            variant: .labelInformed, names: encoding + density + ["nearest_component", "style", "conditional_samples"]),
        Case(variant: .supervised, names: encoding + density + ["style", "conditional_samples"]),
        Case(variant: .semiSupervised, names: encoding + density + ["classification", "style", "conditional_samples"]),
        Case(variant: .clustering, names: encoding + density + ["clustering", "style"]),
        Case(variant: .reduction, names: encoding + density + ["clustering", "reduction", "style"]),
    ]

    @Test("a variant has the protocols that mean something of it", arguments: cases)
    func applies(_ one: Case) throws {
        let models = try TinyModels()
        let session = EvaluationSession(
            try models.subject(one.variant, sets: one.sets), protocols: EvaluationProtocols.all)
        #expect(Set(session.applicable) == Set(one.names))
        #expect(session.applicable == EvaluationProtocols.names.filter(one.names.contains))
        #expect(session.lacking.map(\.name) == EvaluationProtocols.names.filter { !one.names.contains($0) })
    }

    @Test("without labels what needs them says so, and clusters are still counted")
    func unlabelled() throws {
        let models = try TinyModels(labelled: false)
        let subject = try models.subject(.clustering, only: ["clustering"])
        let report = try TinyModels.report(subject)
        let written = report.json()["clustering"]
        #expect(written?["empty"]?.intValue != nil && written?["entropy"]?.doubleValue != nil && written?["paper"] == nil)
        #expect(report.warnings.contains { $0.contains("the images have no labels") })
        let session = EvaluationSession(try models.subject(.basic), protocols: EvaluationProtocols.all)
        #expect(session.applicable == EvaluationProtocols.names.filter { (Self.all(but: ["probe", "knn"])).contains($0) })
        let lacks = EvaluationReport(session, head: TinyModels.head(session.subject)).notes
        #expect(lacks.count == 2 && lacks.allSatisfy { $0.contains("the test images have no labels") }, "\(lacks)")
    }

    private static func all(but left: [String]) -> [String] { (encoding + density).filter { !left.contains($0) } }

    @Test("deploy/evaluation.md lists every key that can be written, and nothing else")
    func documented() throws {
        let keys = Set(EvaluationHead.keys + ["missing"] + EvaluationProtocols.all.flatMap(\.keys))
        let listed = try Self.firstCells("deploy/evaluation.md")
        #expect(Set(listed) == keys, "\(Set(listed).symmetricDifference(keys).sorted())")
        let names = try Self.firstCells("deploy/evaluation.md", header: "| figure |")
        #expect(Set(names) == Set(EvaluationProtocols.names))
    }

    private static func lines(of document: String) throws -> [String] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try String(contentsOf: root.appending(path: document), encoding: .utf8).components(separatedBy: "\n")
    }

    /// What stands between backquotes in the first cells of the tables with this header.
    private static func firstCells(_ document: String, header: String = "| key |") throws -> [String] {
        let lines = try Self.lines(of: document)
        var (cells, isTable): ([String], Bool) = ([], false)
        for line in lines {
            if line.hasPrefix(header) { isTable = true }
            if !line.hasPrefix("|") { isTable = false }
            guard isTable, !line.hasPrefix(header), !line.hasPrefix("|---") else { continue }
            let cell = line.dropFirst(2).components(separatedBy: " | ")[0]
            cells += cell.components(separatedBy: "`").enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
        }
        #expect(!cells.isEmpty, "\(document) has no table that begins with \(header)")
        return cells
    }

    @Test(
        "what a variant's protocols write is a number, by the names that they give, and the table has a line of each",
        arguments: [Variant.basic, .vae, .gan, .labelInformed, .supervised, .semiSupervised, .clustering, .reduction])
    func written(variant: Variant) throws {
        let models = try TinyModels()
        // A grid of codes for each class takes a while; that of the basic variant shows what it writes.
        let only = variant == .basic ? nil : EvaluationProtocols.names.filter { $0 != "quadrature" }
        let subject = try models.subject(variant, only: only)
        let report = try TinyModels.report(subject)
        for one in EvaluationProtocols.all {
            guard let result = report.results.first(where: { $0.name == one.name }) else { continue }
            let paths = leaves(.object(result.members))
            #expect(!paths.isEmpty && !result.rows.isEmpty || one.name == "style", "\(one.name) found nothing")
            #expect(Set(paths).isSubset(of: one.keys), "\(one.name): \(paths)")
            for path in paths where !path.hasSuffix(".cost") {
                let value = try #require(Self.value(path, .object(result.members)), "\(path)")
                #expect(value.doubleValue?.isFinite ?? (value.arrayValue?.isEmpty == false), "\(path): \(value)")
            }
        }
        #expect(report.missing.isEmpty && report.isWhole)
        let text = report.text
        #expect(text.hasPrefix("mine, step 40, on test images of idx, seed 5\n"), "\(text)")
        #expect(text.split(separator: "\n").count == 2 + report.results.flatMap(\.rows).count)
    }

    private static func value(_ path: String, _ json: JSON) -> JSON? {
        path.split(separator: ".").reduce(json as JSON?) { $0?[String($1)] }
    }

    @Test("importance sampling has the width of the Parzen window, whether that was asked for or not")
    func sameWidth() throws {
        let models = try TinyModels()
        let both = try TinyModels.report(models.subject(.basic, only: ["parzen", "importance"])).json()
        let alone = try TinyModels.report(models.subject(.basic, only: ["importance"])).json()
        #expect(both["importance"] == alone["importance"] && both["importance"] != nil)
        #expect(both["importance"]?["sigma"] == both["parzen"]?["sigma"])
    }

    @Test("of validation images those that choose a width are not those that are judged")
    func validation() throws {
        let models = try TinyModels()
        let report = try TinyModels.report(models.subject(.basic, split: .validation, only: ["parzen"])).json()
        // A sixth of 240 images is for validation; where these are few, half of them chooses the width.
        #expect(report["parzen"]?["first"]?["images"]?.intValue == 20)
    }

    @Test(
        "beside the style stands what a decoder has that ignores the label, and where to look",
        arguments: [
            (Variant.supervised, true), (.clustering, false),
        ])
    func styleBeside(variant: Variant, hasSamples: Bool) throws {
        let models = try TinyModels()
        let report = try TinyModels.report(models.subject(variant, only: ["style"]))
        let row = report.results.flatMap(\.rows).first { $0.figure == "style" }
        // Images of an untrained model may have no slant, which is reported instead.
        guard let row else {
            #expect(report.warnings.contains { $0.hasPrefix("there is no style to compare") })
            return
        }
        #expect(row.beside.hasPrefix("unrelated: 0; one style in all, or a label that changes nothing: 1"))
        #expect(row.beside.contains("conditional_samples") == hasSamples)
    }

    @Test("deploy/evaluation.md lists every data set")
    func dataSets() throws {
        let row = try Self.lines(of: "deploy/evaluation.md").first { $0.hasPrefix("| `data` |") }
        let listed = try #require(row).components(separatedBy: ": ").last?.filter { $0 != "|" && $0 != " " }.components(
            separatedBy: ",")
        #expect(listed == DataSettings.sets)
    }

    @Test("names of figures are those of the list, and a slip is told the nearest")
    func names() throws {
        #expect(try EvaluationProtocols.named(["knn", "codes"]).map(\.name) == ["codes", "knn"])
        #expect(sentence { _ = try EvaluationProtocols.named(["parsen"]) }.contains("did you mean parzen?"))
        #expect(sentence { _ = try EvaluationProtocols.named(["zzzzzz"]) }.contains("there are reconstruction, samples, codes"))
        #expect(Set(EvaluationProtocols.names).count == EvaluationProtocols.all.count)
        let keys = EvaluationProtocols.all.flatMap(\.keys)
        #expect(Set(keys).count == keys.count && Set(keys).isDisjoint(with: EvaluationHead.keys))
    }
}
