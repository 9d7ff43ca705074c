import Kernels

/// How the tensors of a state are named (README, "A checkpoint in PyTorch").
public enum StateNames {
    /// The kind of a tensor that is not a parameter; the tensor's name begins with it.
    private enum Kind: String, CaseIterable {
        case optimizer, average, exact, normalisation

        func name(_ rest: String) -> String { "\(rawValue).\(rest)" }
    }

    /// Whether a tensor is a parameter of a network, not an optimizer's, averaged, of the exact sum or a norm's.
    public static func isParameter(_ name: String) -> Bool { !Kind.allCases.contains { name.hasPrefix($0.name("")) } }

    /// Order of the names' UTF-8 bytes.
    public static func precedes(_ a: String, _ b: String) -> Bool {
        a.utf8.lexicographicallyPrecedes(b.utf8)
    }

    static func optimizer(phase: String, state: String, tensor: String) -> String {
        Kind.optimizer.name("\(phase).\(state).\(tensor)")
    }
    static func betaPowers(phase: String) -> String { Kind.optimizer.name("\(phase).beta_powers") }
    static func exponents(phase: String) -> String { Kind.exact.name("\(phase).exponents") }
    static func average(_ tensor: String) -> String { Kind.average.name(tensor) }
    /// The moments that a norm is evaluated by; `layer` is `encoder.0`.
    static func mean(_ layer: String) -> String { Kind.normalisation.name("\(layer).mean") }
    static func variance(_ layer: String) -> String { Kind.normalisation.name("\(layer).variance") }
}

/// A copy of the whole state at one moment.
public struct Snapshot: Sendable {
    /// In order of their names' UTF-8 bytes.
    public let tensors: [Tensor]
    /// Phases applied since the start of the run.
    public let applied: UInt64
    public let chain: UInt64
    /// Whole steps done.
    public let step: UInt64
    /// Epoch of the last step done, counted from 1; 0 before the first.
    public let epoch: Int
}

/// A state that does not fit: which tensor, what was expected.
public struct StateError: Error, CustomStringConvertible, Sendable, Equatable {
    public let tensor: String
    public let problem: String

    public var description: String { "state tensor \(tensor) \(problem)" }
}
