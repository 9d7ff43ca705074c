import Datasets

/// What an evaluation is of. Two evaluations are comparable, or parts of one, where all of it is the same.
public struct EvaluationHead: Sendable, Equatable {
    /// `name` of the run's settings.
    public let recipe: String
    /// The run folder's own name.
    public let run: String
    /// The data set that was read: glyphs, mnist, svhn, …
    public let data: String
    public let step: UInt64
    /// SHA-256 of the checkpoint's state file.
    public let checkpoint: String
    public let split: DataSet.Split
    public let seed: UInt64

    public init(
        recipe: String, run: String, data: String, step: UInt64, checkpoint: String, split: DataSet.Split, seed: UInt64
    ) {
        self.recipe = recipe
        self.run = run
        self.data = data
        self.step = step
        self.checkpoint = checkpoint
        self.split = split
        self.seed = seed
    }

    public static let keys = ["recipe", "run", "data", "step", "checkpoint", "split", "seed"]

    /// Whether figures of both belong into one file, also where names have changed meanwhile.
    func isOfSame(_ other: EvaluationHead) -> Bool {
        step == other.step && checkpoint == other.checkpoint && data == other.data && split == other.split && seed == other.seed
    }

    var members: [JSON.Member] {
        [
            .init("recipe", .string(recipe)), .init("run", .string(run)), .init("data", .string(data)),
            .init("step", .unsigned(step)), .init("checkpoint", .string(checkpoint)),
            .init("split", .string(split.rawValue)), .init("seed", .unsigned(seed)),
        ]
    }

    /// Nil where something is missing or malformed.
    init?(_ json: JSON) {
        guard let recipe = json["recipe"]?.stringValue, let run = json["run"]?.stringValue,
            let data = json["data"]?.stringValue, let step = json["step"]?.unsignedValue, step <= Plausible.count,
            let checkpoint = json["checkpoint"]?.stringValue,
            let split = json["split"]?.stringValue.flatMap(DataSet.Split.init(rawValue:)),
            let seed = json["seed"]?.unsignedValue
        else { return nil }
        self.init(
            recipe: recipe, run: run, data: data, step: step, checkpoint: checkpoint, split: split, seed: seed)
    }
}

/// What an evaluation found: for a person as a table, for scripts as JSON.
public struct EvaluationReport: Sendable, Equatable {
    public let head: EvaluationHead
    /// In the order of the table.
    public let results: [EvaluationResult]
    /// Names of protocols that were wanted but did not run, since somebody ended the evaluation.
    public let missing: [String]
    /// Figures that cannot be given because of the images, not of the model, and why.
    public let notes: [String]

    public init(head: EvaluationHead, results: [EvaluationResult], missing: [String] = [], notes: [String] = []) {
        self.head = head
        self.results = results
        self.missing = missing
        self.notes = notes
    }

    /// Of what a session has found so far.
    public init(_ session: EvaluationSession, head: EvaluationHead) {
        let found = session.found
        let notes = session.lacking.compactMap { name, lack in
            if case .images(let why) = lack { "there is no \(name): \(why)" } else { nil }
        }
        self.init(head: head, results: found.results, missing: found.missing, notes: notes)
    }

    /// Whether everything that was asked for is there.
    public var isWhole: Bool { missing.isEmpty && !results.contains(where: \.isCut) }

    /// A title, and a line a figure.
    public var text: String {
        let rows = results.flatMap(\.rows).map { [$0.figure, $0.value, $0.beside] }
        var lines = ["\(head.run), step \(head.step), on \(head.split.rawValue) images of \(head.data), seed \(head.seed)"]
        lines += TextTable([["figure", "value", "beside it"]] + rows, leading: [0, 1, 2]).lines
        return lines.joined(separator: "\n")
    }

    /// What a reader should know of the figures.
    public var warnings: [String] {
        var warnings = results.flatMap(\.warnings) + notes
        if let warning = ImportanceProtocol.warning(of: json()) { warnings.append(warning) }
        if !missing.isEmpty { warnings.append("ended before its time; missing: \(missing.joined(separator: ", "))") }
        return warnings
    }
}
