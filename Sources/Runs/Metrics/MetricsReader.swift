import Autoencoder
import Files

/// A line of `metrics.jsonl` that cannot be read.
public struct MetricsError: Error, CustomStringConvertible, Sendable, Equatable {
    public let path: String
    public let line: Int
    public let problem: String

    public var description: String {
        "\(path), line \(line): \(problem); the line is passed over."
    }
}

/// All of a `metrics.jsonl`, for figures and summaries. A torn last line is passed over, and so is any that cannot be read: a power cut may
/// leave zeros in the place of lines, and the others are as good as before.
public struct MetricsReader: Sendable {
    /// One `"kind":"event"` line.
    public struct Event: Sendable, Equatable {
        public let what: String
        /// The whole object.
        public let fields: JSON
    }

    public private(set) var steps: [StepMetrics] = []
    public private(set) var epochs: [EpochMetrics] = []
    public private(set) var events: [Event] = []
    /// Lines that are not what they should be.
    public private(set) var passedOver: [MetricsError] = []

    /// Reads a file. Throws `DiskError`. Lines of unknown kinds are ignored.
    public init(path: String) throws {
        var reader = LineReader(source: try ByteSource(path: path))
        while let line = try reader.next(), line.isComplete {
            if let problem = read(line.text) { passedOver.append(MetricsError(path: path, line: line.number, problem: problem)) }
        }
    }

    /// The newest epoch of a file, looked for from its end, since the whole of it may be long; nil where none stands near the end.
    public static func lastEpoch(path: String) -> EpochMetrics? { lastEpochLine(path: path).flatMap { EpochMetrics($0) } }

    /// The whole object of its line, with figures that this version does not know.
    static func lastEpochLine(path: String) -> JSON? { tail(path: path).first { $0["kind"]?.stringValue == "epoch" } }

    /// The newest of each kind of line, as far as they stand near the end of a file.
    struct Newest {
        var step: StepMetrics?
        var epoch: EpochMetrics?
        /// The event of the last start or resume, or of a failure since.
        var turn: Event?

        private static let turns: Set<String> = ["start", "resume", "failure"]

        init(path: String) {
            for line in MetricsReader.tail(path: path) where step == nil || epoch == nil || turn == nil {
                switch line["kind"]?.stringValue {
                case "step": step = step ?? StepMetrics(line)
                case "epoch": epoch = epoch ?? EpochMetrics(line)
                case "event":
                    guard turn == nil, let what = line["what"]?.stringValue, Self.turns.contains(what) else { continue }
                    turn = Event(what: what, fields: line)
                default: continue
                }
            }
        }
    }

    /// The newest steps of a file, the newest first; at most so many, and no more than stand near its end.
    static func lastSteps(_ count: Int, path: String) -> [StepMetrics] {
        Array(tail(path: path).compactMap { StepMetrics($0) }.prefix(count))
    }

    /// The objects of the last lines of a file, the newest first; lines that are none are passed over.
    private static func tail(path: String) -> some Sequence<JSON> {
        let bytes =
            (try? ByteSource(path: path)).flatMap { source in
                try? source.read(max(0, source.count - tailBytes)..<source.count)
            } ?? []
        return bytes.split(separator: UInt8(ascii: "\n")).reversed().lazy.compactMap { line in
            try? JSON(parsing: String(decoding: line, as: UTF8.self))
        }
    }

    /// What the file had when a run had done so many steps: those steps, and the epochs that ended with one of them.
    package func upTo(_ step: UInt64) -> MetricsReader {
        guard let last = steps.last, last.step > step else { return self }
        var part = self
        part.steps.removeAll { $0.step > step }
        let unfinished = Set(steps.filter { $0.step > step }.map(\.epoch))
        part.epochs.removeAll { unfinished.contains($0.epoch) }
        return part
    }

    /// Whether any epoch stands in a file; read from its beginning, and no further than its first epoch.
    static func hasEpoch(path: String) -> Bool {
        var found = false
        forEachEpoch(path: path) { _ in
            found = true
            return false
        }
        return found
    }

    /// The numbers of all epochs of a file; none where it cannot be read.
    static func epochs(path: String) -> Set<Int> {
        var epochs: Set<Int> = []
        forEachEpoch(path: path) { line in
            if let epoch = line["epoch"]?.intValue { epochs.insert(epoch) }
            return true
        }
        return epochs
    }

    /// Calls `take` with each line of an epoch, as long as it returns true.
    private static func forEachEpoch(path: String, _ take: (JSON) -> Bool) {
        guard let source = try? ByteSource(path: path) else { return }
        var reader = LineReader(source: source)
        while let line = try? reader.next(), line.isComplete {
            // Most lines are steps, and are not worth a parser.
            guard line.text.contains("\"epoch\""), line.text.contains("\"validation\""),
                let object = try? JSON(parsing: line.text), object["kind"]?.stringValue == "epoch"
            else { continue }
            guard take(object) else { return }
        }
    }

    /// Bytes searched at a file's end: only a few events follow a run's last epoch line.
    private static let tailBytes = 1 << 18

    /// What is wrong with a line, or `nil`.
    private mutating func read(_ line: String) -> String? {
        let object: JSON
        do {
            object = try JSON(parsing: line)
        } catch {
            return "\(error)".trimmingSuffix(".")
        }
        switch object["kind"]?.stringValue {
        case "step":
            guard let step = StepMetrics(object) else { return "a step lacks one of its members, or has one that cannot be" }
            steps.append(step)
        case "epoch":
            guard let epoch = EpochMetrics(object) else { return "an epoch lacks one of its members, or has one that cannot be" }
            epochs.append(epoch)
        case "event":
            guard let what = object["what"]?.stringValue else { return "an event has no \"what\"" }
            events.append(Event(what: what, fields: object))
        case .some: break
        case nil: return "the object has no \"kind\""
        }
        return nil
    }

    /// A phase's loss by step, as it was written; a phase that is not there has none.
    public func losses(_ phase: String) -> [(step: UInt64, loss: Double)] {
        steps.compactMap { step in
            step.losses.first { $0.name == phase }.map { (step.step, $0.value) }
        }
    }
}
