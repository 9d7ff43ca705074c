import Datasets

/// What an evaluation is of: two are comparable, and parts of one, where all of it is the same.
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

    var members: [JSON.Member] {
        [
            .init("recipe", .string(recipe)), .init("run", .string(run)), .init("data", .string(data)),
            .init("step", .unsigned(step)), .init("checkpoint", .string(checkpoint)),
            .init("split", .string(split.rawValue)), .init("seed", .unsigned(seed)),
        ]
    }

    /// Nil where something is missing or no such thing.
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
    /// Names of protocols that were to be asked and were not, since somebody ended it.
    public let missing: [String]
    /// What cannot be said, and why, where it is the images' and not the model's.
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

    // MARK: For scripts

    /// - Parameter older: what stands in the file: figures of the same head that were not taken anew stay.
    public func json(keeping older: JSON? = nil) -> JSON {
        var figures: [JSON.Member] = []
        if let older, EvaluationHead(older) == head {
            figures = (older.members ?? []).filter { !(EvaluationHead.keys + ["missing"]).contains($0.key) }
        }
        for result in results where !(result.isCut && Self.has(figures, result)) {
            figures = Self.joined(figures, result.members)
        }
        let missing = missing.filter { name in
            let keys = EvaluationProtocols.all.first { $0.name == name }?.keys ?? []
            return !keys.contains { Self.value($0, in: .object(figures)) != nil }
        }
        let end = missing.isEmpty ? [] : [JSON.Member("missing", .array(missing.map { .string($0) }))]
        return .object(head.members + figures + end)
    }

    /// Objects of one key become one; of other values the newer counts.
    private static func joined(_ older: [JSON.Member], _ newer: [JSON.Member]) -> [JSON.Member] {
        var joined = older
        for member in newer {
            guard let place = joined.firstIndex(where: { $0.key == member.key }) else {
                joined.append(member)
                continue
            }
            if let before = joined[place].value.members, let now = member.value.members {
                joined[place].value = .object(Self.joined(before, now))
            } else {
                joined[place].value = member.value
            }
        }
        return joined
    }

    /// Whether a figure of the result's stands there already.
    private static func has(_ figures: [JSON.Member], _ result: EvaluationResult) -> Bool {
        let keys = EvaluationProtocols.all.first { $0.name == result.name }?.keys ?? []
        return keys.contains { value($0, in: .object(figures)) != nil }
    }

    /// The value at a path.
    static func value(_ path: String, in json: JSON) -> JSON? {
        path.split(separator: ".").reduce(json as JSON?) { $0?[String($1)] }
    }

    // MARK: For a person

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
        if !missing.isEmpty { warnings.append("ended before its time; missing: \(missing.joined(separator: ", "))") }
        return warnings
    }
}
