import Evaluation

/// One way to judge a trained model, as the paper or the literature has it: a file each beside this one, and a row in
/// `EvaluationProtocols.all`.
public protocol EvaluationProtocol: Sendable {
    /// What `--only` calls it.
    var name: String { get }
    /// Every value that it may write, as paths: "codes.holes".
    var keys: [String] { get }
    /// Whether each part of an evaluation that is shared does its share of it; otherwise one part does it all.
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
    /// It is of other models; what follows "this model".
    case model(String)
    /// Of other images; a sentence without its end.
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
    /// One part's share, of which nothing can be said before the others' are there; members and rows are empty.
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
    /// What it is where nothing is learnt, or where all is well.
    public let beside: String

    public init(_ figure: String, _ value: String, beside: String = "") {
        self.figure = figure
        self.value = value
        self.beside = beside
    }
}

/// What is thrown where somebody asked for the end.
public struct EvaluationStopped: Error, Sendable, Equatable {
    public init() {}
}
