import Datasets
import Figures

/// Runs beside each other: the settings in which they differ, their held-out figures, what was evaluated, and their losses.
public struct RunComparison: Sendable {
    /// One of them.
    public struct Run: Sendable {
        /// As it was typed.
        public let name: String
        public let path: String
        public let configuration: Configuration
        /// Up to the step that was named; nil where there are none that can be read.
        public let metrics: MetricsReader?
        /// What `evaluate` has found of the same step, by images.
        public let evaluations: [(split: DataSet.Split, figures: [LastFigures.Figure])]

        /// - Parameter step: the last one to look at; nil: all of them.
        public init(_ folder: RunFolder, name: String, step: UInt64? = nil) throws {
            self.name = name
            path = folder.path
            configuration = try folder.configuration().configuration
            let all = try? MetricsReader(path: folder.metricsPath)
            metrics = step.flatMap { step in all?.upTo(step) } ?? all
            evaluations = metrics?.steps.last.map { EvaluationFile.figures(in: folder, step: $0.step) } ?? []
        }

        /// The held-out figures of its newest epoch.
        var last: LastFigures? { metrics?.epochs.last.map { LastFigures($0) } }
        var step: UInt64 { metrics?.steps.last?.step ?? 0 }
    }

    public let runs: [Run]

    public init(_ runs: [Run]) { self.runs = runs }

    /// Two tables for a terminal: key and values of the settings that differ, name and values of the figures.
    public var text: String {
        (settingLines + [""] + figureLines).joined(separator: "\n")
    }

    private var settings: [(key: String, values: [String?])] { Configuration.differences(of: runs.map(\.configuration)) }

    /// Every figure that any of the runs has, in the order in which they are met.
    private var figureNames: [String] {
        var seen: Set<String> = []
        return runs.flatMap { $0.last?.figures.map(\.name) ?? [] }.filter { seen.insert($0).inserted }
    }

    /// Every evaluated figure that any of the runs has: the images, its keys, and each run's value.
    private var evaluated: [(split: DataSet.Split, name: String, values: [Double?])] {
        [DataSet.Split.validation, .test].flatMap { split in
            let found = runs.map { run in run.evaluations.first { $0.split == split }?.figures ?? [] }
            var seen: Set<String> = []
            let names = found.flatMap { $0.map(\.name) }.filter { seen.insert($0).inserted }
            return names.map { name in (split, name, found.map { figures in figures.first { $0.name == name }?.value }) }
        }
    }

    private var settingLines: [String] {
        let settings = settings
        guard !settings.isEmpty else { return ["all settings are the same"] }
        return lines([["setting"] + runs.map(\.name)] + settings.map { [$0.key] + $0.values.map { $0 ?? "-" } }, leading: true)
    }

    private var figureLines: [String] {
        var rows = [["figure"] + runs.map(\.name)]
        rows.append(["step"] + runs.map { "\($0.step)" })
        rows.append(["epoch"] + runs.map { run in run.last.map { "\($0.epoch)" } ?? "-" })
        for name in figureNames { rows.append([HeldOutNames.words(of: name)] + runs.map { Self.text($0.last?[name]) }) }
        rows += evaluated.map { ["\($0.split.rawValue) images: \($0.name)"] + $0.values.map(Self.text) }
        return lines(rows, leading: false)
    }

    private static func text(_ value: Double?) -> String { value.map(LastFigures.short) ?? "-" }

    private func lines(_ rows: [[String]], leading: Bool) -> [String] {
        let columns = Array(1...runs.count)
        return TextTable(rows, leading: leading ? Set([0] + columns) : [0]).lines(width: RunTable.width, shortening: columns)
    }

    /// `{"runs":[{"run","path","step","epoch","validation","evaluation":{"test":{…}}}],"settings":[{"key","values":[…]}]}`;
    /// a value is null where a run has no such key.
    public var json: JSON {
        let settings = settings.map { key, values -> JSON in
            ["key": .string(key), "values": .array(values.map { $0.map { .string($0) } ?? .null })]
        }
        return ["runs": .array(runs.map(Self.json)), "settings": .array(settings)]
    }

    private static func json(_ run: Run) -> JSON {
        var members: [JSON.Member] = [
            .init("run", .string(run.name)), .init("path", .string(run.path)), .init("step", .unsigned(run.step)),
        ]
        if let last = run.last { members += [.init("epoch", JSON(last.epoch)), .init("validation", last.figures.json)] }
        if !run.evaluations.isEmpty {
            let found = run.evaluations.map { JSON.Member($0.split.rawValue, $0.figures.json) }
            members.append(.init("evaluation", .object(found)))
        }
        return .object(members)
    }

    /// The losses that they have in common; at most `Figures.mostCompared` runs.
    public var picture: Raster {
        let curves = runs.compactMap { run in
            run.metrics.map { ComparedCurves(name: run.name, curves: TrainingCurves($0, cost: run.configuration.cost)) }
        }
        return Figures.comparison(curves, title: FigureTitle(run: runs.map(\.name).joined(separator: ", ")))
    }
}
