/// A setting that is wrong, with where it was written, its key, what is wrong and the nearest right one. A usage error (exit status 64).
public struct ConfigurationError: Error, CustomStringConvertible, Sendable, Equatable {
    /// "my.yaml, line 7", "--set model.code=0", "LOCKSTEP_SEED", "--epochs".
    public let origin: String
    /// Dotted, `phases.reconstruction.rate`; empty where the text as a whole is to blame.
    public let key: String
    /// Follows "KEY: " or "KEY ".
    public let problem: String
    /// A right key or value.
    public let suggestion: String?

    init(origin: String, key: String, problem: String, suggestion: String? = nil) {
        self.origin = origin
        self.key = key
        self.problem = problem
        self.suggestion = suggestion
    }

    public var description: String {
        let subject = key.isEmpty ? "" : "\(key): "
        let way = suggestion.map { "; did you mean \($0)?" } ?? "."
        return "\(origin): \(subject)\(problem)\(way)"
    }
}
