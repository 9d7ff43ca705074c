import Kernels

/// The values of a tensor of the state, in the memory of their owner.
public enum StateValues: Sendable {
    case f32(Slice<Float>)
    case f64(Slice<Double>)
    case i32(Slice<Int32>)

    public var count: Int {
        switch self {
        case .f32(let values): values.count
        case .f64(let values): values.count
        case .i32(let values): values.count
        }
    }

    public var byteCount: Int {
        switch self {
        case .f32, .i32: count * 4
        case .f64: count * 8
        }
    }

    /// Little-endian bytes, as in a checkpoint and in a digest.
    public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        switch self {
        case .f32(let values): try values.withUnsafeBytes(body)
        case .f64(let values): try values.withUnsafeBytes(body)
        case .i32(let values): try values.withUnsafeBytes(body)
        }
    }

    /// Overwrites these values with others of the same type and count.
    public func copy(from other: StateValues) {
        switch (self, other) {
        case (.f32(let mine), .f32(let theirs)): mine.copy(from: theirs)
        case (.f64(let mine), .f64(let theirs)): mine.copy(from: theirs)
        case (.i32(let mine), .i32(let theirs)): mine.copy(from: theirs)
        default: preconditionFailure("tensors of different types")
        }
    }

    /// A copy in memory of its own.
    public func copied() -> StateValues {
        switch self {
        case .f32(let values): .f32(Self.copied(values))
        case .f64(let values): .f64(Self.copied(values))
        case .i32(let values): .i32(Self.copied(values))
        }
    }

    private static func copied<Element: BitwiseCopyable>(_ values: Slice<Element>) -> Slice<Element> {
        let storage = Storage<Element>(count: values.count)
        storage.all.copy(from: values)
        return storage.all
    }

    /// The name of the element type, `f32`.
    public var type: String {
        switch self {
        case .f32: "f32"
        case .f64: "f64"
        case .i32: "i32"
        }
    }
}

/// One named tensor of a replica's state. A list of them is all there is to save, send, resume or digest.
public struct StateTensor: Sendable {
    public let name: String
    public let shape: [Int]
    public let values: StateValues

    public init(name: String, shape: [Int], values: StateValues) {
        precondition(shape.reduce(1, *) == values.count, "\(name): \(values.count) values for shape \(shape)")
        self.name = name
        self.shape = shape
        self.values = values
    }
}

/// How the tensors of a state are named (contract.md, "Tensors and digests").
public enum StateNames {
    /// Whether a tensor is a parameter of a network, not an optimizer's, averaged or of the exact sum.
    public static func isParameter(_ name: String) -> Bool {
        !["optimizer.", "average.", "exact."].contains { name.hasPrefix($0) }
    }

    /// Order of the names' UTF-8 bytes.
    public static func precedes(_ a: String, _ b: String) -> Bool {
        a.utf8.lexicographicallyPrecedes(b.utf8)
    }

    static func optimizer(phase: String, state: String, tensor: String) -> String { "optimizer.\(phase).\(state).\(tensor)" }
    static func betaPowers(phase: String) -> String { "optimizer.\(phase).beta_powers" }
    static func exponents(phase: String) -> String { "exact.\(phase).exponents" }
    static func average(_ tensor: String) -> String { "average.\(tensor)" }
}

/// A copy of the whole state at one moment.
public struct Snapshot: Sendable {
    /// In order of their names' UTF-8 bytes.
    public let tensors: [StateTensor]
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
