/// The element types that tensors have in memory, in a state and in its file.
public enum ElementType: String, Sendable, Hashable, CaseIterable {
    case f64, f32, i64, i32, u8

    /// Bytes of one element.
    public var size: Int {
        switch self {
        case .f64, .i64: 8
        case .f32, .i32: 4
        case .u8: 1
        }
    }
}

/// A type that tensors may have elements of.
public protocol TensorElement: BitwiseCopyable, Sendable {
    /// A view of such elements as the values of a tensor.
    static func values(_ slice: Slice<Self>) -> TensorValues
}

extension TensorElement {
    public static var elementType: ElementType { values(Storage(count: 0).all).type }
}

extension Double: TensorElement {
    public static func values(_ slice: Slice<Double>) -> TensorValues { .f64(slice) }
}

extension Float: TensorElement {
    public static func values(_ slice: Slice<Float>) -> TensorValues { .f32(slice) }
}

extension Int64: TensorElement {
    public static func values(_ slice: Slice<Int64>) -> TensorValues { .i64(slice) }
}

extension Int32: TensorElement {
    public static func values(_ slice: Slice<Int32>) -> TensorValues { .i32(slice) }
}

extension UInt8: TensorElement {
    public static func values(_ slice: Slice<UInt8>) -> TensorValues { .u8(slice) }
}

/// The elements of a tensor, row-major, in the memory of their owner: nothing is copied.
public enum TensorValues: Sendable {
    case f64(Slice<Double>)
    case f32(Slice<Float>)
    case i64(Slice<Int64>)
    case i32(Slice<Int32>)
    case u8(Slice<UInt8>)

    /// A copy of the elements in memory of its own.
    public init<Element: TensorElement>(_ elements: [Element]) { self = Element.values(Slice(elements)) }

    /// `count` zeros in memory of their own.
    public init(_ type: ElementType, count: Int) {
        self =
            switch type {
            case .f64: .f64(Storage(count: count).all)
            case .f32: .f32(Storage(count: count).all)
            case .i64: .i64(Storage(count: count).all)
            case .i32: .i32(Storage(count: count).all)
            case .u8: .u8(Storage(count: count).all)
            }
    }

    public var type: ElementType {
        switch self {
        case .f64: .f64
        case .f32: .f32
        case .i64: .i64
        case .i32: .i32
        case .u8: .u8
        }
    }

    private var memory: any ElementMemory {
        switch self {
        case .f64(let values): values
        case .f32(let values): values
        case .i64(let values): values
        case .i32(let values): values
        case .u8(let values): values
        }
    }

    /// Number of elements.
    public var count: Int { memory.count }

    public var byteCount: Int { count * type.size }

    /// Little-endian bytes, as in a checkpoint and in a digest.
    public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try memory.withUnsafeBytes(body)
    }

    /// The same bytes, to be overwritten.
    public func withMutableBytes<Result>(_ body: (UnsafeMutableRawBufferPointer) throws -> Result) rethrows -> Result {
        try memory.withUnsafeMutableBytes(body)
    }

    /// Overwrites these values with others of the same type and count.
    public func copy(from other: TensorValues) {
        precondition(type == other.type && count == other.count, "tensors of different types or sizes")
        withMutableBytes { mine in other.withBytes { mine.copyMemory(from: $0) } }
    }

    /// A copy in memory of its own.
    public func copied() -> TensorValues {
        let copy = TensorValues(type, count: count)
        copy.copy(from: self)
        return copy
    }
}

/// Equal values have the same type and the same bits.
extension TensorValues: Equatable {
    public static func == (one: TensorValues, other: TensorValues) -> Bool {
        one.type == other.type && one.withBytes { mine in other.withBytes { mine.elementsEqual($0) } }
    }
}

/// A slice of any element type.
private protocol ElementMemory {
    var count: Int { get }
    func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R
    func withUnsafeMutableBytes<R, E: Error>(_ body: (UnsafeMutableRawBufferPointer) throws(E) -> R) throws(E) -> R
}

extension Slice: ElementMemory {}

/// A tensor under its name, `encoder.0.weight`. Saving, sending, resuming, replaying and digesting all work on a list of tensors.
public struct Tensor: Sendable, Equatable {
    public let name: String
    /// Dimensions, outermost first; empty for a single number.
    public let shape: [Int]
    public let values: TensorValues

    public init(name: String, shape: [Int], values: TensorValues) {
        precondition(shape.allSatisfy { $0 >= 0 }, "a dimension of \(name) is negative")
        precondition(shape.reduce(1, *) == values.count, "\(name): \(values.count) values for shape \(shape)")
        self.name = name
        self.shape = shape
        self.values = values
    }
}
