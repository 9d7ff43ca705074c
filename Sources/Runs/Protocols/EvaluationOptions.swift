import Datasets

/// What somebody asks of an evaluation.
public struct EvaluationOptions: Sendable, Equatable {
    /// Samples of a Parzen window, unless somebody says otherwise (table 1 of the paper).
    public static let usualSamples = 10_000
    /// The paper's larger number.
    public static let mostSamples = 10_000_000

    /// Images that are judged; what is chosen is chosen on validation images in any case.
    public var split: DataSet.Split
    /// Samples of the Parzen window.
    public var samples: Int
    /// Of all that is drawn.
    public var seed: UInt64
    /// Names of protocols; nil: all.
    public var only: [String]?
    /// Nil: the whole.
    public var part: EvaluationPart?

    public init(
        split: DataSet.Split = .test, samples: Int = usualSamples, seed: UInt64, only: [String]? = nil,
        part: EvaluationPart? = nil
    ) {
        self.split = split
        self.samples = samples
        self.seed = seed
        self.only = only
        self.part = part
    }
}

/// A share of an evaluation that several hosts do together.
public struct EvaluationPart: Sendable, Hashable {
    /// From 1.
    public let number: Int
    public let of: Int

    /// Most parts: more hosts than blocks of samples would have nothing to do.
    public static let most = 10_000

    /// Nil where there is no such part.
    public init?(_ number: Int, of parts: Int) {
        guard (1...Self.most).contains(parts), (1...parts).contains(number) else { return nil }
        self.number = number
        self.of = parts
    }

    /// Reads I/N; nil where it is none.
    public init?(parsing text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let number = Int(parts[0]), let count = Int(parts[1]) else { return nil }
        self.init(number, of: count)
    }
}
