/// A line of `metrics.jsonl` that cannot be read.
public struct MetricsError: Error, CustomStringConvertible, Sendable, Equatable {
    public let path: String
    public let line: Int
    public let problem: String

    public var description: String {
        "\(path), line \(line): \(problem); remove that line to go on with the rest."
    }
}

/// All of a `metrics.jsonl`, for figures and summaries. A torn last line is passed over.
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

    /// Reads a file. Throws `MetricsError` with the line, or `DiskError`. Kinds it does not know are passed over.
    public init(path: String) throws {
        var reader = LineReader(source: try ByteSource(path: path))
        while let line = try reader.next(), line.isComplete {
            func failure(_ problem: String) -> MetricsError { MetricsError(path: path, line: line.number, problem: problem) }
            let object: JSON
            do {
                object = try JSON(parsing: line.text)
            } catch {
                throw failure("\(error)".trimmingSuffix("."))
            }
            switch object["kind"]?.stringValue {
            case "step":
                guard let step = StepMetrics(object) else { throw failure("a step lacks one of its members") }
                steps.append(step)
            case "epoch":
                guard let epoch = EpochMetrics(object) else { throw failure("an epoch lacks one of its members") }
                epochs.append(epoch)
            case "event":
                guard let what = object["what"]?.stringValue else { throw failure("an event has no \"what\"") }
                events.append(Event(what: what, fields: object))
            case .some: continue
            case nil: throw failure("the object has no \"kind\"")
            }
        }
    }

    /// A phase's loss by step, as it was written; a phase that is not there has none.
    public func losses(_ phase: String) -> [(step: UInt64, loss: Double)] {
        steps.compactMap { step in
            step.losses.first { $0.phase == phase }.map { (step.step, $0.value) }
        }
    }
}
