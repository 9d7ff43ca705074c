/// Something a check has found: a fact, and the sentence that tells it and what to do.
public struct Finding: Sendable, Equatable, CustomStringConvertible {
    public enum Weight: String, Sendable {
        /// A run would not begin, or would stop.
        case problem
        /// Worth knowing.
        case note
    }

    public let weight: Weight
    /// The host it is about, as typed.
    public let host: String
    package let fact: HostFact

    package init(_ weight: Weight, host: String, _ fact: HostFact) {
        self.weight = weight
        self.host = host
        self.fact = fact
    }

    public var sentence: String { fact.words(host) }

    public var description: String { "\(weight == .problem ? "PROBLEM" : "note   ")  \(sentence)" }
}
