/// What one phase tells of one shard: sums over its rows, to be added in order of shard by whoever totals them.
public struct ShardReport: Sendable, Equatable {
    public var shard: Int
    /// Index of the phase in the step.
    public var phase: Int
    public var rows: Int
    /// The phase's loss.
    public var loss: Double
    /// Squared error over all pixels; reconstruction phase only, else 0.
    public var pixelError: Double
    /// Sum of all values of the codes; reconstruction phase only, else 0.
    public var codeSum: Double
    /// Sum of their squares; reconstruction phase only, else 0.
    public var codeSumOfSquares: Double

    public init(
        shard: Int, phase: Int, rows: Int, loss: Double = 0, pixelError: Double = 0, codeSum: Double = 0,
        codeSumOfSquares: Double = 0
    ) {
        self.shard = shard
        self.phase = phase
        self.rows = rows
        self.loss = loss
        self.pixelError = pixelError
        self.codeSum = codeSum
        self.codeSumOfSquares = codeSumOfSquares
    }
}

/// One step's reports, in any order of arrival; a phase that was run again replaces its former reports.
public struct StepLedger: Sendable {
    private let code: Int
    private var reports: [[ShardReport?]]

    /// - Parameters:
    ///   - phases: phases of a step.
    ///   - shards: S.
    ///   - code: dimensions of the code.
    public init(phases: Int, shards: Int, code: Int) {
        self.code = code
        reports = Array(repeating: Array(repeating: nil, count: shards), count: phases)
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
        func total(_ phase: Int, _ value: (ShardReport) -> Double) -> Double {
            reports[phase].reduce(0) { $0 + ($1.map(value) ?? 0) }
        }
        let mean = total(0, \.codeSum) / (rows * Double(code))
        let square = total(0, \.codeSumOfSquares) / (rows * Double(code))
        return StepFigures(
            losses: reports.indices.map { total($0, \.loss) / rows },
            pixelError: total(0, \.pixelError) / rows,
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
