import Autoencoder
import Evaluation
import Foundation
import Kernels
import Runs
import Testing

/// deploy/metrics.md lists what `metrics.jsonl` may hold, and nothing else.
@Suite struct MetricsListTests {
    /// With every figure that a step of any variant has.
    private static var step: StepMetrics {
        let terms = ["TERM", "other"].map { Loss(name: $0, value: 1) }
        return StepMetrics(
            step: 1, epoch: 1, seconds: 1, losses: [Loss(name: "PHASE", value: 2, terms: terms)],
            rates: [PhaseRate(phase: "PHASE", value: 1)], pixelError: 1, code: CodeFigures(mean: 1, std: 1), error: 1,
            samplesPerSecond: 1, wireSent: 1, wireRaw: 1, wireEarly: 1, compute: 1, pack: 1, wait: 1, update: 1, images: 1,
            clamped: 1, repeats: 1, workers: 1, view: 1, chain: 1)
    }

    private static var epoch: EpochMetrics {
        var epoch = EpochMetrics(
            epoch: 1, reconstruction: 1, code: CodeFigures(mean: 1, std: 1), holes: 1, holesZero: 1, energyDistance: 1,
            energyZero: 1)
        epoch.samples = CodeFigures(mean: 1, std: 1)
        epoch.sampleMatch = SampleMatch(explained: 1, byImages: 1, byNoise: 1)
        epoch.classificationError = 1
        epoch.clustering = EpochMetrics.Clustering(majority: 1, empty: 1, entropy: 1)
        epoch.nearestComponent = NearestComponent(error: 1, floor: 1)
        epoch.lowerBound = LowerBound(reconstruction: 1, entropy: 1, crossEntropy: 1, cost: .crossEntropy)
        return epoch
    }

    @Test("every key of a step's and an epoch's line is listed, and every key that is listed can be written")
    func keys() throws {
        // A new figure that is missing here would be nil or empty.
        for child in Array(Mirror(reflecting: Self.step).children) + Array(Mirror(reflecting: Self.epoch).children) {
            let text = "\(child.value)"
            #expect(text != "nil" && text != "0" && text != "0.0" && text != "[]", "\(child.label ?? "") is not set in this test")
        }
        let step = Set(Self.paths(Self.step.json)).filter { $0 != "terms.PHASE.other" }
        let listed = try Set(Self.firstCells(of: "## Steps", header: "| key |"))
        #expect(step.subtracting(listed).isEmpty && listed.subtracting(step).isEmpty, "\(step.symmetricDifference(listed))")
        let epoch = Set(Self.paths(Self.epoch.json))
        let listedOfEpochs = try Set(Self.firstCells(of: "## Epochs", header: "| key |"))
        #expect(epoch == listedOfEpochs, "\(epoch.symmetricDifference(listedOfEpochs))")
    }

    @Test("every phase of every recipe is listed, and so is each term of its loss")
    func names() throws {
        let rows = try Self.rows(of: "## Steps", header: "| phase |")
        for recipe in Recipes.all {
            let training = try recipe.configuration().training(pixels: 784, trainingImages: 50_000)
            for (phase, terms) in zip(training.phaseNames, StepTotals(training, step: 0).figures.losses.map(\.terms)) {
                let row = rows.first { Self.quoted($0[0]).contains(phase) } ?? []
                let missing = terms.map(\.name).filter { name in row.count < 2 || !Self.quoted(row[1]).contains(name) }
                #expect(missing.isEmpty, "\(recipe.name), \(phase): \(missing)")
            }
        }
    }

    /// Paths to every value that is no object.
    private static func paths(_ value: JSON, _ prefix: String = "") -> [String] {
        (value.members ?? []).flatMap { member in
            member.value.members == nil ? [prefix + member.key] : paths(member.value, prefix + member.key + ".")
        }
    }

    private static func firstCells(of section: String, header: String) throws -> [String] {
        try rows(of: section, header: header).flatMap { quoted($0[0]) }
    }

    /// What stands between backquotes.
    private static func quoted(_ cell: String) -> [String] {
        cell.components(separatedBy: "`").enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
    }

    /// The cells of a section's table that begins with `header`.
    private static func rows(of section: String, header: String) throws -> [[String]] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let text = try String(contentsOf: root.appending(path: "deploy/metrics.md"), encoding: .utf8)
        let lines = text.components(separatedBy: "\n").drop { $0 != section }.dropFirst().prefix { !$0.hasPrefix("## ") }
        let table = lines.drop { !$0.hasPrefix(header) }.prefix { $0.hasPrefix("|") }.dropFirst(2)
        #expect(!table.isEmpty, "\(section) has no table of that header")
        return table.map { $0.dropFirst(2).components(separatedBy: " | ") }
    }
}
