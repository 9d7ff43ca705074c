/// How a process ended, by the operating system's word.
public struct ChildEnd: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        case exited(Int32)
        case killed(signal: Int32)
    }

    public var kind: Kind
    /// The end in words, for a person.
    public var words: String

    public init(_ kind: Kind, words: String) {
        self.kind = kind
        self.words = words
    }

    /// Whether the process exited with status 0.
    public var isClean: Bool { kind == .exited(0) }

    /// From a line that another process has written.
    public init?(line: some StringProtocol) {
        let parts = line.split(separator: " ", maxSplits: 2)
        guard parts.count == 3, let number = Int32(parts[1]) else { return nil }
        switch parts[0] {
        case "exited": kind = .exited(number)
        case "killed": kind = .killed(signal: number)
        default: return nil
        }
        words = String(parts[2])
    }

    /// The end as a line for another process.
    public var line: String {
        switch kind {
        case .exited(let status): "exited \(status) \(words)"
        case .killed(let signal): "killed \(signal) \(words)"
        }
    }
}
