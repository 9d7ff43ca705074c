import Evaluation

/// One way to judge a trained model, as the paper or the literature has it. Each has its place in a file under `Figures`, and a row in
/// `EvaluationProtocols.all`.
public protocol EvaluationProtocol: Sendable {
    /// What `--only` calls it.
    var name: String { get }
    /// Every value that it may write, as paths: "codes.holes".
    var keys: [String] { get }
    /// Whether the parts of a shared evaluation divide this work among them; otherwise one part does all of it.
    var isDivided: Bool { get }
    /// Why it says nothing of this model on these images; nil where it does.
    func lack(of subject: EvaluationSubject) -> EvaluationLack?
    /// About how many multiplications it takes, for an estimate of the time.
    func work(on subject: EvaluationSubject) -> Double
    /// - Parameters:
    ///   - subject: for which it lacks nothing.
    ///   - pace: called before each piece of the work, a fraction of a second; what it throws ends the work.
    /// - Throws: what `pace` throws, where nothing can be said yet; errors of data.
    func compute(_ subject: EvaluationSubject, pace: @escaping WorkPace) throws -> EvaluationResult
}

extension EvaluationProtocol {
    public var isDivided: Bool { false }
}

/// Why a protocol says nothing.
public enum EvaluationLack: Sendable, Hashable {
    /// It does not fit this model; what follows "this model".
    case model(String)
    /// It does not fit these images; a sentence without its end.
    case images(String)

    /// As what follows a protocol's name.
    public var words: String {
        switch self {
        case .model(let why): "this model \(why)"
        case .images(let why): why
        }
    }
}

/// What a protocol found.
public struct EvaluationResult: Sendable, Equatable {
    /// The protocol's.
    public let name: String
    /// For evaluation.json.
    public var members: [JSON.Member]
    /// For a person.
    public var rows: [EvaluationRow]
    public var warnings: [String]
    /// Whether it was ended before its time, and is of fewer samples than were asked for.
    public var isCut = false
    /// One part's share. It gives no figure before the shares of the others are there; members and rows are empty.
    public var share: ParzenShare?

    public init(
        _ name: String, members: [JSON.Member] = [], rows: [EvaluationRow] = [], warnings: [String] = []
    ) {
        self.name = name
        self.members = members
        self.rows = rows
        self.warnings = warnings
    }
}

/// A figure for a person.
public struct EvaluationRow: Sendable, Equatable {
    public let figure: String
    public let value: String
    /// The value to compare with: where nothing is learnt, or where all is well.
    public let beside: String

    public init(_ figure: String, _ value: String, beside: String = "") {
        self.figure = figure
        self.value = value
        self.beside = beside
    }
}

/// Thrown where somebody has asked for the end.
public struct EvaluationStopped: Error, Sendable, Equatable {
    public init() {}
}
