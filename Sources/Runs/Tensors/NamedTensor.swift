import Kernels

/// Element types a state file may hold, by their names in safetensors.
public enum ElementType: String, Sendable, Hashable, CaseIterable {
    case f64 = "F64"
    case f32 = "F32"
    case i64 = "I64"
    case i32 = "I32"
    case u8 = "U8"

    /// Bytes of one element.
    public var size: Int {
        switch self {
        case .f64, .i64: 8
        case .f32, .i32: 4
        case .u8: 1
        }
    }
}

/// The elements of a tensor, row-major; a view, nothing is copied.
public enum TensorValues: Sendable {
    case f64(Slice<Double>)
    case f32(Slice<Float>)
    case i64(Slice<Int64>)
    case i32(Slice<Int32>)
    case u8(Slice<UInt8>)

    public init(_ values: [Double]) { self = .f64(Self.stored(values)) }
    public init(_ values: [Float]) { self = .f32(Self.stored(values)) }
    public init(_ values: [Int64]) { self = .i64(Self.stored(values)) }
    public init(_ values: [Int32]) { self = .i32(Self.stored(values)) }
    public init(_ values: [UInt8]) { self = .u8(Self.stored(values)) }

    private static func stored<Element: BitwiseCopyable>(_ values: [Element]) -> Slice<Element> {
        let slice = Storage<Element>(count: values.count).all
        slice.copy(from: values)
        return slice
    }

    /// Element type.
    public var type: ElementType {
        switch self {
        case .f64: .f64
        case .f32: .f32
        case .i64: .i64
        case .i32: .i32
        case .u8: .u8
        }
    }

    /// Number of elements.
    public var count: Int {
        switch self {
        case .f64(let values): values.count
        case .f32(let values): values.count
        case .i64(let values): values.count
        case .i32(let values): values.count
        case .u8(let values): values.count
        }
    }

    /// Appends bytes `range` of the little-endian image of the elements.
    func append(bytes range: Range<Int>, to output: inout [UInt8]) {
        func take(_ bytes: UnsafeRawBufferPointer) {
            output.append(contentsOf: bytes[range])
        }
        switch self {
        case .f64(let values): values.withUnsafeBytes(take)
        case .f32(let values): values.withUnsafeBytes(take)
        case .i64(let values): values.withUnsafeBytes(take)
        case .i32(let values): values.withUnsafeBytes(take)
        case .u8(let values): values.withUnsafeBytes(take)
        }
    }
}

/// A tensor under the name it has in a file: `encoder.0.weight`, shape (out, in).
public struct NamedTensor: Sendable {
    public let name: String
    /// Dimensions, outermost first; empty for a single number.
    public let shape: [Int]
    public let values: TensorValues

    public init(name: String, shape: [Int], values: TensorValues) {
        precondition(shape.allSatisfy { $0 >= 0 }, "a dimension of \(name) is negative")
        precondition(shape.reduce(1, *) == values.count, "the shape of \(name) does not hold its \(values.count) elements")
        self.name = name
        self.shape = shape
        self.values = values
    }

    var byteCount: Int { values.count * values.type.size }
}
