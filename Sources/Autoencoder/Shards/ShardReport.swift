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
public struct StepLedger: Sendable {
    private let code: Int
    private let figures: [[Figure]]
    private var reports: [[ShardReport?]]

    /// An empty one of a step with these settings.
    public init(_ settings: TrainingSettings) {
        code = settings.model.code
        figures = settings.composition.phases.map(\.figures)
        reports = Array(repeating: Array(repeating: nil, count: settings.shards), count: figures.count)
    }

    public mutating func add(_ report: ShardReport) {
        reports[report.phase][report.shard] = report
    }

    /// Whether every shard has reported every phase.
    public var isComplete: Bool { reports.allSatisfy { $0.allSatisfy { $0 != nil } } }

    /// The step's figures, the shards' sums added in order of shard.
    ///
    /// - Parameter minibatch: B of this step.
    public func figures(minibatch: Int) -> StepFigures {
        let rows = Double(minibatch)
        func total(_ phase: Int, _ figure: Figure) -> Double {
            guard let place = figures[phase].firstIndex(of: figure) else { return 0 }
            return reports[phase].reduce(0) { sum, report in
                sum + (report.flatMap { place < $0.figures.count ? $0.figures[place] : nil } ?? 0)
            }
        }
        func all(_ figure: Figure) -> Double { figures.indices.reduce(0) { $0 + total($1, figure) } }
        let mean = all(.codeSum) / (rows * Double(code))
        let square = all(.codeSquares) / (rows * Double(code))
        return StepFigures(
            losses: reports.indices.map { total($0, .loss) / rows },
            pixelError: all(.pixelError) / rows,
            codeMean: mean,
            codeStd: max(0, square - mean * mean).squareRoot())
    }
}

/// What is printed of a step.
public struct StepFigures: Sendable, Equatable {
    /// A phase each, mean over the minibatch.
    public var losses: [Double]
    /// Squared error of an image, summed over its pixels; mean over the minibatch.
    public var pixelError: Double
    /// Mean and standard deviation of the codes' values.
    public var codeMean: Double
    public var codeStd: Double

    public init(losses: [Double], pixelError: Double, codeMean: Double, codeStd: Double) {
        self.losses = losses
        self.pixelError = pixelError
        self.codeMean = codeMean
        self.codeStd = codeStd
    }
}
