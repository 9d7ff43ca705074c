/// Every protocol, in the order of the table. The long ones come last, so that an evaluation that is ended early has the others.
public enum EvaluationProtocols {
    public static let all: [any EvaluationProtocol] = [
        ReconstructionProtocol(), SamplesProtocol(), CodesProtocol(), NearestComponentProtocol(), ClassificationProtocol(),
        ClusteringProtocol(), ReductionProtocol(), ProbeProtocol(), NeighbourProtocol(), LowerBoundProtocol(), StyleProtocol(),
        ManifoldProtocol(), MemorisationProtocol(), ConditionalSamplesProtocol(), ParzenProtocol(), CalibrationProtocol(),
        ImportanceProtocol(), QuadratureProtocol(), ImportanceWeightedProtocol(),
    ]

    public static var names: [String] { all.map(\.name) }

    /// Those that `--only` names, in the order of the table; all where it names none.
    ///
    /// - Throws: `UnknownProtocol`.
    public static func named(_ names: [String]?) throws -> [any EvaluationProtocol] {
        guard let names else { return all }
        for name in names where !self.names.contains(name) { throw UnknownProtocol(name: name) }
        return all.filter { names.contains($0.name) }
    }
}

/// A name that no protocol has.
public struct UnknownProtocol: Error, CustomStringConvertible, Sendable, Equatable {
    public let name: String

    public var description: String {
        let names = EvaluationProtocols.names
        guard let near = NearestName.of(name, among: names) else {
            return "no figure of an evaluation is called \"\(name)\"; there are \(names.joined(separator: ", "))"
        }
        return "no figure of an evaluation is called \"\(name)\"; did you mean \(near)?"
    }
}
