import Foundation

/// The held-out figures of a run's newest epoch by name, whatever names the line in `metrics.jsonl` has: a variant adds its own.
public struct LastFigures: Sendable, Equatable {
    /// One number of the `validation` object.
    public struct Figure: Sendable, Equatable {
        /// Keys on the way to it: `["code", "std"]`.
        public var path: [String]
        /// NaN where it was not finite.
        public var value: Double

        /// "code.std".
        public var name: String { path.joined(separator: ".") }
    }

    /// From 1.
    public let epoch: Int
    /// In their order in the line.
    public let figures: [Figure]

    /// Reads a `metrics.jsonl` from its end; nil where no epoch stands near it, as in a run that takes no figures.
    public init?(metricsPath path: String) {
        guard let line = MetricsReader.lastEpochLine(path: path), let epoch = line["epoch"]?.intValue,
            let validation = line["validation"]
        else { return nil }
        self.epoch = epoch
        figures = Self.figures(of: validation)
    }

    /// Those of an epoch that was read already.
    public init(_ epoch: EpochMetrics) {
        self.epoch = epoch.epoch
        figures = Self.figures(of: .object(epoch.validation))
    }

    /// The value of a figure that is there.
    public subscript(name: String) -> Double? { figures.first { $0.name == name }?.value }

    /// Five significant digits, for tables; the JSON has all of them.
    static func short(_ value: Double) -> String { value.isNaN ? "nan" : String(format: "%.5g", value) }

    /// Every number of an object, by the keys on the way to it.
    static func figures(of value: JSON, at path: [String] = []) -> [Figure] {
        if let members = value.members { return members.flatMap { figures(of: $0.value, at: path + [$0.key]) } }
        // Texts and lists are no figures.
        return value.realOrNaN.map { [Figure(path: path, value: $0)] } ?? []
    }
}

extension [LastFigures.Figure] {
    /// The object that they were read from.
    var json: JSON {
        var members: [JSON.Member] = []
        for figure in self where !members.contains(where: { $0.key == figure.path[0] }) {
            let inner = filter { $0.path[0] == figure.path[0] && $0.path.count > 1 }.map {
                LastFigures.Figure(path: [String]($0.path.dropFirst()), value: $0.value)
            }
            members.append(.init(figure.path[0], inner.isEmpty ? .real(figure.value) : inner.json))
        }
        return .object(members)
    }
}
