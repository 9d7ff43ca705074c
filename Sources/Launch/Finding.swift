/// Something a check has found: one sentence, and the way on.
public struct Finding: Sendable, Equatable, CustomStringConvertible {
    public enum Weight: String, Sendable {
        /// A run would not begin, or would stop.
        case problem
        /// Worth knowing.
        case note
    }

    public var weight: Weight
    /// The host it is about, as typed.
    public var host: String
    public var sentence: String

    public init(_ weight: Weight, host: String, _ sentence: String) {
        self.weight = weight
        self.host = host
        self.sentence = sentence
    }

    public var description: String { "\(weight == .problem ? "PROBLEM" : "note   ")  \(sentence)" }
}
