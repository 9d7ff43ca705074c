/// What one phase tells of one shard: sums over its rows, to be added in order of shard by whoever totals them.
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
/// Whoever keeps books of many steps makes one ledger and begins it anew with each: what a step's phases tell is composed once.
public struct StepLedger: Sendable {
    private let phases: [(stream: Stream, figures: [Figure])]
    private let settings: TrainingSettings
    private var step: UInt64
    private var reports: [[ShardReport?]]

    /// An empty one of a step, counted from 0, with these settings.
    public init(_ settings: TrainingSettings, step: UInt64) {
        self.settings = settings
        self.step = step
        phases = settings.composition.phases.map { ($0.stream, $0.figures) }
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
        let terms = phases.indices.map { phase in
            phases[phase].figures.compactMap { figure -> LossTerm? in
                guard case .loss(let name) = figure else { return nil }
                return LossTerm(name: name, value: total(phase, figure) / rows(phase))
            }
        }
        var code: CodeFigures?
        if let sum = mean(.codeSum), let squares = mean(.codeSquares), let values = mean(.codeValues), values > 0 {
            let mean = sum / values
            code = CodeFigures(mean: mean, std: max(0, squares / values - mean * mean).squareRoot())
        }
        return StepFigures(terms: terms, pixelError: mean(.pixelError), code: code, error: mean(.errors))
    }
}

/// One of the terms that a phase's loss is the sum of; mean over the minibatch.
public struct LossTerm: Sendable, Hashable {
    public var name: String
    public var value: Double

    public init(name: String, value: Double) {
        self.name = name
        self.value = value
    }
}

/// Mean and standard deviation of the values of a minibatch's codes.
public struct CodeFigures: Sendable, Equatable {
    public var mean: Double
    public var std: Double

    public init(mean: Double, std: Double) {
        self.mean = mean
        self.std = std
    }
}

/// What is printed of a step.
public struct StepFigures: Sendable, Equatable {
    /// Of each phase, the terms of its loss.
    public var terms: [[LossTerm]]
    /// Squared error of an image, summed over its pixels; mean over the minibatch. Nil where nothing is reconstructed.
    public var pixelError: Double?
    /// Nil where no image is encoded.
    public var code: CodeFigures?
    /// The share of the labelled minibatch that is given another class; nil where there is none.
    public var error: Double?

    /// A phase each, its terms added.
    public var losses: [Double] { terms.map { $0.reduce(0) { $0 + $1.value } } }

    public init(terms: [[LossTerm]], pixelError: Double?, code: CodeFigures?, error: Double? = nil) {
        self.terms = terms
        self.pixelError = pixelError
        self.code = code
        self.error = error
    }
}
