/// One phase's report on one shard: sums over its rows, which must be totalled in the order of the shards.
public struct ShardReport: Sendable, Equatable {
    public var shard: Int
    /// Index of the phase in the step.
    public var phase: Int
    public var rows: Int
    /// In the order of the phase's `figures`.
    public var figures: [Double]

    public init(shard: Int, phase: Int, rows: Int, figures: [Double]) {
        self.shard = shard
        self.phase = phase
        self.rows = rows
        self.figures = figures
    }
}

/// One step's reports, in any order of arrival; a phase that was run again replaces its former reports.
///
/// For many steps, keep one value and call `begin` for each, so that the composition is looked up only once.
public struct StepTotals: Sendable {
    private let phases: [(name: String, stream: Stream, figures: [Figure])]
    private let settings: TrainingSettings
    private var step: UInt64
    private var reports: [[ShardReport?]]

    /// Empty totals of a step, counted from 0, with these settings.
    public init(_ settings: TrainingSettings, step: UInt64) {
        self.settings = settings
        self.step = step
        phases = settings.composition.phases.map { ($0.name, $0.stream, $0.figures) }
        reports = Array(repeating: Array(repeating: nil, count: settings.shards), count: phases.count)
    }

    /// Empties it for another step, counted from 0, of the same settings.
    public mutating func begin(step: UInt64) {
        self.step = step
        for phase in reports.indices { for shard in reports[phase].indices { reports[phase][shard] = nil } }
    }

    public mutating func add(_ report: ShardReport) {
        reports[report.phase][report.shard] = report
    }

    /// Whether every shard has reported every phase.
    public var isComplete: Bool { reports.allSatisfy { $0.allSatisfy { $0 != nil } } }

    /// The step's figures, the shards' sums added in order of shard.
    public var figures: StepFigures {
        func total(_ phase: Int, _ figure: Figure) -> Double {
            guard let place = phases[phase].figures.firstIndex(of: figure) else { return 0 }
            return reports[phase].reduce(0) { sum, report in
                sum + (report.flatMap { place < $0.figures.count ? $0.figures[place] : nil } ?? 0)
            }
        }
        func rows(_ phase: Int) -> Double { Double(settings.minibatchSize(of: phases[phase].stream, ofStep: step)) }
        func mean(_ figure: Figure) -> Double? {
            phases.indices.first { phases[$0].figures.contains(figure) }.map { total($0, figure) / rows($0) }
        }
        let losses = phases.indices.map { phase in
            Loss(
                name: phases[phase].name,
                terms: phases[phase].figures.compactMap { figure in
                    guard case .loss(let name) = figure else { return nil }
                    return Loss(name: name, value: total(phase, figure) / rows(phase))
                })
        }
        var code: CodeFigures?
        if let sum = mean(.codeSum), let squares = mean(.codeSquares), let values = mean(.codeValues), values > 0 {
            let mean = sum / values
            code = CodeFigures(mean: mean, std: max(0, squares / values - mean * mean).squareRoot())
        }
        return StepFigures(losses: losses, pixelError: mean(.pixelError), code: code, error: mean(.errors))
    }
}
